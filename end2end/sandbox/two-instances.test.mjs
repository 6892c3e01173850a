// Two Keels on one database share one sandbox that is a process of its own: what is bought at one is there at the other.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { expectBilling, nextYear } from '../support/billing.mjs'
import { connectBrowser, launchBrowser, newVisitor } from '../support/browser.mjs'
import { createDatabase } from '../support/database.mjs'
import { startKeel } from '../support/keel.mjs'
import { OLIVIA, checkOut, choosePlan, pay, settleIn, signUp } from '../support/people.mjs'
import { KEY, SECRET, order, withSandbox } from './support.mjs'

const EVE = { email: 'eve@evil.example', first: 'Eve', last: 'Evans', phone: '+31 20 765 4321' }
const BOUGHT = {
  plan: ['Pro', 'Renews on', nextYear()],
  credits: '2,500',
  ledger: [['Subscription', '2,500']],
  payments: [['Pro', '$290', 'Paid']],
}

test('two instances share one sandbox', { timeout: 180_000 }, () =>
  withSandbox(null, sandbox => withTwoKeels(sandbox, async (one, other) => {
    for (const { base } of [one, other]) await order(sandbox, 'webhook_endpoints', { url: `${base}/api/stripe/webhook`, secret: SECRET })
    const server = await launchBrowser()
    process.env.KEEL_TEST_BROWSER = server.wsEndpoint()
    const browser = await connectBrowser()
    try {
      await Promise.all([[OLIVIA, one, other], [EVE, other, one]].map(async ([person, here, there]) => {
        const page = await newVisitor(browser, here.base)
        await buyProYearly(page, here, person)
        await expectBilling(page, `${there.base}/org-dashboard/billing`, BOUGHT)
      }))
    } finally {
      await browser.close()
      await server.close()
    }
    for (const kind of ['customers', 'subscriptions', 'invoices', 'charges']) {
      const response = await fetch(`${sandbox.api}/v1/${kind}?limit=100`, { headers: { Authorization: `Bearer ${KEY}` } })
      assert.equal((await response.json()).data.length, 2, kind)
    }
  })))

async function buyProYearly(page, keel, person) {
  await choosePlan(page, 'Pro', 'Yearly')
  await signUp(page, keel, person.email)
  await checkOut(page, ['Pro', '$290', /year/i], 'Pay now')
  await pay(page)
  await settleIn(page, 'Payment received', person)
  await page.waitForURL('**/org-dashboard')
}

/** Two Keels, started together, with the same database and secret. */
async function withTwoKeels(sandbox, use) {
  const database = await createDatabase()
  const env = {
    DATABASE_URL: database.url, KEEL_SECRET: randomBytes(32).toString('base64'),
    STRIPE_API_BASE: sandbox.api, STRIPE_SECRET_KEY: KEY, STRIPE_WEBHOOK_SECRET: SECRET,
  }
  const started = await Promise.allSettled([startKeel({ env }), startKeel({ env })])
  const keels = started.flatMap(({ value }) => value ?? [])
  try {
    for (const { reason } of started) if (reason) throw reason
    await use(...keels)
  } catch (error) {
    for (const keel of keels) console.error(keel.log())
    throw error
  } finally {
    await Promise.all(keels.map(keel => keel.stop()))
    await database.drop()
  }
}
