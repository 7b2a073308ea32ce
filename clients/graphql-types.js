// Holds a server's introspection and its printed schema against graphql-js: `query` prints the fullest query that its tools
// ask, `check` reads one {name, sdl, introspection} a line and says for each what is wrong with it, or how many types it has.
import { buildClientSchema, buildSchema, getIntrospectionQuery, lexicographicSortSchema, printSchema, validateSchema } from 'graphql'
import { createInterface } from 'node:readline'

if (process.argv[2] === 'query') {
  console.log(getIntrospectionQuery({ descriptions: true, specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true, inputValueDeprecation: true, oneOf: true }))
} else {
  for await (const line of createInterface({ input: process.stdin })) {
    const { name, sdl, introspection } = JSON.parse(line)
    const asked = buildClientSchema(introspection)
    const printed = buildSchema(sdl)
    const wrong = [...validateSchema(asked), ...validateSchema(printed)].map((e) => e.message)
    const [a, b] = [asked, printed].map((s) => printSchema(lexicographicSortSchema(s)).split('\n'))
    const at = a.findIndex((text, i) => text !== b[i])
    if (at >= 0 || a.length !== b.length) wrong.push(`introspection and SDL differ: ${a[at]} and ${b[at]}`)
    console.log(name, wrong.length ? wrong.join('; ') : `${Object.keys(asked.getTypeMap()).length} types`)
  }
}
