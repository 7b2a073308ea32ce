// The page that a rehearsal leaves, in a browser.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { launch } from '../browser.js'
import { startDemo } from '../demo.js'
import { accessible, fits } from '../page-checks.js'

describe('the report of a rehearsal', () => {
  let demo, browser, file
  before(async () => {
    demo = await startDemo()
    browser = await launch()
    for (let i = 1; i <= 12; i++) {
      for (const path of [`order?customer_id=eq.${i}&select=id,total&order=placed_at.desc&limit=10`, `order?total=gt.${i}&select=id,total&order=total.desc&limit=10`, `toast?id=eq.${i}`]) {
        await fetch(`${demo.url}/rest/v1/${path}`).then(r => r.text())
      }
    }
    file = join(demo.shop, 'growth.html')
    await promisify(execFile)(process.env.PINTAIL, ['rehearse', '--admin', demo.admin.slice(7), '--rows', '20000', '--scenario', 'more', '--report', file], { cwd: demo.shop })
  })
  after(async () => {
    await browser?.close()
    await demo?.stop()
  })

  for (const width of [360, 1280]) {
    for (const colorScheme of ['light', 'dark']) {
      test(`fits ${width} pixels, ${colorScheme}, asks nobody, and axe finds nothing`, async t => {
        const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme })
        t.after(() => context.close())
        const page = await context.newPage()
        const wrong = []
        page.on('request', r => { if (r.url() !== pathToFileURL(file).href) wrong.push(`asked ${r.url()}`) })
        page.on('console', m => wrong.push(`${m.type()}: ${m.text()}`))
        await page.goto(pathToFileURL(file).href)
        assert.match(await page.textContent('main'), /1\s*linear·log.*2\s*flat.*at 10×.*at 100×.*read order where total gt, sort total desc/s)
        assert.match(await page.textContent('.advice'), /type order.*@index\(columns: \["-total"\]\).*flat with it/s)
        assert.equal(await page.locator('figure svg').count(), 3)
        for (const plan of await page.locator('summary').all()) await plan.click()
        await fits(page)
        await accessible(page, `${width} ${colorScheme}`)
        await page.locator('table a').first().focus()
        await page.keyboard.press('Enter')
        await page.waitForURL(/#q-[0-9a-f]+$/)
        assert.deepEqual(wrong, [])
      })
    }
  }
})
