// The sandbox's pages in a real browser, with scripts and without: the bank's question, the portal, and the look inside.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectBrowser, launchBrowser, newVisitor } from '../support/browser.mjs'
import { at, says } from '../support/pages.mjs'
import { field, pay, payByBank, press } from '../support/people.mjs'
import { CARD, KEY, withReceiver, withSandbox } from './support.mjs'

for (const scripts of [true, false]) {
  test(`a bank's question is answered wrongly, then rightly, with scripts ${scripts ? 'on' : 'off'}`, { timeout: 60_000 }, () =>
    withReceiver(seller => withSandbox(seller, sandbox => withVisitor(sandbox, scripts, async page => {
      const success = `${seller.url.replace('127.0.0.1', 'localhost')}thanks`
      await page.goto((await open(sandbox, success)).url)
      await at(page, 'Pay')
      await pay(page, CARD.asking)
      await at(page, 'Confirm it is you')
      await says(page.getByRole('main'), '3155', '$29.00')
      await press(page, 'Fail')
      await at(page, 'Pay')
      await says(page.getByRole('alert'), 'Your bank could not confirm that it is you')
      await pay(page, CARD.asking)
      await at(page, 'Confirm it is you')
      await press(page, 'Complete')
      await page.waitForURL(success)
      await page.goto(`${sandbox.pages}/_sandbox`)
      await at(page, 'Inside the sandbox')
      await says(page.getByRole('main'), 'payment_intent.requires_action', 'checkout.session.completed', '"random"')
    }))))
}

for (const scripts of [true, false]) {
  test(`a bank account is typed wrongly, then rightly, with scripts ${scripts ? 'on' : 'off'}`, { timeout: 60_000 }, () =>
    withReceiver(seller => withSandbox(seller, sandbox => withVisitor(sandbox, scripts, async page => {
      const success = `${seller.url.replace('127.0.0.1', 'localhost')}thanks`
      await page.goto((await open(sandbox, success)).url)
      await at(page, 'Pay')
      await payByBank(page, '1')
      await says(page.getByRole('alert'), 'Check the fields marked below.')
      await at(page, 'Pay')
      await payByBank(page)
      await page.waitForURL(success)
      const { data: [{ status, payment_status: paid }] } = await call(sandbox, 'GET', '/v1/checkout/sessions')
      assert.deepEqual([status, paid], ['complete', 'unpaid'])
    }))))
}

for (const scripts of [true, false]) {
  test(`a subscription is looked after in the portal, with scripts ${scripts ? 'on' : 'off'}`, { timeout: 90_000 }, () =>
    withReceiver(seller => withSandbox(seller, sandbox => withVisitor(sandbox, scripts, async page => {
      const success = `${seller.url.replace('127.0.0.1', 'localhost')}thanks`
      await page.goto((await open(sandbox, success, { allow_promotion_codes: true })).url)
      await at(page, 'Pay')
      await pay(page, CARD.good)
      await page.waitForURL(success)
      const { data: [{ customer }] } = await call(sandbox, 'GET', '/v1/subscriptions')
      const { url } = await call(sandbox, 'POST', '/v1/billing_portal/sessions', { customer, return_url: success })
      await page.goto(url)
      await at(page, 'Billing')
      await says(page.getByRole('main'), '1 × Pro', '$29.00 per month', 'ending in 4242', 'Renews on')
      await follow(page, 'Update payment method')
      await at(page, 'Update payment method')
      await pay(page, CARD.declined, 'Save card')
      await says(page.getByRole('alert'), 'Your card was declined.')
      await pay(page, '5555 5555 5555 4444', 'Save card')
      await at(page, 'Billing')
      await says(page.getByRole('main'), 'ending in 4444')
      await follow(page, 'Cancel subscription')
      await at(page, 'Cancel subscription')
      await press(page, 'Cancel subscription')
      await at(page, 'Billing')
      await says(page.getByRole('main'), 'Cancels on')
      await press(page, "Don't cancel subscription")
      await says(page.getByRole('main'), 'Renews on')
      await follow(page, 'Update information')
      await at(page, 'Billing information')
      await field(page, 'Name').fill('Acme GmbH')
      await field(page, 'Country').fill('Germany')
      await press(page, 'Save')
      await says(page.getByRole('alert'), 'Check the fields marked below.')
      await at(page, 'Billing information')
      await field(page, 'Country').fill('DE')
      await field(page, 'Tax ID').fill('DE123456789')
      await press(page, 'Save')
      await at(page, 'Billing')
      await says(page.getByRole('main'), 'Acme GmbH', 'Tax ID DE123456789')
      const download = page.waitForEvent('download')
      await page.getByRole('link', { name: /^Download invoice / }).click()
      assert.match((await download).suggestedFilename(), /^invoice-.*\.pdf$/)
      await page.getByRole('link', { name: /^View invoice / }).click()
      await says(page.getByRole('main'), 'Paid on', '$29.00')
      await page.goto(url)
      await follow(page, 'Return')
      await page.waitForURL(success)
      await page.goto(`${sandbox.pages}/_sandbox/webhooks`)
      await at(page, 'Webhooks')
      await page.getByRole('button', { name: 'Resend customer.tax_id.created' }).click()
      await at(page, 'Webhooks')
    }))))
}

const follow = (page, name) => page.getByRole('link', { name, exact: true }).click()

async function withVisitor(sandbox, scripts, use) {
  const server = await launchBrowser()
  process.env.KEEL_TEST_BROWSER = server.wsEndpoint()
  const browser = await connectBrowser()
  try {
    await use(await newVisitor(browser, sandbox.pages, { scripts }))
  } finally {
    await browser.close()
    await server.close()
  }
}

async function call(sandbox, method, path, fields) {
  const response = await fetch(sandbox.api + path, { method, headers: { Authorization: `Bearer ${KEY}` }, body: fields && new URLSearchParams(fields) })
  assert.equal(response.status, 200)
  return response.json()
}

/** A session over 29 dollars a month that leads to `success`. */
async function open(sandbox, success, fields) {
  const price = await call(sandbox, 'POST', '/v1/prices', { currency: 'usd', unit_amount: 2900, 'recurring[interval]': 'month', 'product_data[name]': 'Pro' })
  const wanted = { mode: 'subscription', 'line_items[0][price]': price.id, 'line_items[0][quantity]': 1, success_url: success, ...fields }
  return call(sandbox, 'POST', '/v1/checkout/sessions', wanted)
}
