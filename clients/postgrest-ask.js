// Runs every call of postgrest-calls.js on two servers that hold the same shop, and fails where their answers differ.
//
//	node postgrest-ask.js URL URL      each URL is a REST root, such as http://127.0.0.1:8080/rest/v1
//
// It prints one line of JSON a call: its name and the answer. The x-call header tells a server which call it answers.
import assert from 'node:assert'
import { PostgrestClient } from '@supabase/postgrest-js'
import { calls } from './postgrest-calls.js'

const [one, two] = process.argv.slice(2)

async function ask(url, name, call) {
  const client = new PostgrestClient(url, { headers: { 'x-call': name } })
  const { data, error, count, status, statusText } = await call(client)
  return { data, error: error && { ...error, name: undefined, stack: undefined }, count, status, statusText }
}

for (const [name, call] of Object.entries(calls)) {
  const answers = [await ask(one, name, call), await ask(two, name, call)]
  const [a, b] = answers.map((answer) => JSON.stringify(answer))
  if (a !== b) {
    console.error(`${name}: the engines differ\n  ${a}\n  ${b}`)
    process.exitCode = 1
  }
  assert.notStrictEqual(answers[0].status, 0, `${name}: no answer`)
  console.log(JSON.stringify({ name, ...answers[0] }))
}
