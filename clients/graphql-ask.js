// Runs every operation of graphql-calls.js on two servers that hold the same shop, through three clients as they come, and
// fails where answers differ: those that read through every client on both, those that write through one of them on both.
//
//	node graphql-ask.js URL URL      each URL is a GraphQL endpoint, such as http://127.0.0.1:8080/v1/graphql
//
// It prints one line of JSON an operation: its name and the answer. The x-call header tells a server which it answers.
import { ApolloClient, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from '@apollo/client/core/index.js'
import { cacheExchange, createClient, fetchExchange } from '@urql/core'
import { GraphQLClient } from 'graphql-request'
import { parse } from 'graphql'
import { reads, writes } from './graphql-calls.js'

const servers = process.argv.slice(2)

// Each client asks and gives { data, errors } as the server said them. Type names that a client adds by itself are left out of none:
// all of them are told to add nothing.
const clients = {
  async apollo(url, name, document, variables) {
    const client = new ApolloClient({
      link: new HttpLink({ uri: url, headers: { 'x-call': encodeURIComponent(name) } }),
      cache: new InMemoryCache(),
      devtools: { enabled: false },
    })
    const only = gql(document)
    const options = { variables, errorPolicy: 'all', fetchPolicy: 'no-cache' }
    const result = writing(only) ? await client.mutate({ mutation: only, ...options }) : await client.query({ query: only, ...options })
    return { data: result.data, errors: CombinedGraphQLErrors.is(result.error) ? result.error.errors : undefined }
  },
  async urql(url, name, document, variables) {
    const client = createClient({
      url, preferGetMethod: false, exchanges: [fetchExchange],
      fetchOptions: { headers: { 'x-call': encodeURIComponent(name) } },
    })
    const only = gql(document)
    const result = await (writing(only) ? client.mutation(only, variables) : client.query(only, variables)).toPromise()
    return { data: result.data, errors: result.error?.graphQLErrors.map(({ message, extensions }) => ({ message, extensions })) }
  },
  async request(url, name, document, variables) {
    const client = new GraphQLClient(url, { headers: { 'x-call': encodeURIComponent(name) }, errorPolicy: 'all' })
    const { data, errors } = await client.rawRequest(document, variables).catch((error) => error.response)
    return { data, errors }
  },
}

const writing = (document) => document.definitions.some((d) => d.operation === 'mutation')

// plain is an answer without what clients add: Apollo freezes data and gives null where there is none, urql adds type names.
function plain({ data, errors }, asked) {
  const strip = (v) => {
    if (Array.isArray(v)) return v.map(strip)
    if (v === null || typeof v !== 'object') return v
    return Object.fromEntries(Object.entries(v).filter(([k]) => asked || k !== '__typename').map(([k, x]) => [k, strip(x)]))
  }
  return { data: data == null ? null : strip(data), errors: errors?.map(({ message, extensions }) => ({ message, extensions })) }
}

async function ask(client, url, name, [document, variables]) {
  parse(document)
  return plain(await clients[client](url, name, document, variables ?? {}), document.includes('__typename'))
}

function differ(name, a, b, what) {
  if (JSON.stringify(a) === JSON.stringify(b)) return
  console.error(`${name}: ${what} differ\n  ${JSON.stringify(a)}\n  ${JSON.stringify(b)}`)
  process.exitCode = 1
}

const names = Object.keys(clients)
let turn = 0
for (const [name, given] of Object.entries({ ...reads, ...writes })) {
  const call = Array.isArray(given) ? given : [given]
  const first = names[turn++ % names.length]
  const one = await ask(first, servers[0], name, call)
  const two = await ask(first, servers[1], name, call)
  differ(name, one, two, 'the engines')
  if (name in reads) {
    for (const client of names.filter((c) => c !== first)) differ(name, one, await ask(client, servers[turn % 2], name, call), `${first} and ${client}`)
  }
  console.log(JSON.stringify({ name, ...one }))
}
