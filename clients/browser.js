// Starts the Chromium that is installed on this machine, for tests of pages.
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium } from 'playwright-core'

const names = ['chromium', 'chromium-browser', 'google-chrome']

// launch resolves to a running browser; the caller closes it. CHROMIUM names another program.
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM || find(),
    // Chromium's sandbox doesn't work for root, who runs the tests in a container
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  })
}

function find() {
  for (const name of names) {
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      try {
        const path = join(folder, name)
        accessSync(path, constants.X_OK)
        return path
      } catch {} // not here
    }
  }
  throw new Error(`no ${names.join(', ')} on PATH: install one with \`make deps\`, or name it in CHROMIUM`)
}
