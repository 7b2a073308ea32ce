// What every page of ours must hold, for tests of pages.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

// accessible asserts that axe finds nothing serious on a page. The page's policy keeps axe's own script out, so that it comes by
// the debugger's way.
export async function accessible(page, what = '') {
  const client = await page.context().newCDPSession(page)
  await client.send('Runtime.evaluate', { expression: axe })
  const found = await page.evaluate(() => axe.run(document, { resultTypes: ['violations', 'incomplete'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }))
  await client.detach()
  assert.ok(found.passes.length > 10, 'axe has looked at the page')
  const serious = found.violations.filter(v => v.impact === 'serious' || v.impact === 'critical' || v.impact === 'moderate')
  assert.deepEqual(serious.map(v => `${v.id}: ${v.help}: ${v.nodes.map(n => n.target.join(' ')).slice(0, 5).join(', ')}`), [], `axe ${what}`)
}

// fits asserts that a page doesn't scroll sideways.
export async function fits(page) {
  const wide = await page.evaluate(() => {
    if (document.documentElement.scrollWidth <= innerWidth) return []
    return [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1).slice(0, 5).map(e => `${e.tagName} ${e.id} ${e.getAttribute('class')}`)
  })
  assert.deepEqual(wide, [], 'the page scrolls sideways')
}
