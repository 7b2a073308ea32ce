// Makes TypeScript types of a GraphQL API and of operations on it with graphql-codegen, and compiles uses of them that are
// right and wrong (graphql-check.ts).
//
//	node graphql-codegen.js URL DIR      URL is a GraphQL endpoint; the types are written into DIR
import { execFileSync } from 'node:child_process'
import { copyFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { codegen } from '@graphql-codegen/core'
import * as documentNode from '@graphql-codegen/typed-document-node'
import * as typescript from '@graphql-codegen/typescript'
import * as operations from '@graphql-codegen/typescript-operations'
import { GraphQLClient } from 'graphql-request'
import { buildClientSchema, getIntrospectionQuery, lexicographicSortSchema, parse, printSchema, validateSchema } from 'graphql'
import { reads, writes } from './graphql-calls.js'

const [url, dir] = process.argv.slice(2)
const here = (name) => fileURLToPath(new URL(name, import.meta.url))

// introspect asks what tools ask, with every option that graphql-js has.
async function introspect() {
  const options = { descriptions: true, specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true, inputValueDeprecation: true, oneOf: true }
  return await new GraphQLClient(url).request(getIntrospectionQuery(options))
}

// named gives each operation a name of its own, as codegen wants; those that are meant to be refused are left out.
function named() {
  const wrong = ['unknown field', 'unknown argument']
  return Object.entries({ ...reads, ...writes }).filter(([name]) => !wrong.includes(name)).map(([name, call]) => {
    const pascal = name.replace(/(^|[^a-zA-Z0-9]+)([a-zA-Z0-9])/g, (_, __, c) => c.toUpperCase()).replace(/[^a-zA-Z0-9]/g, '')
    const document = parse(Array.isArray(call) ? call[0] : call)
    let n = 0
    for (const d of document.definitions) {
      if (d.kind === 'OperationDefinition') d.name = { kind: 'Name', value: 'Op' + pascal + (n++ || '') }
      if (d.kind === 'FragmentDefinition') continue
    }
    return { location: `${name}.graphql`, document: rename(document, 'F' + pascal) }
  })
}

// rename gives fragments names that no other document has.
function rename(document, prefix) {
  return JSON.parse(JSON.stringify(document), (_, node) => {
    if (node?.kind === 'FragmentSpread' || node?.kind === 'FragmentDefinition') node.name.value = prefix + node.name.value
    return node
  })
}

const schema = lexicographicSortSchema(buildClientSchema(await introspect()))
const mistakes = validateSchema(schema)
if (mistakes.length) throw new Error(mistakes.join('\n'))

const code = await codegen({
  filename: 'shop.ts', schema: parse(printSchema(schema)), documents: named(), config: { scalars: { numeric: 'number | string', bigint: 'number | string' } },
  plugins: [{ typescript: {} }, { operations: {} }, { documentNode: {} }],
  pluginMap: { typescript, operations, documentNode },
})
writeFileSync(join(dir, 'shop.ts'), code)
copyFileSync(here('graphql-check.ts'), join(dir, 'check.ts'))
writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify({
  compilerOptions: {
    strict: true, noEmit: true, target: 'es2022', module: 'nodenext', moduleResolution: 'nodenext', skipLibCheck: true, types: [],
  },
  files: ['check.ts'],
}))
symlinkSync(here('node_modules'), join(dir, 'node_modules'))
writeFileSync(join(dir, 'package.json'), '{"type":"module"}')
try {
  execFileSync(here('node_modules/.bin/tsc'), ['-p', dir], { encoding: 'utf8' })
} catch (error) {
  throw new Error(error.stdout)
}
