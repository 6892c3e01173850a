// Four know about an account's money: the billing page, Keel's mirror of the subscription, its ledger, and the payment provider.
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { region, rows, says } from './pages.mjs'
import { stripe, timeOf } from './sandbox.mjs'

export const BILLING = '/org-dashboard/billing'
const PATIENCE = 20_000
const STATUS = { active: 'Active', past_due: 'Past due', trialing: 'Trial' }
const PAYMENT = { failed: 'Failed', paid: 'Paid', pending: 'Pending' }

/**
 * Holds once page, mirror, ledger and payment provider say the same of the one account there is: status, price, quantity, end of
 * the period, planned end, what was paid and what went back, credits; and `keel verify-ledger` finds no fault. What the payment
 * provider has told a moment ago is waited for, and so is what `wanted` names of what this gives. The page is the billing page
 * afterwards.
 *
 * Gives `{ status, plan, seats, renews, ends, credits, held, paid, payments, entries }`: the plan that counts, as Stripe names it,
 * its status, the end of its period and the planned end, credits and how many of them are held, what was charged in the order of
 * it, and how many rows the payments and the ledger have.
 */
export async function agree(page, keel, wanted = {}) {
  let fault
  for (const end = Date.now() + PATIENCE; Date.now() < end; await pause(200)) {
    try {
      const found = await compare(page, keel)
      for (const [name, value] of Object.entries(wanted)) assert.deepEqual(found[name], value, name)
      return found
    } catch (error) {
      fault = error
    }
  }
  throw fault
}

async function compare(page, keel) {
  const [theirs, ours] = [await atStripe(keel), await inTables(keel)]
  assert.equal(ours.waiting, 0, 'events wait to be looked at, or credits to expire')
  assert.deepEqual(ours.subscriptions, theirs.subscriptions, 'the mirror says what the payment provider says')
  assert.deepEqual(ours.moved, theirs.moved, 'payments are what was charged and what went back')
  assert.equal(ours.entries.reduce((sum, { amount }) => sum + amount, 0), ours.credits, 'the balance is the sum of the ledger')
  const live = ours.live && theirs.plans.get(ours.live)
  await onPage(page, live, ours)
  await keel.command('verify-ledger')
  return {
    status: live?.status, plan: live?.name, seats: live?.quantity, renews: live?.renews, ends: live?.ends,
    credits: ours.credits, held: ours.held, paid: theirs.charged, payments: ours.payments.length, entries: ours.entries.length,
  }
}

/** What the payment provider has. */
async function atStripe(keel) {
  const expanded = 'expand[]=data.items.data.price.product'
  const [{ data: subscriptions }, { data: charges }, { data: disputes }] = await Promise.all([
    stripe(keel, 'GET', `subscriptions?status=all&limit=100&${expanded}`), stripe(keel, 'GET', 'charges?limit=100'), stripe(keel, 'GET', 'disputes?limit=100'),
  ])
  const paid = charges.filter(charge => charge.paid).reverse()
  const disputed = (charge, statuses) =>
    disputes.filter(dispute => dispute.charge === charge.id && statuses.includes(dispute.status)).reduce((sum, { amount }) => sum + amount, 0)
  const moved = paid.map(charge => [charge.amount, charge.amount_refunded, disputed(charge, ['lost']), disputed(charge, ['needs_response', 'under_review'])])
  return {
    subscriptions: byId(subscriptions.map(mirrored)),
    plans: new Map(subscriptions.map(subscription => [subscription.id, planOf(subscription)])),
    moved: sorted(moved),
    charged: paid.map(({ amount }) => amount),
  }
}

const milliseconds = seconds => seconds && seconds * 1000

/** A subscription as the mirror keeps it. */
function mirrored({ id, status, cancel_at_period_end, cancel_at, items: { data: [item] } }) {
  return {
    id, status, price: item.price.id, unit: item.price.unit_amount, quantity: item.quantity, period_end: milliseconds(item.current_period_end),
    cancels: Number(cancel_at_period_end), cancel_at: milliseconds(cancel_at),
  }
}

/** A subscription as a page tells of it. */
function planOf({ status, cancel_at, trial_end, items: { data: [{ price, quantity, current_period_end }] } }) {
  const trial = status === 'trialing' ? milliseconds(trial_end) : null
  return {
    name: price.product.name, status, quantity, total: price.unit_amount * quantity, interval: price.recurring.interval,
    ends: milliseconds(cancel_at), trial, renews: milliseconds(current_period_end),
  }
}

/** What Keel's tables have. */
async function inTables(keel) {
  const [read, now] = [keel.rows, await timeOf(keel)]
  const [[{ waiting }], subscriptions, payments, entries, balances] = await Promise.all([
    read(`SELECT COUNT(*) AS waiting FROM (SELECT id FROM stripe_events WHERE state = 'new'
      UNION ALL SELECT id FROM credit_lots WHERE remaining > 0 AND expires_at <= ${now}) due`),
    read(`SELECT stripe_id AS id, status, stripe_price_id AS price, unit_amount AS unit, seats AS quantity, period_end,
      CASE WHEN cancel_at_period_end THEN 1 ELSE 0 END AS cancels, cancel_at, CASE WHEN live THEN 1 ELSE 0 END AS live
      FROM subscriptions WHERE stripe_id IS NOT NULL`),
    read('SELECT amount, refunded, lost, contested, status FROM payments'),
    read('SELECT amount FROM credit_entries'),
    read('SELECT balance, held FROM credit_balances'),
  ])
  const came = payments.filter(({ status }) => !['failed', 'pending'].includes(status))
  return {
    waiting,
    payments,
    entries,
    live: subscriptions.find(({ live }) => live)?.id,
    subscriptions: byId(subscriptions.map(({ live, ...subscription }) => subscription)),
    moved: sorted(came.map(({ amount, refunded, lost, contested }) => [amount, refunded, lost, contested])),
    credits: balances[0]?.balance ?? 0,
    held: balances[0]?.held ?? 0,
  }
}

const byId = all => all.sort((one, other) => (one.id < other.id ? -1 : 1))
const sorted = all => all.map(one => JSON.stringify(one)).sort()

async function onPage(page, live, { credits, payments }) {
  await page.goto(BILLING)
  const plan = region(page, 'Current plan')
  if (live) {
    const [sentence, date] = live.ends ? ['Ends on', live.ends] : live.trial ? ['Trial until', live.trial] : ['Renews on', live.renews]
    await says(plan, live.name, STATUS[live.status], `${money(live.total)} per ${live.interval}`, `${sentence} ${day(date)}`)
  } else {
    await says(plan, 'No plan yet')
  }
  await says(region(page, 'Credits'), credits.toLocaleString('en-US'))
  const shown = await rows(region(page, 'Recent payments'))
  assert.equal(shown.length, payments.length, `payments on the page: ${shown.join('; ')}`)
  for (const { amount, status } of payments) {
    const place = shown.findIndex(cells => cells.includes(money(amount)) && cells.some(cell => cell.includes(PAYMENT[status] ?? '')))
    assert.ok(place >= 0, `expected ${money(amount)}, ${status}, among ${shown.join('; ')}`)
    shown.splice(place, 1)
  }
}

/** Whole amounts carry no cents. */
export const money = minor =>
  (minor / 100).toLocaleString('en-US', { style: 'currency', currency: 'USD', minimumFractionDigits: minor % 100 ? 2 : 0, maximumFractionDigits: 2 })

const day = ms => new Date(ms).toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' })
