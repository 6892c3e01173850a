// The sandbox's pages in a real browser, with scripts and without: the bank's question and the look inside.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectBrowser, launchBrowser, newVisitor } from '../support/browser.mjs'
import { at, says } from '../support/pages.mjs'
import { pay, press } from '../support/people.mjs'
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

/** A session over 29 dollars a month that leads to `success`. */
async function open(sandbox, success) {
  const post = async (path, fields) => {
    const response = await fetch(sandbox.api + path, { method: 'POST', headers: { Authorization: `Bearer ${KEY}` }, body: new URLSearchParams(fields) })
    assert.equal(response.status, 200)
    return response.json()
  }
  const price = await post('/v1/prices', { currency: 'usd', unit_amount: 2900, 'recurring[interval]': 'month', 'product_data[name]': 'Pro' })
  return post('/v1/checkout/sessions', { mode: 'subscription', 'line_items[0][price]': price.id, 'line_items[0][quantity]': 1, success_url: success })
}
