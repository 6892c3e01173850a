// The free plan needs no card and no payment page.
import { journey } from '../support/journey.mjs'
import { expectBilling } from '../support/billing.mjs'
import { at, says } from '../support/pages.mjs'
import { OLIVIA, choosePlan, press, settleIn, signUp } from '../support/people.mjs'

journey('the free plan starts without a card and grants its credits', {}, async ({ keel, newVisitor }) => {
  const page = await newVisitor()
  await choosePlan(page, 'Free')
  await signUp(page, keel, OLIVIA.email)
  await at(page, 'Checkout')
  await says(page.getByRole('main'), 'Free')
  await press(page, 'Start with Free')
  await settleIn(page, "You're on Free", OLIVIA)
  await at(page, 'Overview')
  await expectBilling(page, '/org-dashboard/billing', {
    plan: ['Free'],
    credits: '100',
    ledger: [['Free plan', '100']],
    payments: [],
  })
})
