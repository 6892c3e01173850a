// What a billing page says about an account's plan, credits and payments.
import assert from 'node:assert/strict'
import { at, region, rows, says } from './pages.mjs'

/**
 * Opens a billing page and compares it. `plan` is what the current plan says, `credits` the balance; `ledger` and
 * `payments` have a list per row: what the row says.
 */
export async function expectBilling(page, path, { plan, credits, ledger, payments }) {
  await page.goto(path)
  await at(page, 'Billing')
  await says(region(page, 'Current plan'), ...plan)
  await says(region(page, 'Credits'), credits)
  await expectRows(page, 'Credit transactions', ledger)
  await expectRows(page, 'Recent payments', payments)
}

async function expectRows(page, name, expected) {
  const found = (await rows(region(page, name))).map(cells => cells.join(' | '))
  assert.equal(found.length, expected.length, `rows of ${name}: ${found.join('; ')}`)
  for (const [number, things] of expected.entries()) {
    for (const thing of things) assert.ok(found[number].includes(thing), `expected ${thing} in ${name}: ${found[number]}`)
  }
}

/** The year in which a yearly plan bought today renews. */
export const nextYear = () => String(new Date().getUTCFullYear() + 1)
