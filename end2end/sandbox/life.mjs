// The whole life of subscriptions, as ../README.md has it: what conformance.test.mjs compares beside buying.
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { CARD, order, pay, submit } from './support.mjs'

const DAY = 86_400_000
const SELLER = 'http://127.0.0.1:3000'

/** Everything that happens after buying. `call(method, path, kind, fields)` compares each answer with what `kind` declares. */
export async function life(sandbox, call) {
  const prices = await priced(call)
  const payer = await wallet(call, prices)
  await intents(call, payer)
  const subscription = await changes(sandbox, call, payer, prices)
  await portal(sandbox, call, payer, subscription)
  await schedules(sandbox, call, payer, prices)
  await discounts(call, prices)
  await papers(call, payer)
  await moneyBack(sandbox, call, prices)
  await slowMoney(sandbox, call)
  await asking(sandbox, call, prices)
  await arrears(sandbox, call, prices)
  await testClock(call)
}

async function priced(call) {
  const price = (amount, interval) => call('POST', '/v1/prices', 'price', {
    currency: 'eur', unit_amount: amount, 'product_data[name]': `Plan of ${amount}`, ...(interval && { 'recurring[interval]': interval }),
  })
  const [small, large, yearly, pack] = await Promise.all([price(3000, 'month'), price(6000, 'month'), price(60_000, 'year'), price(1900)])
  return { small: small.id, large: large.id, yearly: yearly.id, pack: pack.id }
}

/** A customer in Germany with a card that pays and one that fails. */
async function wallet(call) {
  const { id: customer } = await call('POST', '/v1/customers', 'customer', { name: 'Acme', email: 'olivia@acme.example', 'address[country]': 'DE', 'address[city]': 'Berlin' })
  const typed = { type: 'card', 'card[number]': CARD.good, 'card[exp_month]': 12, 'card[exp_year]': 2040, 'card[cvc]': 123, 'billing_details[name]': 'Olivia' }
  const good = await call('POST', '/v1/payment_methods', 'payment_method', typed)
  await call('POST', `/v1/payment_methods/${good.id}/attach`, 'payment_method', { customer })
  await call('POST', `/v1/payment_methods/${good.id}`, 'payment_method', { 'metadata[a]': 'b' })
  const failing = await call('POST', '/v1/payment_methods/pm_card_chargeCustomerFail/attach', 'payment_method', { customer })
  const surplus = await call('POST', '/v1/payment_methods/pm_card_mastercard/attach', 'payment_method', { customer })
  await call('POST', `/v1/payment_methods/${surplus.id}/detach`, 'payment_method')
  await call('POST', `/v1/customers/${customer}`, 'customer', { 'invoice_settings[default_payment_method]': good.id })
  await call('GET', '/v1/payment_methods', 'list of payment_method', { customer, type: 'card' })
  await call('GET', `/v1/customers/${customer}/payment_methods`, 'list of payment_method')
  return { customer, good: good.id, failing: failing.id }
}

async function intents(call, { customer }) {
  const wanted = { amount: 1900, currency: 'eur', customer, 'automatic_payment_methods[enabled]': true, 'automatic_payment_methods[allow_redirects]': 'never' }
  const intent = await call('POST', '/v1/payment_intents', 'payment_intent', wanted)
  await call('POST', `/v1/payment_intents/${intent.id}/confirm`, 'error', { payment_method: 'pm_card_chargeDeclined' })
  await call('POST', `/v1/payment_intents/${intent.id}/confirm`, 'payment_intent', { payment_method: 'pm_card_visa' })
  const left = await call('POST', '/v1/payment_intents', 'payment_intent', wanted)
  await call('POST', `/v1/payment_intents/${left.id}/cancel`, 'payment_intent', { cancellation_reason: 'abandoned' })
  const setup = await call('POST', '/v1/setup_intents', 'setup_intent', { customer, usage: 'off_session' })
  await call('POST', `/v1/setup_intents/${setup.id}/confirm`, 'error', { payment_method: 'pm_card_chargeDeclined' })
  await call('POST', `/v1/setup_intents/${setup.id}/confirm`, 'setup_intent', { payment_method: 'pm_card_mastercard' })
  const unused = await call('POST', '/v1/setup_intents', 'setup_intent', { customer })
  await call('POST', `/v1/setup_intents/${unused.id}/cancel`, 'setup_intent')
  await call('GET', `/v1/setup_intents/${setup.id}`, 'setup_intent', { 'expand[]': 'payment_method' })
  await call('GET', '/v1/setup_intents', 'list of setup_intent', { customer })
}

async function changes(sandbox, call, { customer, good, failing }, prices) {
  const made = { customer, 'items[0][price]': prices.small, 'automatic_tax[enabled]': true, default_payment_method: good, 'expand[]': 'latest_invoice' }
  const subscription = await call('POST', '/v1/subscriptions', 'subscription', made)
  assert.equal(subscription.latest_invoice.total_taxes.length, 1)
  const path = `/v1/subscriptions/${subscription.id}`
  const item = { 'items[0][id]': subscription.items.data[0].id }
  await order(sandbox, 'clock', { advance_ms: 10 * DAY })
  const asked = { subscription: subscription.id, 'subscription_details[items][0][id]': item['items[0][id]'], 'subscription_details[items][0][price]': prices.large }
  for (const behavior of ['always_invoice', 'create_prorations']) {
    await call('POST', '/v1/invoices/create_preview', 'invoice', { ...asked, 'subscription_details[proration_behavior]': behavior })
  }
  await call('POST', path, 'subscription', { ...item, 'items[0][price]': prices.large, proration_behavior: 'always_invoice', payment_behavior: 'error_if_incomplete' })
  await call('POST', path, 'subscription', { ...item, 'items[0][price]': prices.small, 'expand[]': 'latest_invoice' })
  const { data: waiting } = await call('GET', '/v1/invoiceitems', 'list of invoiceitem', { customer, pending: true })
  assert.equal(waiting.length, 2)
  await call('GET', `/v1/invoiceitems/${waiting[0].id}`, 'invoiceitem')

  await call('POST', path, 'subscription', { default_payment_method: failing })
  await call('POST', path, 'error', { ...item, 'items[0][quantity]': 9, proration_behavior: 'always_invoice', payment_behavior: 'error_if_incomplete' })
  const pending = { ...item, 'items[0][quantity]': 4, proration_behavior: 'always_invoice', payment_behavior: 'pending_if_incomplete' }
  const { latest_invoice: invoice, pending_update: update } = await call('POST', path, 'subscription', pending)
  assert.equal(update.subscription_items[0].quantity, 4)
  await call('POST', `/v1/invoices/${invoice}/pay`, 'error')
  await call('POST', `/v1/invoices/${invoice}/pay`, 'invoice', { payment_method: good })
  await call('POST', path, 'subscription', { ...pending, 'items[0][quantity]': 5 })
  await order(sandbox, 'clock', { advance_ms: DAY })
  assert.equal((await call('GET', path, 'subscription')).pending_update, null)
  await call('POST', path, 'subscription', { default_payment_method: good })
  return subscription.id
}

async function portal(sandbox, call, { customer }, subscription) {
  const opened = await call('POST', '/v1/billing_portal/sessions', 'billing_portal.session', {
    customer, return_url: SELLER, 'flow_data[type]': 'payment_method_update', 'flow_data[after_completion][type]': 'redirect',
    'flow_data[after_completion][redirect][return_url]': `${SELLER}/done`,
  })
  const card = number => submit(`${opened.url}/card`, { action: 'save', card_number: number, expiry: '12 / 40', cvc: '123' })
  assert.equal((await card(CARD.declined)).status, 402)
  const question = (await card(CARD.asking)).headers.get('location')
  assert.equal((await submit(sandbox.pages + question, { action: 'complete' })).headers.get('location'), `${SELLER}/done`)
  await submit(`${opened.url}/details`, { action: 'save', name: 'Acme GmbH', country: 'DE', city: 'Berlin', tax_id: 'DE123456789' })
  await submit(`${opened.url}/cancel/${subscription}`, {})
  await submit(`${opened.url}/resume/${subscription}`, {})
  const ending = await call('POST', '/v1/billing_portal/sessions', 'billing_portal.session', {
    customer, 'flow_data[type]': 'subscription_cancel', 'flow_data[subscription_cancel][subscription]': subscription,
    'flow_data[after_completion][type]': 'hosted_confirmation', 'flow_data[after_completion][hosted_confirmation][custom_message]': 'Bye', locale: 'de',
  })
  await submit(`${ending.url}/cancel/${subscription}`, {})
  assert.ok((await call('GET', `/v1/subscriptions/${subscription}`, 'subscription')).cancel_at > 0)
  const { data: [known] } = await call('GET', `/v1/customers/${customer}/tax_ids`, 'list of tax_id')
  await call('GET', `/v1/tax_ids/${known.id}`, 'tax_id')
  await call('POST', `/v1/customers/${customer}/tax_ids`, 'tax_id', { type: 'gb_vat', value: 'GB123456789' })
  await call('DELETE', `/v1/tax_ids/${known.id}`, 'tax_id')
  await call('DELETE', `/v1/subscriptions/${subscription}`, 'subscription', { prorate: true, invoice_now: true })
}

async function schedules(sandbox, call, { customer }, prices) {
  const scheduled = async () => {
    const { id } = await call('POST', '/v1/subscriptions', 'subscription', { customer, 'items[0][price]': prices.large })
    return call('POST', '/v1/subscription_schedules', 'subscription_schedule', { from_subscription: id, 'metadata[a]': 'b' })
  }
  const path = schedule => `/v1/subscription_schedules/${schedule.id}`
  const then = ({ phases: [phase] }, more) => ({
    'phases[0][items][0][price]': prices.large, 'phases[0][start_date]': phase.start_date, 'phases[0][end_date]': phase.end_date, ...more,
  })
  const kept = await scheduled()
  await call('POST', path(kept), 'subscription_schedule', then(kept, { 'phases[1][items][0][price]': prices.small, 'phases[1][metadata][c]': 'd' }))
  const ending = await scheduled()
  await call('POST', path(ending), 'subscription_schedule', then(ending, { end_behavior: 'cancel' }))
  const released = await scheduled()
  await call('POST', `${path(released)}/release`, 'subscription_schedule')
  const cancelled = await scheduled()
  await call('POST', `${path(cancelled)}/cancel`, 'subscription_schedule')
  await order(sandbox, 'clock', { advance_ms: 32 * DAY })
  const { status } = await call('GET', path(ending), 'subscription_schedule')
  assert.equal(status, 'completed')
  const { subscription } = await call('GET', path(kept), 'subscription_schedule', { 'expand[]': 'subscription' })
  assert.equal(subscription.items.data[0].price.id, prices.small)
  await call('GET', '/v1/subscription_schedules', 'list of subscription_schedule', { customer })
}

async function discounts(call, prices) {
  const coupon = await call('POST', '/v1/coupons', 'coupon', { percent_off: 12.5, duration: 'repeating', duration_in_months: 3, name: 'Spring' })
  await call('POST', `/v1/coupons/${coupon.id}`, 'coupon', { name: 'Summer' })
  await call('GET', `/v1/coupons/${coupon.id}`, 'coupon')
  const fixed = await call('POST', '/v1/coupons', 'coupon', { amount_off: 500, currency: 'eur', duration: 'once' })
  const code = await call('POST', '/v1/promotion_codes', 'promotion_code', { 'promotion[type]': 'coupon', 'promotion[coupon]': coupon.id, code: 'SUMMER' })
  await call('GET', `/v1/promotion_codes/${code.id}`, 'promotion_code', { 'expand[]': 'promotion.coupon' })
  await call('GET', '/v1/promotion_codes', 'list of promotion_code', { code: 'summer', active: true })
  await call('GET', '/v1/coupons', 'list of coupon')
  const buy = fields => call('POST', '/v1/checkout/sessions', 'checkout.session', {
    'line_items[0][price]': prices.small, 'line_items[0][quantity]': 2, success_url: SELLER, mode: 'subscription', ...fields,
  })
  const typed = await buy({ allow_promotion_codes: true })
  await submit(typed.url, { action: 'apply', promotion_code: 'SUMMER' })
  await pay(typed, CARD.good)
  const bought = await call('GET', `/v1/checkout/sessions/${typed.id}?expand[]=subscription.discounts&expand[]=invoice&expand[]=line_items`, 'checkout.session')
  assert.equal(bought.amount_total, 5250)
  assert.equal(bought.invoice.total_discount_amounts[0].amount, 750)
  await pay(await buy({ 'discounts[0][coupon]': fixed.id }), CARD.good)
  await call('POST', `/v1/promotion_codes/${code.id}`, 'promotion_code', { active: false })
  await call('DELETE', `/v1/coupons/${fixed.id}`, 'coupon')
}

async function papers(call, { customer }) {
  const item = await call('POST', '/v1/invoiceitems', 'invoiceitem', { customer, amount: 700, currency: 'eur', description: 'Surplus' })
  await call('DELETE', `/v1/invoiceitems/${item.id}`, 'invoiceitem')
  for (const end of ['pay', 'void']) {
    await call('POST', '/v1/invoiceitems', 'invoiceitem', { customer, amount: 90_000, currency: 'eur', description: 'Setup' })
    const draft = await call('POST', '/v1/invoices', 'invoice', { customer, currency: 'eur', pending_invoice_items_behavior: 'include' })
    await call('POST', `/v1/invoices/${draft.id}/finalize`, 'invoice')
    await call('POST', `/v1/invoices/${draft.id}/${end}`, 'invoice')
  }
}

async function moneyBack(sandbox, call, prices) {
  const charge = async card => {
    const session = await call('POST', '/v1/checkout/sessions', 'checkout.session', {
      'line_items[0][price]': prices.pack, 'line_items[0][quantity]': 1, success_url: SELLER, mode: 'payment', customer_email: 'eve@evil.example',
    })
    await pay(session, card)
    const { payment_intent: intent } = await call('GET', `/v1/checkout/sessions/${session.id}`, 'checkout.session', { 'expand[]': 'payment_intent' })
    return intent.latest_charge
  }
  const lost = await charge(CARD.returning)
  const { id: returned } = await call('POST', '/v1/refunds', 'refund', { charge: lost })
  await order(sandbox, 'clock', { advance_ms: DAY })
  assert.equal((await call('GET', `/v1/refunds/${returned}`, 'refund')).status, 'failed')
  const paid = await charge(CARD.good)
  const refund = await call('POST', '/v1/refunds', 'refund', { charge: paid, amount: 700, reason: 'requested_by_customer', 'metadata[a]': 'b' })
  await call('POST', '/v1/refunds', 'error', { charge: paid, amount: 1900 })
  await call('POST', `/v1/refunds/${refund.id}`, 'refund', { 'metadata[a]': 'c' })
  await call('GET', `/v1/refunds/${refund.id}`, 'refund', { 'expand[]': 'charge' })
  await call('GET', '/v1/refunds', 'list of refund', { charge: paid })
  await call('GET', `/v1/charges/${paid}`, 'charge', { 'expand[]': 'refunds' })

  const disputes = []
  for (let count = 0; count < 2; count += 1) {
    const disputed = await charge(CARD.disputed)
    await order(sandbox, 'clock', { advance_ms: 10_000 })
    disputes.push((await call('GET', '/v1/disputes', 'list of dispute', { charge: disputed })).data[0].id)
  }
  await call('POST', `/v1/disputes/${disputes[0]}`, 'dispute', { 'evidence[uncategorized_text]': 'It was used.', 'metadata[a]': 'b' })
  await order(sandbox, `disputes/${disputes[0]}`, { won: true })
  await call('POST', `/v1/disputes/${disputes[1]}/close`, 'dispute')
}

/** A bank account that pays days later, and one that does not. */
async function slowMoney(sandbox, call) {
  const price = await call('POST', '/v1/prices', 'price', { currency: 'usd', unit_amount: 1900, 'product_data[name]': 'Credits' })
  const waiting = []
  for (const number of ['000123456789', '000111111113']) {
    const session = await call('POST', '/v1/checkout/sessions', 'checkout.session', {
      'line_items[0][price]': price.id, 'line_items[0][quantity]': 1, success_url: SELLER, mode: 'payment', customer_email: 'slow@acme.example',
    })
    await submit(session.url, { action: 'bank', routing_number: '110000000', account_number: number })
    waiting.push(session.id)
  }
  const expand = { 'expand[]': 'payment_intent.latest_charge' }
  const paid = async id => (await call('GET', `/v1/checkout/sessions/${id}`, 'checkout.session', expand)).payment_status
  assert.deepEqual(await Promise.all(waiting.map(paid)), ['unpaid', 'unpaid'])
  const { data: [{ payment_method: account }] } = await call('GET', '/v1/payment_intents', 'list of payment_intent')
  await call('GET', `/v1/payment_methods/${account}`, 'payment_method')
  await order(sandbox, 'clock', { advance_ms: 4 * DAY })
  assert.deepEqual(await Promise.all(waiting.map(paid)), ['paid', 'unpaid'])
}

/** A card whose bank asks about a renewal, which its owner confirms on the invoice's page. */
async function asking(sandbox, call, prices) {
  const { id: customer } = await call('POST', '/v1/customers', 'customer', { name: 'Careful' })
  const { id: method } = await call('POST', '/v1/payment_methods/pm_card_authenticationRequired/attach', 'payment_method', { customer })
  const made = { customer, default_payment_method: method, 'items[0][price]': prices.small, trial_period_days: 10 }
  const { id } = await call('POST', '/v1/subscriptions', 'subscription', made)
  await order(sandbox, 'clock', { advance_ms: 11 * DAY })
  const now = () => call('GET', `/v1/subscriptions/${id}`, 'subscription', { 'expand[]': 'latest_invoice' })
  const { status, latest_invoice: invoice } = await now()
  assert.equal(status, 'past_due')
  await submit(`${invoice.hosted_invoice_url}/authenticate`, { action: 'complete' })
  assert.equal((await now()).status, 'active')
}

/** A card that fails until the last retry has failed as well. */
async function arrears(sandbox, call, prices) {
  const { id: customer } = await call('POST', '/v1/customers', 'customer', { name: 'Late' })
  const { id: method } = await call('POST', '/v1/payment_methods/pm_card_chargeCustomerFail/attach', 'payment_method', { customer })
  const made = { customer, default_payment_method: method, 'items[0][price]': prices.small, trial_period_days: 10 }
  const { id } = await call('POST', '/v1/subscriptions', 'subscription', made)
  for (let days = 0; days < 26; days += 1) await order(sandbox, 'clock', { advance_ms: DAY })
  const { status } = await call('GET', `/v1/subscriptions/${id}`, 'subscription', { 'expand[]': 'latest_invoice' })
  assert.equal(status, 'canceled')
}

async function testClock(call) {
  const path = '/v1/test_helpers/test_clocks'
  const clock = await call('POST', path, 'test_helpers.test_clock', { frozen_time: Math.floor(Date.now() / 1000) + 500 * 86_400, name: 'Later' })
  const ready = async () => {
    for (const end = Date.now() + 10_000; Date.now() < end; await pause(100)) {
      const known = await call('GET', `${path}/${clock.id}`, 'test_helpers.test_clock')
      if (known.status === 'ready') return known.frozen_time
    }
    throw new Error('the test clock does not arrive')
  }
  const time = await ready()
  await call('POST', `${path}/${clock.id}/advance`, 'test_helpers.test_clock', { frozen_time: time + 86_400 })
  await ready()
  await call('POST', '/v1/customers', 'customer', { test_clock: clock.id })
  await call('GET', path, 'list of test_helpers.test_clock')
  await call('DELETE', `${path}/${clock.id}`, 'test_helpers.test_clock')
}
