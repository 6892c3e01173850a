// The main job: from the pricing page to a paid plan, on both databases, with scripts off, with real mail, in b2c.
import { journey } from '../support/journey.mjs'
import { expectBilling, nextYear } from '../support/billing.mjs'
import { at } from '../support/pages.mjs'
import { OLIVIA, checkOut, choosePlan, pay, settleIn, signUp } from '../support/people.mjs'

const PRO_YEARLY = {
  plan: ['Pro', 'Renews on', nextYear()],
  credits: '2,500',
  ledger: [['Subscription', '2,500']],
  payments: [['Pro', '$290', 'Paid']],
}

async function buyProYearly(page, keel) {
  await choosePlan(page, 'Pro', 'Yearly')
  await signUp(page, keel, OLIVIA.email)
  await checkOut(page, ['Pro', '$290', /year/i], 'Pay now')
  await pay(page)
  await settleIn(page, 'Payment received', OLIVIA)
}

async function toTheOrgDashboard({ keel, newVisitor }, options) {
  const page = await newVisitor(options)
  await buyProYearly(page, keel)
  await page.waitForURL('/org-dashboard')
  await at(page, 'Overview')
  await expectBilling(page, '/org-dashboard/billing', PRO_YEARLY)
}

journey('Pro, yearly, leads to the dashboard with plan, credits and one payment', {}, toTheOrgDashboard)

journey('Pro, yearly, with scripts off', {}, scene => toTheOrgDashboard(scene, { scripts: false }))

journey('Pro, yearly, on PostgreSQL', { database: 'postgres' }, scene => toTheOrgDashboard(scene))

journey('Pro, yearly, in b2c belongs to the personal account', { model: 'b2c' }, async ({ keel, newVisitor }) => {
  const page = await newVisitor()
  await buyProYearly(page, keel)
  await page.waitForURL('/private-dashboard')
  await at(page, `Welcome, ${OLIVIA.first}`)
  await expectBilling(page, '/private-dashboard/billing', PRO_YEARLY)
})
