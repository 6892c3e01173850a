// What holds of Stripe and of the sandbox alike. The same steps are asked of the sandbox always, and of Stripe itself when
// STRIPE_TEST_KEY has the secret key of a test account; nothing is asserted that depends on which of them answers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import Stripe from 'stripe'
import { KEY, withSandbox } from './support.mjs'

const DAY = 86_400
const stripeKey = process.env.STRIPE_TEST_KEY

test('the sandbox keeps the contract', { timeout: 120_000 }, () => withSandbox(null, ({ api }) => {
  const { protocol, hostname: host, port } = new URL(api)
  return contract(new Stripe(KEY, { protocol: protocol.slice(0, -1), host, port, maxNetworkRetries: 0, telemetry: false }))
}))

test('Stripe keeps the contract', { timeout: 900_000 }, async t => {
  if (!stripeKey) {
    console.warn('\n*** SKIPPED: nothing was asked of Stripe itself. Set STRIPE_TEST_KEY to the secret key of a test account. ***\n')
    return t.skip('no STRIPE_TEST_KEY')
  }
  assert.match(stripeKey, /^(sk|rk)_test_/, 'STRIPE_TEST_KEY must be the key of a test account')
  await contract(new Stripe(stripeKey, { telemetry: false }))
})

async function contract(stripe) {
  const clock = await stripe.testHelpers.testClocks.create({ frozen_time: Math.floor(Date.now() / 1000) })
  try {
    const shop = await opened(stripe, clock)
    await previewsAreKept(stripe, shop)
    await refusalsLeaveNothingBehind(stripe, shop)
    await schedulesTurnWithThePeriod(stripe, clock, shop)
    await arrearsArePaidByANewCard(stripe, clock, shop)
    await moneyGoesBackOnce(stripe, shop)
    await endsAreFinal(stripe, shop)
  } finally {
    await stripe.testHelpers.testClocks.del(clock.id)
  }
}

/** Two prices, a customer with a good card, and a subscription whose trial has been ended on request. */
async function opened(stripe, clock) {
  const monthly = unit_amount => stripe.prices.create({ currency: 'usd', unit_amount, product_data: { name: `Contract ${unit_amount}` }, recurring: { interval: 'month' } })
  const [small, large] = [await monthly(3000), await monthly(6000)]
  const customer = await stripe.customers.create({ name: 'Contract', test_clock: clock.id })
  const method = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id })
  const { id, status, items } = await stripe.subscriptions.create({
    customer: customer.id, default_payment_method: method.id, items: [{ price: small.id }], trial_period_days: 14, metadata: { account_id: 'acc_1' },
  })
  assert.equal(status, 'trialing')
  const ended = await stripe.subscriptions.update(id, { trial_end: 'now', payment_behavior: 'error_if_incomplete', expand: ['latest_invoice'] })
  assert.equal(ended.status, 'active')
  assert.deepEqual([ended.latest_invoice.status, ended.latest_invoice.total], ['paid', 3000])
  assert.equal(ended.latest_invoice.parent.subscription_details.metadata.account_id, 'acc_1')
  return { small, large, customer, method, id, item: items.data[0].id }
}

const amounts = invoice => invoice.lines.data.map(line => [line.amount, line.parent.subscription_item_details.proration])

async function previewsAreKept(stripe, { id, item, large }) {
  const { items: { data: [{ current_period_start: start, current_period_end: end }] } } = await stripe.subscriptions.retrieve(id)
  const proration_date = Math.floor((start + end) / 2)
  const change = { items: [{ id: item, price: large.id }], proration_behavior: 'always_invoice', proration_date }
  const preview = await stripe.invoices.createPreview({ subscription: id, subscription_details: change })
  assert.ok(preview.lines.data.every(line => line.parent.subscription_item_details.proration), 'a change now shows its prorations alone')
  const changed = await stripe.subscriptions.update(id, { ...change, payment_behavior: 'error_if_incomplete', expand: ['latest_invoice'] })
  assert.deepEqual(amounts(changed.latest_invoice).toSorted(), amounts(preview).toSorted())
  assert.equal(changed.latest_invoice.total, preview.total)
  const share = (end - proration_date) / (end - start)
  assert.ok(Math.abs(preview.total - 3000 * share) <= 1, `${preview.total} for ${share} of the period`)
  assert.deepEqual([changed.latest_invoice.status, changed.latest_invoice.billing_reason], ['paid', 'subscription_update'])
  assert.equal(changed.items.data[0].current_period_end, end)
}

async function refusalsLeaveNothingBehind(stripe, { id, item, customer, method }) {
  const failing = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer: customer.id })
  await stripe.subscriptions.update(id, { default_payment_method: failing.id })
  const more = { items: [{ id: item, quantity: 5 }], proration_behavior: 'always_invoice', payment_behavior: 'error_if_incomplete' }
  const refused = await stripe.subscriptions.update(id, more).catch(error => error)
  assert.deepEqual([refused.statusCode, refused.rawType, refused.code], [402, 'card_error', 'card_declined'])
  const after = await stripe.subscriptions.retrieve(id)
  assert.deepEqual([after.status, after.items.data[0].quantity], ['active', 1])
  await stripe.subscriptions.update(id, { default_payment_method: method.id })
  assert.equal((await stripe.customers.retrieve('cus_unknown').catch(error => error)).code, 'resource_missing')
  assert.equal((await stripe.customers.create({ nonsense: 1 }).catch(error => error)).code, 'parameter_unknown')
}

async function schedulesTurnWithThePeriod(stripe, clock, { id, small, large }) {
  const schedule = await stripe.subscriptionSchedules.create({ from_subscription: id })
  const [{ start_date, end_date }] = schedule.phases
  await stripe.subscriptionSchedules.update(schedule.id, {
    end_behavior: 'release',
    phases: [{ items: [{ price: large.id, quantity: 1 }], start_date, end_date }, { items: [{ price: small.id, quantity: 1 }], proration_behavior: 'none', duration: { interval: 'month', interval_count: 1 } }],
  })
  assert.equal((await stripe.subscriptions.retrieve(id)).items.data[0].price.id, large.id)
  await advance(stripe, clock, end_date + DAY)
  const after = await stripe.subscriptions.retrieve(id, { expand: ['latest_invoice'] })
  assert.deepEqual([after.items.data[0].price.id, after.latest_invoice.total, after.latest_invoice.billing_reason], [small.id, 3000, 'subscription_cycle'])
  const released = await stripe.subscriptionSchedules.release(schedule.id)
  assert.deepEqual([released.status, released.released_subscription], ['released', id])
}

async function arrearsArePaidByANewCard(stripe, clock, { id, customer, method }) {
  const failing = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer: customer.id })
  const { items: { data: [{ current_period_end: end }] } } = await stripe.subscriptions.update(id, { default_payment_method: failing.id })
  await advance(stripe, clock, end + DAY)
  const owed = await stripe.subscriptions.retrieve(id, { expand: ['latest_invoice'] })
  assert.deepEqual([owed.status, owed.latest_invoice.status, owed.latest_invoice.attempt_count], ['past_due', 'open', 1])
  assert.ok(owed.latest_invoice.next_payment_attempt > end)
  await stripe.subscriptions.update(id, { default_payment_method: method.id })
  assert.equal((await stripe.invoices.pay(owed.latest_invoice.id)).status, 'paid')
  assert.equal((await stripe.subscriptions.retrieve(id)).status, 'active')
}

async function moneyGoesBackOnce(stripe, { id }) {
  const { latest_invoice } = await stripe.subscriptions.retrieve(id, { expand: ['latest_invoice.payments'] })
  const payment_intent = latest_invoice.payments.data[0].payment.payment_intent
  const part = await stripe.refunds.create({ payment_intent, amount: 1000 })
  assert.deepEqual([part.amount, part.status], [1000, 'succeeded'])
  const rest = await stripe.refunds.create({ payment_intent })
  assert.equal(rest.amount, latest_invoice.amount_paid - 1000)
  const { amount_refunded, refunded } = await stripe.charges.retrieve(rest.charge)
  assert.deepEqual([amount_refunded, refunded], [latest_invoice.amount_paid, true])
  assert.equal((await stripe.refunds.create({ payment_intent }).catch(error => error)).code, 'charge_already_refunded')
}

async function endsAreFinal(stripe, { id }) {
  const planned = await stripe.subscriptions.update(id, { cancel_at_period_end: true })
  assert.equal(planned.cancel_at, planned.items.data[0].current_period_end)
  const resumed = await stripe.subscriptions.update(id, { cancel_at_period_end: false })
  assert.equal(resumed.cancel_at, null)
  assert.equal((await stripe.subscriptions.cancel(id)).status, 'canceled')
  const again = await stripe.subscriptions.cancel(id).catch(error => error)
  assert.deepEqual([again.statusCode, again.code], [404, 'resource_missing'])
}

async function advance(stripe, clock, frozen_time) {
  await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time })
  for (const end = Date.now() + 300_000; Date.now() < end; await pause(stripeKey ? 2000 : 100)) {
    const { status } = await stripe.testHelpers.testClocks.retrieve(clock.id)
    if (status === 'ready') return
    assert.equal(status, 'advancing')
  }
  throw new Error('the test clock does not arrive')
}
