// Every endpoint and every event of the sandbox, met in one story, fits Stripe's own declarations.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultsOf, VERSION } from './schema.mjs'
import { life } from './life.mjs'
import { CARD, KEY, order, pay, submit, until, withReceiver, withSandbox } from './support.mjs'

const DAY = 86_400_000
const SELLER = 'http://127.0.0.1:3000'

test('the checker sees what is missing, surplus or wrong', () => {
  const endpoint = {
    id: 'we_1', object: 'webhook_endpoint', api_version: null, application: null, created: 1, description: null,
    enabled_events: ['*'], livemode: false, metadata: {}, status: 'enabled', url: SELLER,
  }
  assert.deepEqual(faultsOf(endpoint, 'webhook_endpoint'), [])
  const wrong = [{ url: undefined }, { surplus: 1 }, { created: '1' }, { url: null }, { enabled_events: '*' }, { metadata: { a: 1 } }, { livemode: 'false' }, { object: 'customer' }]
  for (const change of wrong) {
    const changed = JSON.parse(JSON.stringify({ ...endpoint, ...change }))
    if ('url' in change && change.url === undefined) delete changed.url
    assert.equal(faultsOf(changed, 'webhook_endpoint').length, 1, JSON.stringify(change))
  }
  assert.match(faultsOf({ error: { type: 'invalid_request_error', message: 'No', code: 'no_such_code' } }, 'error')[0], /no_such_code/)
  assert.match(faultsOf({ object: 'event', type: 'customer.exploded' }, 'event')[0], /no event/)
})

test('every response and every event fits', { timeout: 120_000 }, () =>
  withReceiver(receiver => withSandbox(receiver, async sandbox => {
    const catalogue = await (await fetch(`${sandbox.api}/_sandbox/catalogue`)).json()
    assert.equal(catalogue.api_version, VERSION)
    const checks = new Checks()
    const call = caller(sandbox, checks)
    await story(sandbox, call)

    const events = await everything(call, '/v1/events', 'event')
    await call('GET', `/v1/events/${events[0].id}`, 'event')
    await until(receiver.received, events.length)
    for (const { body } of receiver.received) checks.add('webhook', JSON.parse(body), 'event')

    const unmet = (all, met) => all.filter(one => !met.has(one))
    assert.deepEqual(unmet(catalogue.endpoints, checks.endpoints(catalogue.endpoints)), [], 'endpoints without a call')
    assert.deepEqual(unmet(catalogue.events, new Set(events.map(event => event.type))), [], 'events that did not happen')
    console.log(`${checks.fit} of ${checks.total} bodies fit stripe@23.0.1: ${checks.calls.length} responses of ${catalogue.endpoints.length} endpoints, ${events.length} events of ${catalogue.events.length} kinds, listed and delivered`)
    assert.deepEqual(checks.faults, [])
  })))

/** What was compared, and what did not fit. */
class Checks {
  fit = 0
  total = 0
  calls = []
  faults = []

  add(from, body, kind) {
    const faults = faultsOf(body, kind)
    this.total += 1
    if (faults.length === 0) this.fit += 1
    this.faults.push(...faults.map(fault => `${from}: ${fault}`))
  }

  /** Which of these, such as `GET /v1/customers/{id}`, were called with success. */
  endpoints(all) {
    const pattern = endpoint => new RegExp(`^${endpoint.replaceAll('{id}', '[^/]+')}$`)
    return new Set(all.filter(endpoint => this.calls.some(({ called, ok }) => ok && pattern(endpoint).test(called))))
  }
}

/** `call(method, path, kind, fields)` answers the body after comparing it with what `kind` declares. */
function caller(sandbox, checks) {
  return async (method, path, kind, fields = {}, headers = {}) => {
    const form = new URLSearchParams(fields)
    const query = method === 'GET' && form.size > 0 ? `?${form}` : ''
    const response = await fetch(sandbox.api + path + query, {
      method,
      headers: { Authorization: `Bearer ${KEY}`, ...headers },
      body: method === 'GET' ? undefined : form,
    })
    const called = `${method} ${path.split('?')[0]}`
    const body = await response.json()
    assert.equal(response.ok, kind !== 'error', `${called}: ${JSON.stringify(body)}`)
    checks.calls.push({ called, ok: response.ok })
    checks.add(called, body, kind)
    return body
  }
}

/** All entries of a list, page by page. */
async function everything(call, path, kind) {
  const all = []
  for (let page; !page || page.has_more; all.push(...page.data)) {
    page = await call('GET', path, `list of ${kind}`, { limit: 100, ...(page && { starting_after: page.data.at(-1).id }) })
  }
  return all
}

async function story(sandbox, call) {
  const shop = await catalogue(call)
  const customer = await customers(call)
  await subscriptions(sandbox, call, shop, customer)
  await packs(sandbox, call, shop)
  await life(sandbox, call)
  await refusals(sandbox, call, shop, customer)
  await everythingAgain(call, customer)
}

async function catalogue(call) {
  const product = await call('POST', '/v1/products', 'product', { name: 'Pro', 'metadata[plan]': 'pro', 'images[]': `${SELLER}/pro.png` })
  await call('POST', `/v1/products/${product.id}`, 'product', { description: 'All of it', url: SELLER, unit_label: 'seat' })
  await call('GET', `/v1/products/${product.id}`, 'product')
  await call('GET', '/v1/products', 'list of product', { active: true })
  const price = (fields, from = { product: product.id }) => call('POST', '/v1/prices', 'price', { ...from, ...fields })
  const monthly = await price({ currency: 'usd', unit_amount: 2900, 'recurring[interval]': 'month', lookup_key: 'pro' })
  const yearly = await price({ currency: 'usd', unit_amount: 29000, 'recurring[interval]': 'year', lookup_key: 'pro', transfer_lookup_key: true, nickname: 'Yearly' })
  const pack = await price({ currency: 'jpy', unit_amount: 1900, tax_behavior: 'inclusive' }, { 'product_data[name]': 'Credits' })
  await call('POST', `/v1/prices/${yearly.id}`, 'price', { nickname: '', 'metadata[a]': 'b' })
  await call('GET', `/v1/prices/${monthly.id}`, 'price', { 'expand[]': 'product' })
  await call('GET', '/v1/prices', 'list of price', { 'lookup_keys[]': 'pro', 'expand[]': 'data.product' })
  return { monthly: monthly.id, yearly: yearly.id, pack: pack.id }
}

async function customers(call) {
  const { id } = await call('POST', '/v1/customers', 'customer', { email: 'olivia@acme.example', name: 'Acme', 'metadata[account_id]': 'acc_1' })
  await call('POST', `/v1/customers/${id}`, 'customer', { 'address[country]': 'DE', 'address[city]': 'Berlin', phone: '+49 30 1', tax_exempt: 'reverse', 'preferred_locales[]': 'de' })
  await call('POST', `/v1/customers/${id}`, 'customer', { 'metadata[account_id]': '', 'metadata[other]': '1', phone: '' })
  await call('GET', `/v1/customers/${id}`, 'customer')
  await call('GET', '/v1/customers', 'list of customer', { email: 'olivia@acme.example' })
  const { id: other } = await call('POST', '/v1/customers', 'customer', { name: 'Gone' })
  await call('DELETE', `/v1/customers/${other}`, 'customer')
  await call('GET', `/v1/customers/${other}`, 'customer')
  return id
}

const session = (call, price, fields) => call('POST', '/v1/checkout/sessions', 'checkout.session', {
  'line_items[0][price]': price, 'line_items[0][quantity]': 2, success_url: `${SELLER}/?s={CHECKOUT_SESSION_ID}`, cancel_url: SELLER, ...fields,
})

async function subscriptions(sandbox, call, shop, customer) {
  const everySwitch = {
    mode: 'subscription', customer, allow_promotion_codes: true, 'automatic_tax[enabled]': true, billing_address_collection: 'required',
    'tax_id_collection[enabled]': true, 'customer_update[name]': 'auto', 'customer_update[address]': 'auto', locale: 'de',
    'metadata[account_id]': 'acc_1', 'subscription_data[metadata][account_id]': 'acc_1', 'subscription_data[description]': 'Pro',
  }
  const bought = await session(call, shop.yearly, everySwitch)
  assert.equal((await pay(bought, CARD.declined)).status, 402)
  const asked = (await pay(bought, CARD.asking)).headers.get('location')
  const [waiting] = (await call('GET', '/v1/payment_intents', 'list of payment_intent', { customer })).data
  assert.equal(waiting.status, 'requires_action')
  await submit(sandbox.pages + asked, { action: 'fail' })
  await call('GET', `/v1/payment_intents/${waiting.id}`, 'payment_intent', { 'expand[]': 'customer' })
  await pay(bought, CARD.asking)
  await submit(sandbox.pages + asked, { action: 'complete' })
  const opened = await call('GET', `/v1/checkout/sessions/${bought.id}?expand[]=subscription.latest_invoice.payments&expand[]=line_items&expand[]=customer&expand[]=invoice`, 'checkout.session')
  assert.equal(opened.subscription.status, 'active')
  await call('GET', `/v1/checkout/sessions/${bought.id}/line_items`, 'list of item')

  const trial = await session(call, shop.monthly, { mode: 'subscription', customer, 'subscription_data[trial_period_days]': 14 })
  await pay(trial, CARD.failing)
  const { subscription: trialing } = await call('GET', `/v1/checkout/sessions/${trial.id}`, 'checkout.session')
  await call('GET', `/v1/subscriptions/${trialing}`, 'subscription', { 'expand[]': 'default_payment_method' })
  const cardless = await session(call, shop.monthly, {
    mode: 'subscription', customer_email: 'max@acme.example', payment_method_collection: 'if_required', 'subscription_data[trial_period_days]': 14,
    'subscription_data[trial_settings][end_behavior][missing_payment_method]': 'cancel',
  })
  await submit(cardless.url, { action: 'pay' })
  await order(sandbox, 'clock', { advance_ms: 370 * DAY })
  await call('GET', `/v1/subscriptions/${trialing}?expand[]=latest_invoice.payments`, 'subscription')

  const path = `/v1/subscriptions/${opened.subscription.id}`
  await call('POST', path, 'subscription', { cancel_at_period_end: true, 'cancellation_details[feedback]': 'unused', 'cancellation_details[comment]': 'Too much' })
  await call('POST', path, 'subscription', { cancel_at_period_end: false, 'metadata[a]': 'b', description: '' })
  await call('DELETE', path, 'subscription', { 'cancellation_details[comment]': 'Surplus' })
  await call('GET', '/v1/subscriptions', 'list of subscription', { status: 'all', 'expand[]': 'data.latest_invoice' })
}

async function packs(sandbox, call, shop) {
  const { id: customer } = await call('POST', '/v1/customers', 'customer', { name: 'Evil Corp' })
  const pack = await session(call, shop.pack, {
    mode: 'payment', customer, 'invoice_creation[enabled]': true, 'payment_intent_data[metadata][account_id]': 'acc_1', submit_type: 'pay',
    'payment_intent_data[setup_future_usage]': 'off_session', 'payment_intent_data[receipt_email]': 'olivia@acme.example',
  })
  await pay(pack, CARD.disputed)
  const paid = await call('GET', `/v1/checkout/sessions/${pack.id}?expand[]=payment_intent.latest_charge&expand[]=payment_intent.payment_method&expand[]=invoice`, 'checkout.session')
  const { latest_charge: charge, payment_method: method } = paid.payment_intent
  await call('GET', `/v1/charges/${charge.id}`, 'charge', { 'expand[]': 'payment_intent' })
  await call('GET', '/v1/charges', 'list of charge', { customer, 'expand[]': 'data.refunds' })
  await call('GET', `/v1/payment_methods/${method.id}`, 'payment_method')
  await call('POST', `/v1/customers/${customer}`, 'customer', { 'invoice_settings[default_payment_method]': method.id })
  await order(sandbox, 'clock', { advance_ms: 10_000 })
  const { data: [dispute] } = await call('GET', '/v1/disputes', 'list of dispute', { charge: charge.id })
  await call('GET', `/v1/disputes/${dispute.id}`, 'dispute', { 'expand[]': 'charge' })

  const left = await session(call, shop.pack, { mode: 'payment', customer_email: 'eve@evil.example' })
  await pay(left, CARD.asking)
  await call('POST', `/v1/checkout/sessions/${left.id}/expire`, 'checkout.session')
  await call('GET', '/v1/checkout/sessions', 'list of checkout.session', { customer })
}

async function refusals(sandbox, call, shop, customer) {
  await call('GET', '/v1/customers/cus_unknown', 'error')
  await call('GET', '/v1/unknown', 'error')
  await call('GET', '/v1/customers', 'error', { limit: 101 })
  await call('GET', '/v1/customers', 'error', {}, { Authorization: 'Bearer sk_test_wrong' })
  await call('GET', '/v1/customers', 'error', {}, { 'Stripe-Version': '2020-08-27' })
  await call('POST', '/v1/customers', 'error', { nonsense: 1 })
  await call('POST', '/v1/customers', 'error', { email: 'nobody' })
  await call('POST', '/v1/customers', 'error', { 'metadata[a]': 'x'.repeat(501) })
  await call('POST', '/v1/customers', 'error', { tax_exempt: 'maybe' })
  await call('POST', '/v1/prices', 'error', { product: 'prod_unknown', currency: 'usd', unit_amount: 1 })
  await call('POST', '/v1/prices', 'error', { currency: 'usd', unit_amount: 1 })
  await call('POST', '/v1/prices', 'error', { currency: 'dollars', unit_amount: 1, 'product_data[name]': 'Pro' })
  await call('POST', '/v1/prices', 'error', { currency: 'usd', unit_amount: 'much', 'product_data[name]': 'Pro' })
  await call('POST', '/v1/prices', 'error', { currency: 'usd', unit_amount: 1, 'product_data[name]': 'Pro', lookup_key: 'pro' })
  await call('POST', `/v1/prices/${shop.monthly}`, 'price', { active: false })
  const wanted = { mode: 'subscription', customer, 'line_items[0][quantity]': 1, success_url: SELLER }
  await call('POST', '/v1/checkout/sessions', 'error', { ...wanted, 'line_items[0][price]': shop.monthly })
  await call('POST', '/v1/checkout/sessions', 'error', { ...wanted, 'line_items[0][price]': shop.yearly, success_url: 'nowhere' })
  await call('POST', '/v1/checkout/sessions', 'error', { ...wanted, 'line_items[0][price]': shop.pack })
  await call('POST', '/v1/checkout/sessions', 'error', { ...wanted, 'line_items[0][price]': shop.yearly, allow_promotion_codes: 'perhaps' })
  await call('POST', '/v1/checkout/sessions', 'error', { ...wanted, customer: 'cus_unknown', 'line_items[0][price]': shop.yearly })
  await call('POST', '/v1/customers', 'customer', {}, { 'Idempotency-Key': 'one' })
  await call('POST', '/v1/customers', 'error', { name: 'Other' }, { 'Idempotency-Key': 'one' })
  for (const status of [402, 429, 500, 503]) {
    await order(sandbox, 'faults', { api_error: { status } })
    await call('GET', '/v1/customers', 'error')
  }
  await order(sandbox, 'faults', { api_error: { path: '/v1/customers', delay_ms: 3_000 } })
  const slow = call('POST', '/v1/customers', 'customer', {}, { 'Idempotency-Key': 'two' })
  await new Promise(resolve => setTimeout(resolve, 1_000))
  await call('POST', '/v1/customers', 'error', {}, { 'Idempotency-Key': 'two' })
  await slow
}

/** Every object there is by now, each as it ended. */
async function everythingAgain(call, customer) {
  const invoices = await everything(call, '/v1/invoices', 'invoice')
  for (const { id } of invoices) await call('GET', `/v1/invoices/${id}?expand[]=payments&expand[]=customer`, 'invoice')
  await call('GET', `/v1/invoices/${invoices[0].id}/lines`, 'list of line_item')
  const kinds = { charges: 'charge', payment_intents: 'payment_intent', invoice_payments: 'invoice_payment', disputes: 'dispute', products: 'product', prices: 'price', customers: 'customer', 'subscriptions?status=all': 'subscription', 'checkout/sessions': 'checkout.session' }
  for (const [path, kind] of Object.entries(kinds)) {
    const list = await call('GET', `/v1/${path}${path.includes('?') ? '&' : '?'}limit=100`, `list of ${kind}`)
    assert.ok(list.data.length > 0, path)
  }
  await call('GET', `/v1/customers/${customer}?expand[]=subscriptions&expand[]=tax_ids&expand[]=invoice_settings.default_payment_method`, 'customer')
  await call('POST', '/v1/webhook_endpoints', 'webhook_endpoint', { url: `${SELLER}/hook`, 'enabled_events[]': 'invoice.voided', description: 'Never called' })
  await call('GET', '/v1/webhook_endpoints', 'list of webhook_endpoint')
}
