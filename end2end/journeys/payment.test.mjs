// Payments that do not go straight: a declined card, a change of mind, webhooks that never come or come in disorder.
import { journey } from '../support/journey.mjs'
import { expectBilling } from '../support/billing.mjs'
import { at, says } from '../support/pages.mjs'
import { CARD, OLIVIA, checkOut, choosePlan, pay, settleIn, signUp } from '../support/people.mjs'
import { setWebhooks } from '../support/sandbox.mjs'

const PRO_MONTHLY = {
  plan: ['Pro', 'Renews on'],
  credits: '2,500',
  ledger: [['Subscription', '2,500']],
  payments: [['Pro', '$29', 'Paid']],
}

async function toThePaymentPage({ keel, newVisitor }) {
  const page = await newVisitor()
  await choosePlan(page, 'Pro')
  await signUp(page, keel, OLIVIA.email)
  await checkOut(page, ['Pro', '$29'])
  return page
}

async function toTheDashboard(page) {
  await settleIn(page, 'Payment received', OLIVIA)
  await at(page, 'Overview')
  await expectBilling(page, '/org-dashboard/billing', PRO_MONTHLY)
}

journey('a declined card stays on the page with the reason, another one pays', {}, async scene => {
  const page = await toThePaymentPage(scene)
  await pay(page, CARD.declined)
  await page.getByText(/declined/i).first().waitFor()
  await at(page, 'Pay')
  await pay(page)
  await toTheDashboard(page)
})

journey('cancelling comes back to the checkout with the choice kept', {}, async scene => {
  const page = await toThePaymentPage(scene)
  await page.getByRole('link', { name: 'Cancel' }).or(page.getByRole('button', { name: 'Cancel' })).click()
  await at(page, 'Checkout')
  await says(page.getByRole('main'), 'Pro', '$29')
})

journey('the success page settles by itself when every webhook is lost', {}, async scene => {
  await setWebhooks(scene.keel, 'drop')
  const page = await toThePaymentPage(scene)
  await pay(page)
  await toTheDashboard(page)
})

for (const disorder of ['duplicate', 'reverse']) {
  journey(`webhooks that come in ${disorder} grant once`, {}, async scene => {
    await setWebhooks(scene.keel, disorder)
    const page = await toThePaymentPage(scene)
    await pay(page)
    await toTheDashboard(page)
  })
}
