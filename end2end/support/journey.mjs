// A journey: a Keel of its own, visitors, and on failure what is needed to understand it: photographs and Keel's log.
import { test } from 'node:test'
import { connectBrowser, newVisitor } from './browser.mjs'
import { startKeel } from './keel.mjs'
import { photograph } from './pages.mjs'

/** However slow the machine is: what a journey waits for has ends of its own. */
const LIMIT = 600_000

/**
 * Declares a journey. `settings` are those of `startKeel`; `walk` gets the running Keel and `newVisitor(options)`, which opens a page
 * of somebody new.
 */
export function journey(name, settings, walk) {
  test(name, { timeout: LIMIT }, async () => {
    const browser = await connectBrowser()
    try {
      await withKeel(settings, async keel => {
        try {
          await walk({ keel, newVisitor: options => newVisitor(browser, keel.base, options) })
        } catch (error) {
          await photographAll(browser, `failed ${name}`)
          throw error
        }
      })
    } finally {
      await browser.close()
    }
  })
}

async function withKeel(settings, use) {
  const keel = await startKeel(settings)
  try {
    await use(keel)
  } catch (error) {
    console.error(keel.log())
    throw error
  } finally {
    await keel.stop()
  }
}

async function photographAll(browser, name) {
  const pages = browser.contexts().flatMap(context => context.pages())
  for (const [number, page] of pages.entries()) await photograph(page, `${name} ${number + 1}`)
}
