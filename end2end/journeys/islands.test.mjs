// The credits chart, awake and without scripts, and how little a page costs with and without an island.
import assert from 'node:assert/strict'
import { advance } from '../support/clock.mjs'
import { download } from '../support/downloads.mjs'
import { journey } from '../support/journey.mjs'
import { at, region, rows } from '../support/pages.mjs'
import { OLIVIA, checkOut, choosePlan, pay, settleIn, signIn, signUp } from '../support/people.mjs'
import { until } from '../support/until.mjs'

const KIB = 1024
const DAY = 86_400_000
const BILLING = '/org-dashboard/billing'
const CHART = 'The balance after each transaction, as in the table below'

const transactions = page => region(page, 'Credit transactions')
const chart = (page, role) => transactions(page).getByRole(role, { name: CHART, exact: true })

/** Starts a trial and stays until it has become a paid month: credits came, ran out, and came again. */
async function toTheFirstPaidMonth({ keel, newVisitor }, options) {
  const page = await newVisitor(options)
  await choosePlan(page, 'Pro')
  await signUp(page, keel, OLIVIA.email)
  await checkOut(page, ['Pro', '$29'], '14 days free')
  await pay(page, undefined, 'Start trial')
  await settleIn(page, 'Your trial has started', OLIVIA)
  await at(page, 'Overview')
  await advance(keel, 15 * DAY)
  await signIn(page, keel, OLIVIA.email) // as whoever was away for so long
  await until('the trial has become a paid month', 20_000, async () => {
    await page.goto(BILLING)
    return (await rows(transactions(page))).length === 3
  })
  return page
}

/** What the table says of each transaction, in the order of the bars. */
async function tableOf(page) {
  const found = (await rows(transactions(page))).reverse()
  return found.map(([kind, , balance]) => ({ kind, balance }))
}

/** Waits until the line above the bars reads out this transaction. */
const readsOut = (page, { kind, balance }) =>
  transactions(page).getByRole('paragraph').filter({ hasText: `${balance} left after ${kind}, ` }).waitFor()

/** The middle of the bar with this number. */
async function pointAt(page, number) {
  const { x, y, width, height } = await chart(page, 'slider').boundingBox()
  const slots = Number(await chart(page, 'slider').getAttribute('aria-valuemax'))
  await page.mouse.move(x + (width * (number + 0.5)) / slots, y + height / 2)
}

journey('the credits chart answers to the pointer and to keys', {}, async scene => {
  const page = await toTheFirstPaidMonth(scene)
  const slider = chart(page, 'slider')
  await slider.waitFor()
  await at(page, 'Billing')
  const table = await tableOf(page)
  const newest = table.length - 1
  await readsOut(page, table[newest])

  for (const number of table.keys()) {
    await pointAt(page, number)
    await readsOut(page, table[number])
  }
  await pointAt(page, 0)
  await page.mouse.move(0, 0)
  await readsOut(page, table[newest])

  await slider.focus()
  for (const [key, number] of [['Home', 0], ['ArrowRight', 1], ['ArrowLeft', 0], ['ArrowLeft', 0], ['End', newest], ['ArrowRight', newest]]) {
    await slider.press(key)
    await readsOut(page, table[number])
    assert.equal(await slider.getAttribute('aria-valuenow'), String(number + 1))
    assert.match(await slider.getAttribute('aria-valuetext'), new RegExp(`^${table[number].balance} left after ${table[number].kind}, `))
  }
  await slider.press('Home')
  await slider.press('Escape')
  await readsOut(page, table[newest])
  await at(page, 'Billing')
})

journey('the credits chart stands beside its table with scripts off', {}, async scene => {
  const page = await toTheFirstPaidMonth(scene, { scripts: false })
  await at(page, 'Billing')
  await chart(page, 'img').waitFor()
  const table = await tableOf(page)
  await readsOut(page, table.at(-1))
})

journey('a page with an island is small, and one without runs next to nothing', {}, async scene => {
  const { keel, newVisitor } = scene
  for (const [path, most] of [['/', 60], ['/pricing', 45], ['/login', 45], ['/signup', 45]]) {
    await expectDownload(keel, await newVisitor(), path, { times: false, island: false, most: most * KIB })
  }
  const cookies = await (await toTheFirstPaidMonth(scene)).context().cookies()
  for (const [path, island, most] of [['/org-dashboard', false, 45], [BILLING, true, 150]]) {
    const page = await newVisitor()
    await page.context().addCookies(cookies)
    await expectDownload(keel, page, path, { times: true, island, most: most * KIB })
  }
})

/** Compares what a new visitor's page loads, all of it from Keel itself, with the most it may weigh. */
async function expectDownload(keel, page, path, { times, island, most }) {
  const answers = await download(page, path)
  const names = answers.map(({ url }) => url.pathname.replace(/\.[0-9a-f]{16}\./, '.'))
  const runs = [...(island ? ['/assets/boot.js', '/assets/keel.js', '/assets/keel_bg.wasm'] : []), ...(times ? ['/assets/times.js'] : [])]
  assert.deepEqual(names.filter(name => /\.(js|wasm)$/.test(name)).sort(), runs, `what ${path} runs`)
  assert.equal(answers.filter(({ type }) => type === 'script').length, names.filter(name => name.endsWith('.js')).length, `scripts of ${path}`)
  assert.deepEqual(answers.filter(({ url }) => url.origin !== keel.base), [], `what ${path} loads from elsewhere`)

  const total = answers.reduce((sum, { bytes }) => sum + bytes, 0)
  const list = answers.map(({ url, bytes }) => `${url.pathname} ${bytes}`).join(', ')
  assert.ok(answers.every(({ bytes }) => bytes > 0), `${path} was measured with a cache: ${list}`)
  assert.ok(total <= most, `${path} weighs ${total} bytes, at most ${most}: ${list}`)
}
