// What the other tests stand on: the clients load, and a page opens.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { PostgrestClient } from '@supabase/postgrest-js'
import { launch } from '../browser.js'
import { connect } from '../supabase.js'

// serve answers every request with one body and keeps the addresses asked for.
async function serve(t, type, body) {
  const asked = []
  const server = createServer((req, res) => {
    asked.push(req.url)
    res.writeHead(200, { 'Content-Type': type }).end(body)
  })
  await new Promise(done => server.listen(0, '127.0.0.1', done))
  t.after(() => server.close())
  return { url: `http://127.0.0.1:${server.address().port}`, asked }
}

test('postgrest-js and supabase-js ask for the same thing', async t => {
  const server = await serve(t, 'application/json', '[{"id":1}]')
  const clients = [new PostgrestClient(`${server.url}/rest/v1`), connect(server.url)]
  for (const client of clients) {
    const { data, error } = await client.from('toast').select('id').eq('id', 1)
    assert.equal(error, null)
    assert.deepEqual(data, [{ id: 1 }])
  }
  assert.deepEqual(server.asked, Array(2).fill('/rest/v1/toast?select=id&id=eq.1'))
})

test('Chromium opens a page', async t => {
  const server = await serve(t, 'text/html', '<!doctype html><title>toast</title>')
  const browser = await launch()
  t.after(() => browser.close())
  const page = await browser.newPage()
  await page.goto(server.url)
  assert.equal(await page.title(), 'toast')
})

test('the TypeScript compiler runs', () => {
  const tsc = fileURLToPath(new URL('../node_modules/.bin/tsc', import.meta.url))
  assert.match(execFileSync(tsc, ['--version'], { encoding: 'utf8' }), /^Version \d/)
})
