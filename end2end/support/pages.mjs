// What is true of every page, wherever a journey meets it, and how its parts are read.
import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { hasScripts, takeComplaints } from './browser.mjs'

/** Where photographs go; git ignores it. */
export const PHOTOS = join(import.meta.dirname, '../photos')

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const LOOKS = [
  { name: 'light', width: 1280, colorScheme: 'light' },
  { name: 'narrow', width: 375, colorScheme: 'light' },
  { name: 'dark', width: 1280, colorScheme: 'dark' },
]

/** Waits for the page with this h1, and checks it. */
export async function at(page, heading) {
  const h1 = page.getByRole('heading', { level: 1 })
  await h1.filter({ hasText: whole(heading) }).waitFor().catch(async () => {
    const seen = await h1.allInnerTexts()
    assert.fail(`expected the page "${heading}", found "${seen.join('", "')}" at ${page.url()}`)
  })
  await checkPage(page)
}

/**
 * The browser had nothing to complain about, the page has a title, a language, one h1 and one main part, it is as wide as its
 * window, and axe finds nothing, at 1280 px, at 375 px and in the dark. Where scripts are off axe cannot run. `KEEL_PHOTOS=1`
 * keeps a photograph of each look.
 */
export async function checkPage(page) {
  await page.waitForLoadState()
  const faults = [...takeComplaints(page), ...(await skeleton(page))]
  const size = page.viewportSize()
  for (const { name, width, colorScheme } of LOOKS) {
    await page.setViewportSize({ width, height: size.height })
    await page.emulateMedia({ colorScheme })
    const found = [...(await sideways(page)), ...(hasScripts(page) ? await runAxe(page) : [])]
    faults.push(...found.map(fault => `${name}: ${fault}`))
    if (process.env.KEEL_PHOTOS) await photograph(page, `${new URL(page.url()).pathname} ${await page.title()} ${name}`)
  }
  await page.setViewportSize(size)
  await page.emulateMedia({ colorScheme: 'light' })
  assert.deepEqual(faults, [], `faults of ${page.url()}`)
}

const skeleton = page =>
  page.evaluate(() => {
    const count = selector => document.querySelectorAll(selector).length
    const wrong = {
      'has no language': !document.documentElement.lang,
      'has no title': !document.title.trim(),
      'has not one h1': count('h1') !== 1,
      'has not one main part': count('main') !== 1,
    }
    return Object.keys(wrong).filter(fault => wrong[fault])
  })

const sideways = page =>
  page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement
    return scrollWidth > clientWidth ? [`scrolls sideways: ${scrollWidth} px in ${clientWidth} px`] : []
  })

async function runAxe(page) {
  await page.evaluate(AXE)
  return page.evaluate(async rules => {
    const { violations } = await globalThis.axe.run(document, { runOnly: rules, resultTypes: ['violations'] })
    return violations.flatMap(({ id, help, nodes }) => nodes.map(({ target }) => `${id} (${help}) at ${target.join(' ')}`))
  }, RULES)
}

const cameras = new WeakMap()

/** One for as long as the page is open: detaching any session takes away the device that another one gave the browser. */
async function cameraOf(page) {
  if (!cameras.has(page)) cameras.set(page, await page.context().newCDPSession(page))
  return cameras.get(page)
}

/** Keeps a picture of the whole page in PHOTOS. */
export async function photograph(page, name) {
  const file = name.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '')
  await page.evaluate(() => scrollTo(0, 0))
  const camera = await cameraOf(page)
  const { cssContentSize } = await camera.send('Page.getLayoutMetrics')
  const clip = { ...cssContentSize, scale: 1 }
  const { data } = await camera.send('Page.captureScreenshot', { format: 'webp', quality: 80, clip, captureBeyondViewport: true })
  await mkdir(PHOTOS, { recursive: true })
  await writeFile(join(PHOTOS, `${file}.webp`), data, 'base64')
}

/** The part of a page with this name. */
export const region = (page, name) => page.getByRole('region', { name, exact: true })

/** A text or a pattern for each thing that the element says, in any order, once the page it is on is there to its end. */
export async function says(element, ...things) {
  await element.page().waitForLoadState()
  const text = plain(await element.innerText())
  for (const thing of things) {
    assert.ok(typeof thing === 'string' ? text.includes(thing) : thing.test(text), `expected ${thing} in: ${text}`)
  }
}

/** The rows of the table in an element, each a list of its cells' texts; without the header. */
export async function rows(element) {
  const found = []
  for (const row of await element.getByRole('row').all()) {
    const cells = (await row.getByRole('cell').allInnerTexts()).map(plain)
    if (cells.length > 0) found.push(cells)
  }
  return found
}

const plain = text => text.replace(/\s+/g, ' ').trim()
const whole = text => new RegExp(`^\\s*${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll("'", "['’]")}\\s*$`)
