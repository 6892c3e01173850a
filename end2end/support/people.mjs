// What people do on Keel's pages, step by step, by the names they see. Every page on the way is checked.
import assert from 'node:assert/strict'
import { at, region, says } from './pages.mjs'
import { codeIn } from './mail.mjs'

/** The cast; the same people as in the Rust tests. */
export const OLIVIA = { email: 'olivia@acme.example', first: 'Olivia', last: 'Owens', phone: '+31 20 123 4567' }
export const MAX = { email: 'max@acme.example', first: 'Max', last: 'Moreau' }
export const VERA = { email: 'vera@acme.example', first: 'Vera', last: 'Vogel' }

export const CARD = {
  ok: '4242 4242 4242 4242',
  declined: '4000 0000 0000 0002',
  /** Can be saved, and fails when it is charged. */
  failing: '4000 0000 0000 0341',
  /** The bank asks its owner about every charge. */
  asking: '4000 0027 6000 3184',
  disputed: '4000 0000 0000 0259',
  /** Refunds come back after a day. */
  returning: '4000 0000 0000 5126',
}

export const press = (page, name) => page.getByRole('button', { name, exact: true }).click()
/** A password's field has no role. */
export const secret = (page, name) => page.getByLabel(name, { exact: true })
export const field = (page, name) => page.getByRole('textbox', { name, exact: true })

const choose = (page, group, choice) => page.getByRole('radiogroup', { name: group }).getByRole('radio', { name: choice }).check()

/** From the pricing page to the page a choice leads to. */
export async function choosePlan(page, plan, period = 'Monthly') {
  await page.goto('/pricing')
  await at(page, 'Pricing')
  await choose(page, 'Billing period', period)
  await region(page, plan).getByRole('button', { name: `Choose ${plan}`, exact: true }).click()
}

/** From sign-up to the page that asks for the code. */
export async function askForMail(page, email) {
  await at(page, 'Create your account')
  await field(page, 'Email').fill(email)
  await press(page, 'Email me a sign-in link')
  await at(page, 'Check your email')
}

export async function enterCode(page, code) {
  await field(page, 'Code').fill(code)
  await press(page, 'Verify')
}

/** The newest code that somebody was mailed. Other mail may come at the same moment, as when the clock has just been moved. */
export const mailedCode = async (keel, email) => codeIn(await keel.mailTo(email, /^\d{6} /))

/** From sign-up, by the code in the mail, to wherever that leads. */
export async function signUp(page, keel, email) {
  await askForMail(page, email)
  await enterCode(page, await mailedCode(keel, email))
}

/** From nowhere, by the code in the mail, to wherever somebody who has an account is led. */
export async function signIn(page, keel, email) {
  await page.goto('/login')
  await field(page, 'Email').fill(email)
  await press(page, 'Email me a sign-in link')
  await at(page, 'Check your email')
  await enterCode(page, await mailedCode(keel, email))
  await page.waitForURL(url => url.pathname !== '/verify' && !url.pathname.startsWith('/api/'))
}

/** Asks for the link to a new password. */
export async function askForReset(page, email) {
  await page.goto('/forgot-password')
  await at(page, 'Reset your password')
  await field(page, 'Email').fill(email)
  await press(page, 'Email me a reset link')
  await page.getByRole('status').waitFor()
}

/** From the checkout, which says `summary`, to the payment page. `start` chooses between paying now and a trial. */
export async function checkOut(page, summary, start) {
  await at(page, 'Checkout')
  await says(page.getByRole('main'), ...summary)
  if (start) await choose(page, 'Start', start)
  await press(page, 'Continue to payment')
  await at(page, 'Pay')
}

/** Fills in a card and presses the payment page's button. */
export async function pay(page, card = CARD.ok, button = 'Pay') {
  await field(page, 'Card number').fill(card)
  await field(page, 'Expiry').fill('12 / 34')
  await field(page, 'CVC').fill('123')
  await press(page, button)
}

/** The same with a bank account, whose bank answers days later. */
export async function payByBank(page, account = '000123456789') {
  await field(page, 'Routing number').fill('110000000')
  await field(page, 'Account number').fill(account)
  await press(page, 'Pay by bank')
}

/** Answers the bank's question. */
export async function confirm(page, answer = 'Complete') {
  await at(page, 'Confirm it is you')
  await press(page, answer)
}

/** From the page after paying, headed `heading`, by the questions about the person, to the dashboard. */
export async function settleIn(page, heading, person) {
  await at(page, heading)
  await proceed(page)
  await introduce(page, person)
}

/** Answers the questions about the person. */
export async function introduce(page, { first, last, phone }) {
  await at(page, 'About you')
  await field(page, 'First name').fill(first)
  await field(page, 'Last name').fill(last)
  await field(page, 'Phone').fill(phone)
  await proceed(page)
}

/** Opens the account switcher, in which `account` is the current one. */
export const openAccounts = (page, account) => press(page, `Account: ${account}`)

/** Switches from one account to another. */
export async function switchAccount(page, from, to) {
  await openAccounts(page, from)
  await page.getByRole('listitem').filter({ hasText: to }).getByRole('button').click()
}

/** By the menu of somebody who has told the name, to the page for signing in. */
export async function signOut(page, { email }) {
  await press(page, `Signed in as ${email}`)
  await press(page, 'Sign out')
  await at(page, 'Sign in')
}

/** Continue, be it a link or a button. */
export const proceed = page => page.getByRole('button', { name: 'Continue', exact: true }).or(page.getByRole('link', { name: 'Continue', exact: true })).click()

/** Waits until the field is marked as wrong; what it is described by says why. */
export async function expectFault(input) {
  await input.and(input.page().locator('[aria-invalid=true]')).waitFor()
  await input.page().waitForLoadState()
  const reason = await input.evaluate(element => {
    const ids = [element.getAttribute('aria-errormessage'), element.getAttribute('aria-describedby')].join(' ')
    return ids.split(/\s+/).map(id => document.getElementById(id)?.innerText ?? '').join(' ').trim()
  })
  assert.ok(reason, 'the field says what is wrong')
}

/** On the page that asks who one is, by a mailed code. */
export async function stepUp(page, keel, person) {
  await at(page, 'Confirm it is you')
  await press(page, 'Email me a code')
  await at(page, 'Confirm it is you')
  await says(page.getByRole('main'), 'A new code is on its way.')
  await enterCode(page, codeIn(await keel.mailTo(person.email, /confirms that it is you/)))
}
