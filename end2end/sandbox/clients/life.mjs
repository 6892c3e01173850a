// The life of a subscription, as ../README.md has it, told through Stripe's client for Node: `node life.mjs API KEY` prints what it saw.
import Stripe from 'stripe'

const [api, key] = process.argv.slice(2)
const { protocol, hostname: host, port } = new URL(api)
const stripe = new Stripe(key, { protocol: protocol.slice(0, -1), host, port, maxNetworkRetries: 0, telemetry: false })

const monthly = (name, unit_amount) => stripe.prices.create({ currency: 'usd', unit_amount, product_data: { name }, recurring: { interval: 'month' } })
const [small, large] = [await monthly('Small', 3000), await monthly('Large', 6000)]
const name = { [small.id]: 'small', [large.id]: 'large' }
const customer = await stripe.customers.create({ name: 'Acme', email: 'olivia@acme.example' })

const session = await stripe.checkout.sessions.create({
  mode: 'subscription', customer: customer.id, line_items: [{ price: small.id, quantity: 1 }], success_url: 'http://127.0.0.1:9/',
  subscription_data: { trial_period_days: 14 },
})
const card = { card_number: '4242424242424242', expiry: '12 / 40', cvc: '123' }
await press(session.url, { action: 'pay', ...card })
const { subscription: id } = await stripe.checkout.sessions.retrieve(session.id)
const expand = ['latest_invoice']
const now = () => stripe.subscriptions.retrieve(id, { expand })
const trial = await now()
const [{ id: item }] = trial.items.data

const ended = await stripe.subscriptions.update(id, { trial_end: 'now', payment_behavior: 'error_if_incomplete', expand })
const up = { items: [{ id: item, price: large.id }], proration_behavior: 'always_invoice' }
const preview = await stripe.invoices.createPreview({ subscription: id, subscription_details: up })
const upgraded = await stripe.subscriptions.update(id, { ...up, payment_behavior: 'error_if_incomplete', expand })

const begun = await stripe.subscriptionSchedules.create({ from_subscription: id })
const [{ start_date, end_date }] = begun.phases
const scheduled = await stripe.subscriptionSchedules.update(begun.id, {
  phases: [{ items: [{ price: large.id }], start_date, end_date }, { items: [{ price: small.id }], proration_behavior: 'none' }],
})
await nextPeriod()
const downgraded = await now()
const released = await stripe.subscriptionSchedules.release(begun.id)

const failing = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer: customer.id })
await stripe.subscriptions.update(id, { default_payment_method: failing.id })
const refused = await refusal(stripe.subscriptions.update(id, { ...up, payment_behavior: 'error_if_incomplete' }))
await nextPeriod()
const owed = await now()

const portal = await stripe.billingPortal.sessions.create({ customer: customer.id, return_url: 'http://127.0.0.1:9/back' })
const page = await press(`${portal.url}/card`, { action: 'save', ...card })
const paid = await stripe.invoices.pay(owed.latest_invoice.id, { expand: ['payments'] })
const { latest_charge } = await stripe.paymentIntents.retrieve(paid.payments.data[0].payment.payment_intent)
const refund = await stripe.refunds.create({ charge: latest_charge, amount: 1000, reason: 'requested_by_customer' })
const charge = await stripe.charges.retrieve(latest_charge)
const recovered = await now()
const cancelled = await stripe.subscriptions.cancel(id)
const events = []
for await (const { type } of stripe.events.list({ limit: 100 })) events.unshift(type)

console.log(JSON.stringify({
  trial: { ...state(trial), lasts: trial.trial_end - trial.trial_start },
  ended: state(ended),
  preview: bill(preview),
  upgraded: state(upgraded),
  scheduled: { status: scheduled.status, phases: scheduled.phases.map(phase => name[phase.items[0].price]) },
  downgraded: state(downgraded),
  released: { status: released.status, of_subscription: released.released_subscription === id },
  refused,
  owed: { ...state(owed), attempts: owed.latest_invoice.attempt_count },
  portal: { object: portal.object, saved: page },
  recovered: state(recovered),
  refund: { amount: refund.amount, status: refund.status, refunded: charge.amount_refunded, whole: charge.refunded },
  cancelled: { status: cancelled.status, has_ended: cancelled.ended_at !== null },
  events,
}))

function bill(invoice) {
  const lines = invoice.lines.data.map(({ amount, parent }) => ({ amount, proration: parent.subscription_item_details.proration }))
  return { status: invoice.status, reason: invoice.billing_reason, total: invoice.total, lines }
}

function state(subscription) {
  const [{ price, quantity }] = subscription.items.data
  return { status: subscription.status, price: name[price.id], quantity, invoice: bill(subscription.latest_invoice) }
}

/** A minute after the current period has ended. */
async function nextPeriod() {
  const { items: { data: [{ current_period_end: end }] } } = await now()
  const { now_ms } = await (await fetch(`${api}/_sandbox/clock`)).json()
  const body = JSON.stringify({ advance_ms: end * 1000 - now_ms + 60_000 })
  await fetch(`${api}/_sandbox/clock`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })
}

/** Presses a button on a page; answers the status. */
async function press(url, fields) {
  return (await fetch(url, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' })).status
}

/** What a call that has to fail fails with. */
async function refusal(call) {
  try {
    await call
  } catch (error) {
    return { status: error.statusCode, type: error.rawType, code: error.code, decline_code: error.decline_code }
  }
  throw new Error('a call succeeded that had to fail')
}
