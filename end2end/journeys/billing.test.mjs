// What an owner does about money after the first payment: trial, end of it, another plan, fewer seats, the end and its taking
// back; packs and licences; and an admin, who reads all of it.
import assert from 'node:assert/strict'
import { advance } from '../support/clock.mjs'
import { journey } from '../support/journey.mjs'
import { at, checkPage, region, rows, says } from '../support/pages.mjs'
import { OLIVIA, checkOut, choosePlan, field, pay, press, settleIn, signIn, signUp } from '../support/people.mjs'
import { until } from '../support/until.mjs'

const BILLING = '/org-dashboard/billing'
const DAY = 24 * 3_600_000
const ADAM = 'adam@acme.example'

const link = (page, name) => page.getByRole('link', { name, exact: true })
const main = page => page.getByRole('main')
const plan = page => region(page, 'Current plan')
const choose = (page, group, choice) => page.getByRole('radiogroup', { name: group }).getByRole('radio', { name: choice }).check()

async function toBilling(page) {
  await page.goto(BILLING)
  await at(page, 'Billing')
}

/** Comes back to the billing page until the current plan says it: some of it the payment provider tells a moment later. */
async function comesTrue(page, ...things) {
  await until(`the plan to say ${things}`, 20_000, async () => {
    await page.goto(BILLING)
    const text = await plan(page).innerText()
    return things.every(thing => text.includes(thing))
  })
}

async function startTrial(page, keel) {
  await choosePlan(page, 'Pro')
  await signUp(page, keel, OLIVIA.email)
  await checkOut(page, ['Pro', '$29'], '14 days free')
  await pay(page, undefined, 'Start trial')
  await settleIn(page, 'Your trial has started', OLIVIA)
  await at(page, 'Overview')
}

async function aPlansLife({ keel, newVisitor }, options) {
  const page = await newVisitor(options)
  await startTrial(page, keel)
  await toBilling(page)

  await link(page, 'End trial now').click()
  await at(page, 'End the trial')
  await says(main(page), 'charged $29 now')
  await press(page, 'End trial now')
  await at(page, 'Billing')
  await says(main(page), 'The trial is over')
  await comesTrue(page, 'Renews on', '$29 per month')

  await advance(keel, 10 * DAY)
  await toBilling(page)
  await link(page, 'Change plan').click()
  await at(page, 'Change plan')
  await choose(page, 'Plan', 'Business')
  await page.getByRole('spinbutton', { name: 'Seats' }).or(field(page, 'Seats')).fill('5')
  await press(page, 'Show what it costs')
  await at(page, 'Change plan')
  await says(region(page, 'What it costs'), 'Business starts at once', 'Given back', 'Charged today', '$120 per month')
  await press(page, 'Confirm change')
  await at(page, 'Billing')
  await says(plan(page), 'Business', '$120 per month', '1 of 5 seats used')

  await link(page, 'Change plan').click()
  await at(page, 'Change plan')
  await page.getByRole('spinbutton', { name: 'Seats' }).or(field(page, 'Seats')).fill('2')
  await press(page, 'Show what it costs')
  await at(page, 'Change plan')
  await says(region(page, 'What it costs'), 'Business with 5 seats stays until', 'Then Business with 2 seats begins', '$48 per month')
  await press(page, 'Confirm change')
  await at(page, 'Billing')
  await says(plan(page), 'this becomes Business with 2 seats')
  await advance(keel, 31 * DAY)
  await signIn(page, keel, OLIVIA.email)
  await comesTrue(page, '$48 per month', '1 of 2 seats used')

  await press(page, 'Cancel plan')
  const dialog = page.getByRole('dialog', { name: 'Cancel Business?' })
  await dialog.waitFor()
  await checkPage(page)
  await press(dialog, 'Cancel plan')
  await at(page, 'Billing')
  await says(plan(page), 'Ends on')
  await press(page, 'Resume plan')
  await at(page, 'Billing')
  await says(plan(page), 'Renews on')
  await press(page, 'Sync with Stripe')
  await at(page, 'Billing')
  await says(main(page), 'This is what the payment provider has now.')
  assert.ok((await rows(region(page, 'Invoices'))).length >= 3, 'an invoice for each payment')

  await link(page, 'All transactions').click()
  await at(page, 'Credit transactions')
  await page.goto('/billing/payments?kind=paid')
  await at(page, 'Recent payments')
}

journey('a trial, its end, a larger plan, fewer seats, the end and back', {}, aPlansLife)

journey('the same with scripts off', {}, scene => aPlansLife(scene, { scripts: false }))

journey('the portal is where cards are put in, and it leads back', {}, async ({ keel, newVisitor }) => {
  const page = await newVisitor()
  await startTrial(page, keel)
  await toBilling(page)
  await press(page, 'Manage')
  await page.waitForURL(url => url.origin !== new URL(keel.base).origin)
  await page.goBack()
  await at(page, 'Billing')
})

journey('a credit pack and a licence are paid once', {}, async ({ keel, newVisitor }) => {
  const page = await newVisitor()
  await keel.command('seed')
  await signIn(page, keel, OLIVIA.email)
  await toBilling(page)
  await link(page, 'Buy more').click()
  await at(page, 'Pricing')
  await region(page, '1,500 credits').getByRole('button', { name: 'Choose 1,500 credits' }).click()
  await checkOut(page, ['Credit pack', '1,500 credits', '$19 once'])
  await pay(page)
  await at(page, 'Payment received')

  await page.goto('/pricing?account=acme')
  await at(page, 'Pricing')
  await region(page, 'Pro lifetime').getByRole('button', { name: 'Choose Pro lifetime' }).click()
  await checkOut(page, ['Licence', 'Pro lifetime', '$299 once', 'For ever'])
  await pay(page)
  await at(page, 'Payment received')
})

journey('an admin sees the money and changes none of it', {}, async ({ keel, newVisitor }) => {
  await keel.command('seed')
  const adam = await newVisitor()
  await signIn(adam, keel, ADAM)
  await toBilling(adam)
  await says(plan(adam), 'Free')
  for (const name of ['Manage', 'Change plan', 'Cancel plan', 'Sync with Stripe', 'Buy more', 'Save']) {
    assert.equal(await adam.getByRole('button', { name, exact: true }).or(link(adam, name)).count(), 0, name)
  }
  assert.equal((await adam.goto('/billing/change')).status(), 403)
  await at(adam, "You can't do this here")
  await adam.goto('/billing/credits')
  await at(adam, 'Credit transactions')
})
