// Passwords: signing up with one, signing in by it, getting it wrong, forgetting it.
import assert from 'node:assert/strict'
import { journey } from '../support/journey.mjs'
import { at, says } from '../support/pages.mjs'
import { OLIVIA, enterCode, expectFault, field, introduce, mailedCode, press, secret, signOut } from '../support/people.mjs'

const GOOD = 'a long walk on the quay'
const BETTER = 'a longer walk on the pier'
const COMMON = 'password123'
const BRIEF = 'xkq-7'
const main = page => page.getByRole('main')

/** Fills in address and password and presses the button. */
async function give(page, button, password, email = OLIVIA.email) {
  await field(page, 'Email').fill(email)
  await secret(page, 'Password').fill(password)
  await press(page, button)
}

/** The form is back with what is wrong at its password, the address still in it, and the password in no place of the page. */
async function expectRefused(page, heading, password, words) {
  await expectFault(secret(page, 'Password'))
  await at(page, heading)
  await says(main(page), words)
  assert.equal(await field(page, 'Email').inputValue(), OLIVIA.email)
  await expectForgotten(page, 'Password', password)
}

async function expectForgotten(page, label, password) {
  assert.equal(await secret(page, label).inputValue(), '')
  assert.ok(!(await page.content()).includes(password), 'a password is not repeated')
}

/** Waits for a mail with this subject. */
const mailAbout = (keel, subject) => keel.mailTo(OLIVIA.email, new RegExp(subject))

/** Signs up with a password, by the code in the mail, up to the overview of the new workspace. */
async function signUp(page, keel) {
  await page.goto('/signup')
  await at(page, 'Create your account')
  await give(page, 'Create account', GOOD)
  await at(page, 'Check your email')
  await enterCode(page, await mailedCode(keel, OLIVIA.email))
  await introduce(page, OLIVIA)
  await at(page, 'Overview')
}

/** Signs in by the password, up to the overview. */
async function signIn(page, password) {
  await page.goto('/login')
  await at(page, 'Sign in')
  await give(page, 'Sign in', password)
  await at(page, 'Overview')
}

/** From the sign-in page, by the mail, to the page that asks for a new password. */
async function forget(page, keel) {
  await page.goto('/login')
  await page.getByRole('link', { name: 'Forgot your password?' }).click()
  await at(page, 'Reset your password')
  await press(page, 'Email me a reset link')
  await expectFault(field(page, 'Email'))
  await field(page, 'Email').fill(OLIVIA.email)
  await press(page, 'Email me a reset link')
  await at(page, 'Reset your password')
  await says(main(page), 'A mail is on its way')
  const mail = await mailAbout(keel, 'Reset your password')
  const link = mail.links.find(url => new URL(url).pathname === '/reset-password')
  await page.goto(link)
  await at(page, 'Choose a new password')
  await says(main(page), OLIVIA.email)
  return link
}

async function signingIn({ keel, newVisitor }, options) {
  const page = await newVisitor(options)
  await page.goto('/signup')
  for (const [password, words] of [[COMMON, 'Too many people use a password like this'], [BRIEF, 'too short']]) {
    await give(page, 'Create account', password)
    await expectRefused(page, 'Create your account', password, words)
  }
  await signUp(page, keel)
  await signOut(page, OLIVIA)
  await give(page, 'Sign in', BETTER)
  await expectRefused(page, 'Sign in', BETTER, 'do not belong together')
  await signIn(page, GOOD)
}

async function forgetting({ keel, newVisitor }, options) {
  const desk = await newVisitor(options)
  await signUp(desk, keel)
  const phone = await newVisitor(options)
  const link = await forget(phone, keel)
  await secret(phone, 'New password').fill(COMMON)
  await press(phone, 'Save password')
  await expectFault(secret(phone, 'New password'))
  await at(phone, 'Choose a new password')
  await expectForgotten(phone, 'New password', COMMON)
  await secret(phone, 'New password').fill(BETTER)
  await press(phone, 'Save password')
  await at(phone, 'Overview')
  await says(main(phone), 'Your new password is saved')

  await desk.reload()
  await at(desk, 'Sign in') // every other session has ended
  const notice = await mailAbout(keel, 'was changed')
  assert.ok(notice.text.includes('every other session has ended'))
  await give(desk, 'Sign in', GOOD)
  await expectRefused(desk, 'Sign in', GOOD, 'do not belong together')
  await signIn(desk, BETTER)

  await desk.goto(link) // it was good once
  await at(desk, "That didn't work")
  await says(main(desk), 'already been used')
}

journey('a password signs up and in; a common, a short and a wrong one are refused', {}, scene => signingIn(scene))

journey('a password signs up and in with scripts off', {}, scene => signingIn(scene, { scripts: false }))

journey('a forgotten password is chosen anew, and every other session ends', {}, scene => forgetting(scene))

journey('a forgotten password with scripts off', {}, scene => forgetting(scene, { scripts: false }))

journey('passwords on PostgreSQL, in b2c', { database: 'postgres', model: 'b2c' }, async ({ keel, newVisitor }) => {
  const page = await newVisitor()
  await page.goto('/signup')
  await give(page, 'Create account', GOOD)
  await at(page, 'Check your email')
  await enterCode(page, await mailedCode(keel, OLIVIA.email))
  await introduce(page, OLIVIA)
  await at(page, `Welcome, ${OLIVIA.first}`)
  await signOut(page, OLIVIA)
  await give(page, 'Sign in', GOOD)
  await at(page, `Welcome, ${OLIVIA.first}`)
})
