// The story of ../README.md, told through Stripe's client for Node: `node node.mjs API KEY` prints what it saw.
import { once } from 'node:events'
import { createServer } from 'node:http'
import Stripe from 'stripe'

const [api, key] = process.argv.slice(2)
const { protocol, hostname: host, port } = new URL(api)
const connect = key => new Stripe(key, { protocol: protocol.slice(0, -1), host, port, maxNetworkRetries: 0, telemetry: false })
const stripe = connect(key)

const received = []
const receiver = createServer(async (request, response) => {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  received.push({ body: Buffer.concat(chunks), signature: request.headers['stripe-signature'] })
  response.end()
}).listen(0, '127.0.0.1')
await once(receiver, 'listening')
const endpoint = await stripe.webhookEndpoints.create({ url: `http://127.0.0.1:${receiver.address().port}/`, enabled_events: ['*'] })

const product = await stripe.products.create({ name: 'Pro', metadata: { plan: 'pro' } })
const price = await stripe.prices.create({ product: product.id, currency: 'usd', unit_amount: 2900, recurring: { interval: 'month' }, lookup_key: 'pro_month' })

const ada = await stripe.customers.create({ name: 'Ada', email: 'ada@acme.example', metadata: { account_id: 'acc_1' } }, { idempotencyKey: 'ada' })
const again = await stripe.customers.create({ name: 'Ada', email: 'ada@acme.example', metadata: { account_id: 'acc_1' } }, { idempotencyKey: 'ada' })
const reused = await refusal(stripe.customers.create({ name: 'Eve' }, { idempotencyKey: 'ada' }))
for (const name of ['Bea', 'Cleo']) await stripe.customers.create({ name })

const opened = await stripe.checkout.sessions.create({
  mode: 'subscription', customer: ada.id, line_items: [{ price: price.id, quantity: 2 }],
  success_url: 'http://127.0.0.1:9/?session={CHECKOUT_SESSION_ID}', cancel_url: 'http://127.0.0.1:9/',
  subscription_data: { metadata: { account_id: 'acc_1' } },
})
const card = new URLSearchParams({ action: 'pay', card_number: '4242424242424242', expiry: '12 / 40', cvc: '123' })
const page = await fetch(opened.url, { method: 'POST', body: card, redirect: 'manual' })
const session = await stripe.checkout.sessions.retrieve(opened.id, { expand: ['subscription', 'invoice'] })
const subscription = await stripe.subscriptions.retrieve(session.subscription.id)
const invoice = await stripe.invoices.retrieve(subscription.latest_invoice)

const prices = await stripe.prices.list({ lookup_keys: ['pro_month', 'other'], active: true })
const names = []
for await (const { name } of stripe.customers.list({ limit: 2 })) names.push(name)
const events = []
for await (const { type } of stripe.events.list({ limit: 5 })) events.unshift(type)

for (const end = Date.now() + 10_000; received.length < events.length && Date.now() < end; ) await new Promise(resolve => setTimeout(resolve, 20))
receiver.closeAllConnections()
receiver.close()
const verify = ({ body, signature }, secret = endpoint.secret) => stripe.webhooks.constructEvent(body, signature, secret).type
const isRefused = (webhook, secret) => {
  try {
    verify(webhook, secret)
    return false
  } catch (error) {
    return error instanceof Stripe.errors.StripeSignatureVerificationError
  }
}
const [{ body, signature }] = received

await fault({ status: 429 })
const hurried = await refusal(stripe.customers.list())
await fault({ status: 500 })
const broken = await refusal(stripe.customers.list())
// Twice, because this client asks again by itself, once, when a line is cut.
await fault({ hang_up: true, after_commit: true, count: 2 })
const lost = () => stripe.customers.create({ email: 'lost@acme.example' }, { idempotencyKey: 'lost' })
const cut = await refusal(lost())
const found = await lost().catch(lost)
const kept = await stripe.customers.list({ email: 'lost@acme.example' })

console.log(JSON.stringify({
  product: { object: product.object, name: product.name, active: product.active, metadata: product.metadata },
  price: { type: price.type, unit_amount: price.unit_amount, currency: price.currency, interval: price.recurring.interval, of_product: price.product === product.id },
  customer: { name: ada.name, email: ada.email, account_id: ada.metadata.account_id, livemode: ada.livemode },
  same_key: { same_customer: again.id === ada.id, other_parameters: reused },
  opened: { status: opened.status, payment_status: opened.payment_status, mode: opened.mode, amount_total: opened.amount_total, currency: opened.currency },
  page: page.status,
  session: { status: session.status, payment_status: session.payment_status, url: session.url, subscription: session.subscription.status, invoice: session.invoice.status },
  subscription: {
    status: subscription.status, currency: subscription.currency, account_id: subscription.metadata.account_id, of_customer: subscription.customer === ada.id,
    items: subscription.items.data.map(item => ({ lookup_key: item.price.lookup_key, quantity: item.quantity, has_ended: item.current_period_end <= item.current_period_start })),
  },
  invoice: {
    status: invoice.status, total: invoice.total, amount_paid: invoice.amount_paid, billing_reason: invoice.billing_reason, of_session: invoice.id === session.invoice.id,
    lines: invoice.lines.data.map(line => ({ amount: line.amount, quantity: line.quantity, description: line.description })),
  },
  prices: prices.data.map(price => price.lookup_key),
  customers: names,
  events,
  webhooks: {
    as_listed: JSON.stringify(received.map(webhook => verify(webhook))) === JSON.stringify(events),
    changed_is_refused: isRefused({ body: body.toString().replace('created', 'treated'), signature }),
    wrong_secret_is_refused: isRefused({ body, signature }, 'whsec_wrong'),
  },
  refusals: {
    missing: await refusal(stripe.customers.retrieve('cus_unknown')),
    price: await refusal(stripe.checkout.sessions.create({ mode: 'payment', line_items: [{ price: 'price_unknown', quantity: 1 }], success_url: 'http://127.0.0.1:9/' })),
    email: await refusal(stripe.customers.create({ email: 'nobody' })),
    key: await refusal(connect('sk_test_wrong').customers.list()),
    hurried,
    broken,
  },
  lost_answer: { first: cut, customers: kept.data.length, same_customer: kept.data[0].id === found.id },
}))

/** Orders trouble for the next call. */
function fault(api_error) {
  return fetch(`${api}/_sandbox/faults`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ api_error }) })
}

/** What a call that has to fail fails with. */
async function refusal(call) {
  try {
    await call
  } catch (error) {
    if (error instanceof Stripe.errors.StripeConnectionError) return 'no connection'
    return { status: error.statusCode, type: error.rawType, code: error.code ?? null, param: error.param ?? null }
  }
  throw new Error('a call succeeded that had to fail')
}
