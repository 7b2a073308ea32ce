// The console's page, in a browser: on a running demo, and on states that a calm demo doesn't get into.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { launch } from '../browser.js'
import { busy, story } from '../console-states.js'
import { startDemo } from '../demo.js'
import { accessible, fits } from '../page-checks.js'

describe('the console', () => {
  let demo, browser, calm
  before(async () => {
    demo = await startDemo()
    browser = await launch()
    calm = await fetch(`${demo.admin}/state`).then(r => r.json())
  })
  after(async () => {
    await browser?.close()
    await demo?.stop()
  })

  const closing = new Map() // how a server of the test's own is closed, once nobody looks any more

  // open shows a console. When the test ends, the page must have asked no other host and logged no error but those expected.
  async function open(t, url, { expected = /^$/, ...options } = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
    const page = await context.newPage()
    const wrong = []
    page.on('request', r => { if (!r.url().startsWith(`${url}/`)) wrong.push(`asked ${r.url()}`) })
    page.on('console', m => { if ((m.type() === 'error' || m.type() === 'warning') && !expected.test(m.text())) wrong.push(`${m.type()}: ${m.text()}`) })
    page.on('pageerror', e => wrong.push(`threw ${e}`))
    page.on('dialog', d => { wrong.push(`a dialog: ${d.message()}`); d.dismiss() })
    t.after(async () => {
      await context.close()
      await closing.get(url)?.()
      assert.deepEqual(wrong, [])
    })
    await page.goto(`${url}/`)
    return page
  }

  // play serves the demo's page with events of the test's own: states is what /events sends, one a tenth of a second, the last one again and again.
  async function play({ states = [], stories = [], status = 200, text = '' }) {
    const asked = []
    const open = new Set()
    const control = { status, text, silent: false, cut: () => { for (const r of open) r.destroy() } }
    const server = createServer(async (req, res) => {
      asked.push(`${req.method} ${req.url}`)
      if (req.url === '/events') {
        if (control.status !== 200) return res.writeHead(control.status, { 'Content-Type': 'text/plain' }).end(control.text)
        res.writeHead(200, { 'Content-Type': 'text/event-stream' })
        open.add(res)
        res.on('close', () => open.delete(res))
        const list = [...states]
        for (const s of stories) res.write(`event: story\ndata: ${JSON.stringify(s)}\n\n`)
        while (!res.destroyed) {
          if (!control.silent) res.write(`event: state\ndata: ${JSON.stringify({ ...list.length > 1 ? list.shift() : list[0], at: new Date().toISOString() })}\n\n`)
          await new Promise(done => setTimeout(done, 100))
        }
        return
      }
      if (req.method !== 'GET') return res.writeHead(202).end()
      const from = await fetch(demo.admin + req.url)
      const headers = Object.fromEntries(['content-type', 'content-security-policy', 'x-content-type-options'].map(n => [n, from.headers.get(n)]))
      res.writeHead(from.status, headers).end(Buffer.from(await from.arrayBuffer()))
    })
    await new Promise(done => server.listen(0, '127.0.0.1', done))
    const url = `http://127.0.0.1:${server.address().port}`
    closing.set(url, async () => {
      control.cut()
      server.closeAllConnections()
      await new Promise(done => server.close(done))
    })
    return { url, asked, control }
  }

  const box = (page, id) => page.locator(`[data-box=${id}]`)
  const number = async (page, id) => (await box(page, id).locator('.number').textContent()).trim()

  test('shows what a demo does, live', async t => {
    const page = await open(t, demo.admin)
    await page.locator('#link[data-state=live]').waitFor()
    await page.locator('h1', { hasText: 'nobody has asked yet' }).waitFor()
    assert.match(await page.textContent('#shapes'), /No query has run yet.*curl 'http:.*\/rest\/v1\/toast\?limit=3'/)
    assert.equal(await number(page, 'clients'), '0')
    let asking = true
    const load = (async () => {
      while (asking) {
        await fetch(`${demo.url}/rest/v1/toast?select=id,name&limit=3`).then(r => r.text())
        await fetch(`${demo.url}/rest/v1/tost`).then(r => r.text())
        await new Promise(done => setTimeout(done, 5))
      }
    })()
    try {
      await page.locator('[data-box=clients][data-level=well]').waitFor()
      await page.locator('#shapes .label', { hasText: 'read toast' }).waitFor()
      await page.locator('h1', { hasText: 'All well.' }).waitFor()
      await page.locator('[data-box=plan][data-level=warn] .bad', { hasText: '/s refused' }).waitFor()
      await page.locator('[data-flow=in][data-speed=brisk], [data-flow=in][data-speed=fast]').first().waitFor({ state: 'attached' })
      assert.ok(parseFloat(await number(page, 'cache')) > 50, 'one question asked again and again comes from memory')
      await page.waitForFunction(() => document.querySelector('[data-box=clients] .spark').getAttribute('points').split(' ').length > 2)
      await box(page, 'plan').click()
      assert.match(await page.textContent('#details'), /plan.*PGRST205.*no such table/s)
    } finally {
      asking = false
      await load
    }
    await page.locator('h1', { hasText: 'All quiet.' }).waitFor()
  })

  test('looks only while somebody sees it', async t => {
    const v = await play({ states: [calm] })
    const page = await open(t, v.url)
    await page.locator('#link[data-state=live]').waitFor()
    const streams = () => v.asked.filter(a => a === 'GET /events').length
    assert.equal(streams(), 1)
    await page.evaluate(() => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => true })
      document.dispatchEvent(new Event('visibilitychange'))
    })
    await page.waitForTimeout(1500)
    assert.equal(streams(), 1)
    await page.evaluate(() => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => false })
      document.dispatchEvent(new Event('visibilitychange'))
    })
    await page.waitForFunction(() => document.querySelector('#link').dataset.state === 'live')
    for (let i = 0; i < 50 && streams() < 2; i++) await page.waitForTimeout(50)
    assert.equal(streams(), 2)
  })

  test('says that the stream was lost, and takes it up again', async t => {
    const v = await play({ states: [busy(calm)] })
    const page = await open(t, v.url, { expected: /Failed to load resource|ERR_/ })
    await page.locator('#link[data-state=live]').waitFor()
    v.control.status = 503
    v.control.text = '16 are looking already'
    v.control.cut()
    await page.locator('#problem', { hasText: '16 are looking already' }).waitFor()
    assert.match(await page.textContent('#link-text'), /as of \d\d:\d\d:\d\d/)
    assert.equal(await number(page, 'clients'), '1.31k', 'the last figures stay')
    await accessible(page, 'stale')
    v.control.status = 200
    await page.locator('#link[data-state=live]').waitFor()
    assert.ok(await page.locator('#problem').isHidden())
    v.control.silent = true // open, and not a word
    await page.locator('#link[data-state=stale]').waitFor()
  })

  test('says that it may not look', async t => {
    const v = await play({ status: 403, text: 'the admin address answers <b>loopback</b> hosts' })
    const page = await open(t, v.url, { expected: /Failed to load resource|MIME/ })
    await page.locator('h1', { hasText: 'This page may not look.' }).waitFor()
    assert.match(await page.textContent('#problem'), /403.*answers <b>loopback<\/b> hosts/)
    await accessible(page, 'refused')
  })

  test('connects before it knows anything', async t => {
    const v = await play({ states: [calm] })
    v.control.silent = true
    const page = await open(t, v.url)
    await page.locator('#link[data-state=connecting]').waitFor()
    await page.locator('h1', { hasText: 'One moment' }).waitFor()
    await accessible(page, 'connecting')
  })

  test('shows what is refused, shed and repaired, and why', async t => {
    const v = await play({ states: [calm, busy(calm)] })
    const page = await open(t, v.url)
    await page.locator('h1', { hasText: '1 query waits for a lost index' }).waitFor()
    assert.match(await box(page, 'guard').textContent(), /1\s*query shed.*90\/s shed/s)
    assert.equal(await box(page, 'guard').getAttribute('data-level'), 'bad')
    assert.match(await box(page, 'gate').textContent(), /21\/s refused/)
    assert.match(await box(page, 'store').textContent(), /0\.2\/s failed/)
    assert.match(await page.textContent('#live'), /1 query waits/, 'what changed is read out')
    assert.match(await page.textContent('#shapes tr.shed'), /its index is gone/)
    assert.match(await page.textContent('#incidents'), /repairing.*repaired/s)
    assert.match(await page.textContent('#slow'), /1\.3 s.*SCAN order/s)
    assert.match(await page.textContent('#rehearsal'), /quadratic or worse.*410 s.*cured by order: @index\(columns: \["-total"\]\)linear·log.*9 flat, 1 linear·log/s)
    assert.doesNotMatch(await page.textContent('#rehearsal'), /toast where id eq/)
    await box(page, 'gate').click()
    assert.match(await page.textContent('#details'), /limit of a client100\/s burst 200.*10\.0\.0\.7 asked too much400 times/s)
    await box(page, 'guard').click()
    assert.match(await page.textContent('#details'), /building, 43 %, 12 s left/)
    assert.match(await page.textContent('#details-why'), /503 PT510.*Wait for the time in Retry-After/s)
    await page.click('summary:has(#table-title)')
    await page.locator('#table th', { hasText: 'SQLite' }).waitFor()
    // Names that would be markup are text.
    assert.equal(await page.locator('main img, main script').count(), 0)
    assert.match(await page.textContent('#shapes'), /<img src=x onerror=alert\(1\)>/)
  })

  test('differences of one kind stay as many as they are', async t => {
    const state = busy(calm)
    const [one] = state.guard.drift
    state.guard.drift = ['first', 'second', 'third'].map(details => ({ ...one, details }))
    const v = await play({ states: [state] })
    const page = await open(t, v.url)
    await box(page, 'guard').click()
    await page.locator('#details dt', { hasText: 'missing' }).nth(2).waitFor()
    await page.waitForTimeout(500) // some states later
    const told = await page.locator('#details dl > div', { has: page.locator('dt', { hasText: 'missing' }) }).locator('dd').allTextContents()
    assert.deepEqual(told, ['first', 'second', 'third'])
  })

  test('PostgreSQL has no cache, and says so', async t => {
    const state = { ...busy(calm), cache: null, guard: null }
    state.server = { ...state.server, engine: 'postgres', database: 'postgres://me@localhost/shop' }
    const v = await play({ states: [state] })
    const page = await open(t, v.url)
    await page.locator('[data-box=cache][data-level=off]').waitFor()
    assert.match(await box(page, 'store').textContent(), /PostgreSQL/)
    assert.match(await box(page, 'others').textContent(), /psql/)
    assert.match(await page.textContent('#incidents'), /without the guard/)
  })

  test('tells a story as it is told', async t => {
    const v = await play({ states: [{ ...calm, stories: ['outage', 'slow', 'stale', 'flood'] }], stories: story() })
    const page = await open(t, v.url)
    await page.locator('#story-cards > li').nth(3).waitFor()
    assert.equal(await page.locator('#story-cards > li').count(), 4)
    await page.locator('#story-verdict strong', { hasText: 'Survived' }).waitFor()
    assert.equal(await page.locator('#story-steps > li').count(), 5)
    assert.match(await page.textContent('#story-steps'), /drops the index order_customer_id_idx\. <img src=x/)
    assert.equal(await page.locator('#story-charts .line').count(), 3)
    assert.match(await page.textContent('#story-figures'), /requests turned away.*1,204.*at least 1,000.*✓/s)
    await page.getByRole('button', { name: 'Let it happen: One script too many' }).click()
    await page.getByRole('button', { name: /without protection: One script/ }).click()
    for (let i = 0; i < 50 && !v.asked.includes('POST /story/flood?unprotected'); i++) await page.waitForTimeout(20)
    assert.ok(v.asked.includes('POST /story/flood') && v.asked.includes('POST /story/flood?unprotected'), v.asked.join())
    await accessible(page, 'with a story')
  })

  test('a story of the demo begins and is stopped by its buttons', async t => {
    const page = await open(t, demo.admin)
    const first = page.locator('#story-cards button').first()
    await first.click()
    await page.locator('#story-stop:not([hidden])').waitFor()
    assert.ok(await first.isDisabled(), 'one at a time')
    await page.click('#story-stop')
    await page.locator('#story-verdict', { hasText: 'it was stopped' }).waitFor()
    await page.waitForFunction(() => !document.querySelector('#story-cards button').disabled)
  })

  test('works by keyboard alone', async t => {
    const v = await play({ states: [busy(calm)] })
    const page = await open(t, v.url)
    await page.locator('[data-box=guard][data-level=bad]').waitFor()
    await page.keyboard.press('Tab')
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the picture')
    await page.keyboard.press('Enter')
    const seen = []
    for (let i = 0; i < 9; i++) {
      await page.keyboard.press('Tab')
      const [id, ring, title] = await page.evaluate(() => {
        const g = document.activeElement.parentElement
        return [g.dataset.box, getComputedStyle(g.querySelector('.ring')).strokeWidth, document.querySelector('#details-title').textContent]
      })
      assert.ok(parseFloat(ring) >= 3, `the focus can't be seen on ${id}`)
      seen.push(id)
      assert.equal(title, await page.evaluate(() => document.activeElement.parentElement.querySelector('.title').textContent), 'the details follow the focus')
      assert.match(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), /: (all well|in trouble|refuses something|nothing to do|switched off)$/)
    }
    assert.deepEqual(seen, ['clients', 'gate', 'auth', 'api', 'plan', 'cache', 'guard', 'store', 'others'])
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('Enter')
    assert.equal(await box(page, 'store').locator('.button').getAttribute('aria-pressed'), 'true')
  })

  test('stands still where motion is unwelcome', async t => {
    const v = await play({ states: [busy(calm)] })
    const page = await open(t, v.url, { reducedMotion: 'reduce' })
    await page.locator('[data-flow=in][data-speed=fast]').waitFor({ state: 'attached' })
    assert.equal(await page.evaluate(() => document.getAnimations().length), 0)
  })

  for (const [width, height] of [[320, 640], [360, 780], [820, 1180], [1440, 900]]) {
    for (const colorScheme of ['light', 'dark']) {
      test(`fits ${width} pixels, ${colorScheme}, and axe finds nothing`, async t => {
        const states = [{ ...busy(calm), stories: ['outage', 'stale'] }]
        const v = await play({ states, stories: story() })
        const page = await open(t, v.url, { viewport: { width, height }, colorScheme })
        await page.locator('[data-box=guard][data-level=bad]').waitFor()
        await page.locator('#story-verdict strong').waitFor()
        await box(page, 'guard').locator('.button').focus()
        await page.locator('#details-title', { hasText: 'Guard' }).waitFor()
        await page.locator('#slow summary').first().click()
        await page.click('summary:has(#table-title)')
        await fits(page)
        await accessible(page, `${width} ${colorScheme}`)
        // Texts of the drawing stay within their boxes.
        const out = await page.evaluate(() => [...document.querySelectorAll('.box')].flatMap(g => {
          const b = g.querySelector('.body').getBoundingClientRect()
          const texts = [...g.querySelectorAll('text')].filter(x => x.textContent).map(x => [x.textContent, x.getBoundingClientRect()])
          return [
            ...texts.filter(([, r]) => r.right > b.right || r.left < b.left || r.bottom > b.bottom + 1).map(([x]) => `${g.dataset.box}: “${x}” leaves the box`),
            ...texts.flatMap(([x, r], i) => texts.slice(i + 1).filter(([, o]) => r.left < o.right - 1 && o.left < r.right - 1 && r.top < o.bottom - 4 && o.top < r.bottom - 4).map(([y]) => `${g.dataset.box}: “${x}” lies on “${y}”`)),
          ]
        }))
        assert.deepEqual(out, [])
      })
    }
  }
})
