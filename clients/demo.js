// Starts the program's demo in a folder of its own, for tests that need a server with data.
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

// freePort resolves to a port that nobody listens on at the moment.
export async function freePort() {
  const server = createServer()
  await new Promise(done => server.listen(0, '127.0.0.1', done))
  const { port } = server.address()
  await new Promise(done => server.close(done))
  return port
}

// startDemo resolves to the demo's two addresses and its folder once it answers, and to a function that stops and removes it. The binary is named
// by PINTAIL, as `make clients` does.
export async function startDemo() {
  if (!process.env.PINTAIL) throw new Error('PINTAIL names no binary: run `make clients`')
  const dir = await mkdtemp(join(tmpdir(), 'pintail-demo-'))
  const url = `http://127.0.0.1:${await freePort()}`
  const admin = `http://127.0.0.1:${await freePort()}`
  const shop = join(dir, 'toast-shop')
  const program = spawn(process.env.PINTAIL, ['demo', '--dir', shop, '--listen', url.slice(7), '--admin', admin.slice(7)], {
    cwd: dir, stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  program.stderr.setEncoding('utf8').on('data', text => { said += text })
  const ended = new Promise(done => program.on('exit', done))
  const stop = async () => {
    program.kill('SIGTERM')
    await ended
    await rm(dir, { recursive: true })
  }
  for (const begin = Date.now(); Date.now() - begin < 120_000; await new Promise(done => setTimeout(done, 100))) {
    if (program.exitCode !== null) break
    // Not up yet is no failure. The API isn't asked, so that a test sees it before its first request.
    if (await fetch(`${admin}/readyz`).then(r => r.ok, () => false)) return { url, admin, shop, stop }
  }
  const code = program.exitCode
  await stop()
  throw new Error(`the demo ${code === null ? 'does not answer' : `ended with ${code}`}:\n${said}`)
}
