// A trial asks for a card, grants the plan's credits once and takes no money.
import { journey } from '../support/journey.mjs'
import { expectBilling } from '../support/billing.mjs'
import { at } from '../support/pages.mjs'
import { OLIVIA, checkOut, choosePlan, pay, settleIn, signUp } from '../support/people.mjs'

journey('a trial of Pro grants its credits once and takes no money', {}, async ({ keel, newVisitor }) => {
  const page = await newVisitor()
  await choosePlan(page, 'Pro', 'Yearly')
  await signUp(page, keel, OLIVIA.email)
  await checkOut(page, ['Pro', '$290'], '14 days free')
  await pay(page, undefined, 'Start trial')
  await settleIn(page, 'Your trial has started', OLIVIA)
  await at(page, 'Overview')
  await expectBilling(page, '/org-dashboard/billing', {
    plan: ['Pro', /trial/i],
    credits: '2,500',
    ledger: [['Trial', '2,500']],
    payments: [],
  })
})
