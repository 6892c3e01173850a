// Money that goes back, is denied, comes days later or twice, on both databases; page, mirror, ledger and payment provider agree.
import assert from 'node:assert/strict'
import { agree } from '../support/books.mjs'
import { advance } from '../support/clock.mjs'
import { newTab } from '../support/browser.mjs'
import { journey } from '../support/journey.mjs'
import { at } from '../support/pages.mjs'
import { CARD, OLIVIA, checkOut, choosePlan, introduce, pay, payByBank, proceed, settleIn, signUp } from '../support/people.mjs'
import { decideDispute, stripe } from '../support/sandbox.mjs'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const PRO = 2_900
const MONTH_OF_PRO = 2_500

async function toThePaymentPage(page, keel) {
  await choosePlan(page, 'Pro')
  await signUp(page, keel, OLIVIA.email)
  await checkOut(page, ['Pro', '$29'], 'Pay now')
}

/** Olivia has paid for a month of Pro. */
async function bought({ keel, newVisitor }, card) {
  const page = await newVisitor()
  await toThePaymentPage(page, keel)
  await pay(page, card)
  await settleIn(page, 'Payment received', OLIVIA)
  await at(page, 'Overview')
  await agree(page, keel, { plan: 'Pro', paid: [PRO], credits: MONTH_OF_PRO })
  return page
}

async function refundedAndBack(scene) {
  const page = await bought(scene, CARD.returning)
  const { data: [charge] } = await stripe(scene.keel, 'GET', 'charges?limit=1')
  for (const credits of [MONTH_OF_PRO / 2, 0]) {
    await stripe(scene.keel, 'POST', 'refunds', { charge: charge.id, amount: PRO / 2 })
    await agree(page, scene.keel, { credits })
  }
  await advance(scene.keel, DAY + MINUTE)
  await agree(page, scene.keel, { credits: MONTH_OF_PRO, plan: 'Pro' })
}

async function disputed(scene, won) {
  const page = await bought(scene, CARD.disputed)
  await advance(scene.keel, MINUTE)
  // Nothing is taken, and nothing can be spent.
  await agree(page, scene.keel, { credits: MONTH_OF_PRO, held: MONTH_OF_PRO })
  const { data: [dispute] } = await stripe(scene.keel, 'GET', 'disputes')
  await decideDispute(scene.keel, dispute.id, won)
  await agree(page, scene.keel, { credits: won ? MONTH_OF_PRO : 0, held: 0 })
}

async function twoTabs({ keel, newVisitor }) {
  const page = await newVisitor()
  await toThePaymentPage(page, keel)
  const other = await newTab(page)
  await other.goto('/checkout')
  await checkOut(other, ['Pro', '$29'], 'Pay now')
  for (const tab of [page, other]) {
    await pay(tab)
    await at(tab, 'Payment received')
  }
  await proceed(page)
  await introduce(page, OLIVIA)
  await at(page, 'Overview')
  await keel.mailTo(OLIVIA.email, /A second subscription/)
  await agree(page, keel, { status: 'active', paid: [PRO, PRO], credits: MONTH_OF_PRO })
  const { data: subscriptions } = await stripe(keel, 'GET', 'subscriptions?status=all')
  assert.deepEqual(subscriptions.map(({ status }) => status).sort(), ['active', 'canceled'])
  const { data: refunds } = await stripe(keel, 'GET', 'refunds')
  assert.deepEqual(refunds.map(({ amount }) => amount), [PRO], 'one of the two is paid back')
}

async function byBank({ keel, newVisitor }, account, arrives) {
  const page = await newVisitor()
  await toThePaymentPage(page, keel)
  await payByBank(page, account)
  await page.getByRole('heading', { name: 'Confirming your payment' }).waitFor()
  await page.goto('/onboarding')
  await introduce(page, OLIVIA)
  await page.waitForURL(url => !['/onboarding', '/api/user/onboarding'].includes(url.pathname))
  await agree(page, keel, { plan: undefined, credits: 0, payments: 1, paid: [] })
  await advance(keel, 4 * DAY + MINUTE)
  if (!arrives) await keel.mailTo(OLIVIA.email, /did not arrive/)
  await agree(page, keel, arrives ? { plan: 'Pro', credits: MONTH_OF_PRO, paid: [PRO] } : { plan: undefined, credits: 0, paid: [] })
}

for (const database of ['sqlite', 'postgres']) {
  journey(`a refund takes credits back, and gives them again when it fails, on ${database}`, { database }, refundedAndBack)
  journey(`a dispute that is won releases what it held, on ${database}`, { database }, scene => disputed(scene, true))
  journey(`a dispute that is lost takes what it held, on ${database}`, { database }, scene => disputed(scene, false))
  journey(`of two tabs that both pay, one counts, on ${database}`, { database }, twoTabs)
  journey(`money from a bank begins a plan when it is there, on ${database}`, { database }, scene => byBank(scene, '000123456789', true))
  journey(`money from a bank that never comes begins nothing, on ${database}`, { database }, scene => byBank(scene, '000222222227', false))
}
