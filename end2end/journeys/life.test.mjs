// The whole life of a subscription, on both databases; after every step page, mirror, ledger and payment provider agree.
import assert from 'node:assert/strict'
import { BILLING, agree, money } from '../support/books.mjs'
import { advance } from '../support/clock.mjs'
import { journey } from '../support/journey.mjs'
import { at, region, says } from '../support/pages.mjs'
import { CARD, OLIVIA, checkOut, choosePlan, confirm, field, pay, press, settleIn, signIn, signUp } from '../support/people.mjs'
import { timeOf } from '../support/sandbox.mjs'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const PRO = 2_900
const TWO_SEATS = 4_800
const MONTH_OF_PRO = 2_500

const main = page => page.getByRole('main')
const plan = page => region(page, 'Current plan')
const follow = (page, name) => page.getByRole('link', { name, exact: true }).click()
const choose = (page, group, choice) => page.getByRole('radiogroup', { name: group }).getByRole('radio', { name: choice }).check()

/** So many days later. */
const later = async (page, keel, days) => goOn(page, keel, (await timeOf(keel)) + days * DAY)

/** At that moment, when sessions may have run out. */
async function goOn(page, keel, moment) {
  await advance(keel, moment - (await timeOf(keel)))
  await page.context().clearCookies()
  await signIn(page, keel, OLIVIA.email)
}

async function startTrial(page, keel, card) {
  await choosePlan(page, 'Pro')
  await signUp(page, keel, OLIVIA.email)
  await checkOut(page, ['Pro', '$29'], '14 days free')
  await pay(page, card, 'Start trial')
  if (card === CARD.asking) await confirm(page)
  await settleIn(page, 'Your trial has started', OLIVIA)
  await at(page, 'Overview')
}

/** From the billing page to what another plan costs; gives the amount that is charged now, in minor units. */
async function look(page, seats, name) {
  await follow(page, 'Change plan')
  await at(page, 'Change plan')
  if (name) await choose(page, 'Plan', name)
  await page.getByRole('spinbutton', { name: 'Seats' }).or(field(page, 'Seats')).fill(String(seats))
  await press(page, 'Show what it costs')
  await at(page, 'Change plan')
  const [, shown] = /Charged today\s+\$([\d,.]+)/.exec(await region(page, 'What it costs').innerText())
  return Math.round(Number(shown.replaceAll(',', '')) * 100)
}

/** Puts in another card on the payment provider's portal, and comes back to the billing page. */
async function putCard(page, keel, card) {
  const here = url => url.origin === new URL(keel.base).origin
  await press(page, 'Manage')
  await page.waitForURL(url => !here(url))
  await follow(page, 'Update payment method')
  await at(page, 'Update payment method')
  await pay(page, card, 'Save card')
  await at(page, 'Billing')
  await follow(page, 'Return')
  await page.waitForURL(here)
  await at(page, 'Billing')
}

async function cancel(page) {
  await press(page, 'Cancel plan')
  await press(page.getByRole('dialog', { name: /^Cancel / }), 'Cancel plan')
  await plan(page).getByText('Ends on').first().waitFor()
}

/** From the trial to the first paid month and its renewal. */
async function begin(page, keel) {
  await startTrial(page, keel)
  await agree(page, keel, { status: 'trialing', plan: 'Pro', credits: MONTH_OF_PRO, paid: [] })

  await follow(page, 'End trial now')
  await at(page, 'End the trial')
  await says(main(page), `charged ${money(PRO)} now`)
  await press(page, 'End trial now')
  await at(page, 'Billing')
  const { renews } = await agree(page, keel, { status: 'active', paid: [PRO] })

  await goOn(page, keel, renews + HOUR)
  await agree(page, keel, { paid: [PRO, PRO], credits: MONTH_OF_PRO })
}

/** A larger plan at once, for what was shown; fewer seats when the period ends. */
async function grow(page, keel) {
  await later(page, keel, 9)
  await agree(page, keel)
  const shown = await look(page, 5, 'Business')
  await press(page, 'Confirm change')
  await at(page, 'Billing')
  // What was shown is what is charged.
  await agree(page, keel, { plan: 'Business', seats: 5, paid: [PRO, PRO, shown] })

  assert.equal(await look(page, 2), 0)
  await press(page, 'Confirm change')
  await at(page, 'Billing')
  await says(plan(page), 'this becomes Business with 2 seats')
  const { renews } = await agree(page, keel, { seats: 5 })
  await goOn(page, keel, renews + HOUR)
  await agree(page, keel, { seats: 2, paid: [PRO, PRO, shown, TWO_SEATS] })
}

/** A card that fails, the warning, and another card. */
async function fallBehind(page, keel) {
  await putCard(page, keel, CARD.failing)
  const { renews, paid } = await agree(page, keel)
  await goOn(page, keel, renews + HOUR)
  await agree(page, keel, { status: 'past_due', paid })
  await page.getByText('A payment for', { exact: false }).first().waitFor()
  const mail = await keel.mailTo(OLIVIA.email, /A payment for/)
  assert.ok(mail.subject.endsWith('failed') && mail.text.includes('$48'), mail.text)
  assert.equal(new URL(mail.links[0]).pathname, BILLING)

  await putCard(page, keel, CARD.ok)
  await later(page, keel, 3)
  await agree(page, keel, { status: 'active', paid: [...paid, TWO_SEATS], credits: 3_000 })
  assert.equal(await page.getByText('The plan is kept until').count(), 0, 'the banner is gone')
}

/** The end and its taking back, then the end: Free's limits, and nothing is deleted. */
async function leave(page, keel) {
  await cancel(page)
  const ending = await agree(page, keel)
  assert.equal(ending.ends, ending.renews)
  await press(page, 'Resume plan')
  await plan(page).getByText('Renews on').first().waitFor()
  await agree(page, keel, { ends: null })
  await cancel(page)
  const before = await agree(page, keel, { ends: ending.ends })
  await goOn(page, keel, before.renews + HOUR)
  const over = await agree(page, keel, { plan: undefined, payments: before.payments, paid: before.paid, credits: 0 })
  assert.ok(over.entries > before.entries, 'the ledger is kept, and says what expired')
  await page.goto('/org-dashboard')
  await says(main(page), '1 of 3 seats used')
}

/** What is paid once goes on beside no plan at all. */
async function buyOnce(page, keel) {
  for (const [article, price, credits] of [['1,500 credits', '$19 once', 1_500], ['Pro lifetime', '$299 once', 1_500 + MONTH_OF_PRO]]) {
    await page.goto('/pricing')
    await region(page, article).getByRole('button', { name: `Choose ${article}` }).click()
    await checkOut(page, [price])
    await pay(page)
    await at(page, 'Payment received')
    await agree(page, keel, { credits })
  }
}

for (const database of ['sqlite', 'postgres']) {
  journey(`the whole life of a subscription on ${database}`, { database }, async ({ keel, newVisitor }) => {
    const page = await newVisitor()
    for (const part of [begin, grow, fallBehind, leave, buyOnce]) await part(page, keel)
  })

  journey(`a renewal that its owner confirms with the bank on ${database}`, { database }, async ({ keel, newVisitor }) => {
    const page = await newVisitor()
    await startTrial(page, keel, CARD.asking)
    await later(page, keel, 15)
    await agree(page, keel, { status: 'past_due', paid: [] })
    await page.getByText('The plan is kept until').waitFor()
    const mail = await keel.mailTo(OLIVIA.email, /Confirm a payment/)
    await page.goto(mail.links[0])
    await confirm(page)
    await page.getByText('Paid on').waitFor()
    await agree(page, keel, { status: 'active', paid: [PRO], credits: MONTH_OF_PRO })
    assert.equal(await page.getByText('The plan is kept until').count(), 0)
  })

  journey(`a larger plan that the card does not pay leaves everything as it was on ${database}`, { database }, async ({ keel, newVisitor }) => {
    const page = await newVisitor()
    await choosePlan(page, 'Pro')
    await signUp(page, keel, OLIVIA.email)
    await checkOut(page, ['Pro', '$29'], 'Pay now')
    await pay(page)
    await settleIn(page, 'Payment received', OLIVIA)
    await at(page, 'Overview')
    await agree(page, keel)
    await putCard(page, keel, CARD.failing)
    const before = await agree(page, keel, { plan: 'Pro', paid: [PRO], credits: MONTH_OF_PRO })
    await look(page, 5, 'Business')
    await press(page, 'Confirm change')
    await page.getByText('The card was declined').first().waitFor()
    assert.deepEqual(await agree(page, keel), before)
  })
}
