// Lighthouse, as on a telephone, on the public pages of a Keel started for it: `KEEL_BINARY=target/release/keel node run.mjs`.
// Prints a table and what was found; fails where a page is below the marks.
import { launch } from 'chrome-launcher'
import lighthouse from 'lighthouse'
import { FLAGS, findBrowser } from '../support/browser.mjs'
import { startKeel } from '../support/keel.mjs'

const PAGES = ['/', '/pricing', '/login', '/signup']
const RUNS = 3
const MARKS = { performance: 98, accessibility: 100, 'best-practices': 100, seo: 100 }

const median = numbers => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]

/** The median of each category over a few runs, and the audits of the last run that were not perfect. */
async function judge(url, port) {
  const results = []
  for (let run = 0; run < RUNS; run += 1) results.push((await lighthouse(url, { port, logLevel: 'error' })).lhr)
  const scores = Object.keys(MARKS).map(name => median(results.map(({ categories }) => Math.round(categories[name].score * 100))))
  const { categories, audits } = results.at(-1)
  const refs = Object.values(categories).flatMap(({ auditRefs }) => auditRefs.filter(({ weight }) => weight > 0))
  const found = refs.map(({ id }) => audits[id]).filter(({ score }) => score !== null && score < 0.98)
  return { scores, found: found.map(({ id, title, displayValue = '' }) => `${id}: ${title} ${displayValue}`) }
}

const browser = await launch({ chromePath: findBrowser(), chromeFlags: ['--headless', '--no-sandbox', ...FLAGS], logLevel: 'error' })
const keel = await startKeel()
const below = []
try {
  console.log(['page'.padEnd(10), ...Object.keys(MARKS)].join('  '))
  for (const path of PAGES) {
    const { scores, found } = await judge(keel.base + path, browser.port)
    const cells = Object.keys(MARKS).map((name, i) => String(scores[i]).padStart(name.length))
    console.log([path.padEnd(10), ...cells].join('  '))
    for (const line of found) console.log(`  ${line}`)
    if (Object.values(MARKS).some((mark, i) => scores[i] < mark)) below.push(path)
  }
} finally {
  await keel.stop()
  browser.kill()
}
if (below.length > 0) throw new Error(`below the marks: ${below.join(', ')}`)
