// The demo's page, in a browser, by mouse and by keyboard.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { launch } from '../browser.js'
import { startDemo } from '../demo.js'

describe('the toast shop', () => {
  let url, demo, browser
  before(async () => {
    demo = await startDemo()
    url = demo.url
    browser = await launch()
  })
  after(async () => {
    await browser?.close()
    await demo?.stop()
  })

  // open shows the shop in a window of its own. When the test ends, it must have asked no other host and logged no error.
  async function open(t, options = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
    const page = await context.newPage()
    const wrong = []
    page.on('request', r => { if (!r.url().startsWith(`${url}/`) && !r.url().startsWith('data:')) wrong.push(`asked ${r.url()}`) })
    page.on('console', m => { if (m.type() === 'error' || m.type() === 'warning') wrong.push(`${m.type()}: ${m.text()}`) })
    page.on('pageerror', e => wrong.push(`threw ${e}`))
    t.after(async () => {
      await context.close()
      assert.deepEqual(wrong, [])
    })
    await page.goto(`${url}/`)
    await page.locator('#toasts > li').first().waitFor()
    return page
  }

  const names = page => page.locator('#toasts h3').allTextContents()

  // searched types into the search field and resolves to the toasts that it leaves.
  async function searched(page, text) {
    const answer = page.waitForResponse(r => r.url().includes('/rest/v1/toast'))
    await page.fill('#search', text)
    await answer
    await page.waitForFunction(n => document.querySelector('#menu-note').textContent.startsWith(n === 0 ? 'No toast' : `${n} `),
      await answer.then(r => r.json()).then(rows => rows.length))
    return names(page)
  }

  test('shows the menu and how much was sold', async t => {
    const page = await open(t)
    const toasts = await fetch(`${url}/rest/v1/toast?select=name&available=is.true&order=rating.desc.nullslast,id`).then(r => r.json())
    assert.ok(toasts.length > 10, 'a menu has more than ten toasts')
    assert.deepEqual(await names(page), toasts.map(t => t.name))
    assert.match(await page.locator('#toasts > li').first().locator('.price').textContent(), /^\d+\.\d\d €$/)
    await page.waitForFunction(() => document.querySelector('#sold').textContent !== 'Many')
    assert.match(await page.textContent('#sold'), /^\d\d,\d\d\d$/)
    assert.equal(await page.locator('#orders > li').count(), 7)
  })

  test('searches names, descriptions and ingredients', async t => {
    const page = await open(t)
    const basil = await searched(page, 'BASIL')
    assert.ok(basil.length > 0 && basil.length < 10, `basil finds ${basil}`)
    for (const name of basil) {
      const card = page.locator('#toasts > li', { hasText: name })
      assert.match((await card.textContent()).toLowerCase(), /basil/)
    }
    assert.deepEqual(await searched(page, 'no such thing'), [])
    for (const odd of ['a,b.c)("', '100%', '\\', "';--", '*']) await searched(page, odd)
    assert.ok((await searched(page, '')).length > 10)
  })

  test('filters and sorts', async t => {
    const page = await open(t)
    const all = await names(page)
    await page.check('#vegan')
    await page.waitForFunction(n => document.querySelectorAll('#toasts > li').length < n, all.length)
    assert.equal(await page.locator('#toasts > li').count(), await page.locator('#toasts .tag').count())
    const answer = page.waitForResponse(r => r.url().includes('price.asc'))
    await page.selectOption('#sort', 'price.asc')
    await answer
    await page.waitForFunction(() => {
      const prices = [...document.querySelectorAll('#toasts .price')].map(p => parseFloat(p.textContent))
      return prices.length > 1 && prices.every((p, i) => i === 0 || prices[i - 1] <= p)
    })
  })

  test('takes an order, which is the latest then', async t => {
    const page = await open(t)
    assert.ok(await page.locator('#send').isDisabled())
    const [first, second] = await names(page)
    await page.click(`button[aria-label="Add ${first}"]`)
    await page.click(`button[aria-label="Add ${first}"]`)
    await page.click(`button[aria-label="Add ${second}"]`)
    assert.equal(await page.textContent('#count'), '3')
    await page.click('#send')
    assert.match(await page.textContent('#name-error'), /who the order is for/)
    assert.equal(await page.evaluate(() => document.activeElement.id), 'name')
    await page.fill('#name', 'Ada <b>Lovelace</b>')
    await page.fill('#email', 'ada')
    await page.click('#send')
    assert.match(await page.textContent('#email-error'), /address like/)
    await page.fill('#email', 'ada@example.com')
    const total = await page.textContent('#total')
    await page.click('#send')
    await page.locator('#said', { hasText: /Your order has the number \d+/ }).waitFor()
    const id = (await page.textContent('#said')).match(/number (\d+)/)[1]
    assert.ok(Number(id) > 50_000, `${id} follows the orders that were there`)
    const latest = page.locator('#orders > li').first()
    await latest.locator('.who', { hasText: 'Ada <b>Lovelace</b>' }).waitFor()
    assert.equal(await latest.locator('.sum').textContent(), total)
    assert.equal(await latest.locator('.what').textContent(), `2 × ${first}, ${second}`)
    assert.equal(await page.textContent('#count'), '0')
    const [order] = await fetch(`${url}/rest/v1/order?select=status,items(quantity),customer(email)&id=eq.${id}`).then(r => r.json())
    assert.deepEqual(order, { status: 'open', items: [{ quantity: 2 }, { quantity: 1 }], customer: { email: 'ada@example.com' } })
  })

  test('takes a second order of the same customer', async t => {
    const page = await open(t)
    for (let i = 0; i < 2; i++) {
      await page.locator('#toasts .add').nth(i).click()
      await page.fill('#name', 'Grace')
      await page.fill('#email', 'grace@example.com')
      await page.click('#send')
      await page.locator('#said', { hasText: 'Your order has the number' }).waitFor()
    }
    const rows = await fetch(`${url}/rest/v1/customer?select=orders(id)&email=eq.grace@example.com`).then(r => r.json())
    assert.equal(rows.length, 1)
    assert.equal(rows[0].orders.length, 2)
  })

  test('works by keyboard alone', async t => {
    const page = await open(t)
    const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.getAttribute('aria-label') || document.activeElement.textContent)
    // tabTo presses Tab until what it looks for has the focus, and sees that the focus is visible at every stop.
    async function tabTo(what, most = 80) {
      for (let i = 0; i < most; i++) {
        await page.keyboard.press('Tab')
        assert.ok(await page.evaluate(() => {
          const style = getComputedStyle(document.activeElement)
          return document.activeElement === document.body || style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0
        }), `the focus can't be seen on ${await focused()}`)
        if (what.test(await focused())) return
      }
      assert.fail(`Tab never reaches ${what}`)
    }
    await page.keyboard.press('Tab')
    assert.equal(await focused(), 'Skip to the menu')
    await page.keyboard.press('Enter')
    await tabTo(/^search$/)
    await page.keyboard.type('lime')
    await page.waitForResponse(r => r.url().includes('ilike'))
    await tabTo(/^Add /)
    await page.keyboard.press('Enter')
    assert.equal(await page.textContent('#count'), '1')
    await tabTo(/^name$/)
    await page.keyboard.type('Kay Board')
    await page.keyboard.press('Tab')
    await page.keyboard.type('kay@example.com')
    await page.keyboard.press('Enter')
    await page.locator('#said', { hasText: 'Your order has the number' }).waitFor()
    await page.locator('#orders > li').first().locator('.who', { hasText: 'Kay Board' }).waitFor()
  })

  for (const [width, height] of [[320, 640], [390, 844], [820, 1180], [1440, 900]]) {
    for (const colorScheme of ['light', 'dark']) {
      test(`fits ${width} pixels, ${colorScheme}`, async t => {
        const page = await open(t, { viewport: { width, height }, colorScheme })
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'the page scrolls sideways')
        const low = await page.evaluate(contrasts)
        assert.deepEqual(low, [], 'text that is hard to read')
      })
    }
  }
})

// contrasts runs in the page: texts whose contrast to what is behind them is below 4.5 to 1 (WCAG 2.2, 1.4.3).
function contrasts() {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  const pixel = colour => {
    canvas.clearRect(0, 0, 1, 1)
    canvas.fillStyle = colour
    canvas.fillRect(0, 0, 1, 1)
    return [...canvas.getImageData(0, 0, 1, 1).data]
  }
  const luminance = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0)
  const behind = e => {
    for (; e; e = e.parentElement) {
      const c = pixel(getComputedStyle(e).backgroundColor)
      if (c[3] > 200) return c
    }
    return [255, 255, 255]
  }
  const low = []
  for (const e of document.querySelectorAll('body *')) {
    const words = [...e.childNodes].filter(n => n.nodeType === 3 && n.textContent.trim()).map(n => n.textContent.trim()).join(' ')
    if (!words || e.disabled || e.closest('template, [hidden], .skip')) continue
    const [a, b] = [luminance(pixel(getComputedStyle(e).color)), luminance(behind(e))].sort((x, y) => y - x)
    const ratio = (a + 0.05) / (b + 0.05)
    if (ratio < 4.5) low.push(`${words.slice(0, 30)}: ${ratio.toFixed(2)}`)
  }
  return low
}
