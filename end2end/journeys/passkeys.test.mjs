// Passkeys: adding one, signing in by it without an address, proving with it who one is, and what becomes of it afterwards.
import assert from 'node:assert/strict'
import { authenticator } from '../support/authenticator.mjs'
import { advance } from '../support/clock.mjs'
import { giveDevice } from '../support/devices.mjs'
import { journey } from '../support/journey.mjs'
import { checkKeyboard } from '../support/keyboard.mjs'
import { at, checkPage, region, rows, says } from '../support/pages.mjs'
import { MAX, OLIVIA, expectFault, field, press, proceed, signIn, signOut } from '../support/people.mjs'

const SECURITY = '/private-dashboard/settings/security'
const SIGN_IN = 'Sign in with a passkey'
/** Browsers know no passkeys at bare addresses. */
const NAMED = { host: 'localhost' }
const main = page => page.getByRole('main')
const button = (page, name) => page.getByRole('button', { name, exact: true })
const passkeys = page => region(page, 'Passkeys')

/** Waits for a mail about this. */
const mailAbout = (keel, subject, { email } = OLIVIA) => keel.mailTo(email, new RegExp(subject))

/** From the settings, a passkey on this device. */
async function add(page, name) {
  await page.goto(SECURITY)
  await at(page, 'Security')
  await field(page, 'Name').fill(name)
  await press(page, 'Add passkey')
  await page.getByRole('status').waitFor()
}

/** The same of a first one, with which recovery codes come: gives them. */
async function addFirst(page, name) {
  await add(page, name)
  await at(page, 'Recovery codes')
  await says(main(page), 'The passkey is added.')
  const codes = (await page.getByRole('group', { name: 'Your recovery codes' }).innerText()).split(/\s+/)
  assert.equal(codes.length, 10)
  await proceed(page)
  await at(page, 'Security')
  return codes
}

async function living({ keel, newVisitor }) {
  await keel.command('seed')
  const page = await newVisitor()
  await signIn(page, keel, OLIVIA.email)
  const device = await giveDevice(page)
  await page.goto(SECURITY)
  await says(passkeys(page), 'No passkeys yet')

  await addFirst(page, 'Laptop')
  await checkKeyboard(page)
  assert.deepEqual((await rows(passkeys(page))).map(([, used]) => used), ['Not yet'])
  await mailAbout(keel, 'A passkey was added')
  await field(page, 'Name').fill('Laptop again')
  await press(page, 'Add passkey')
  await page.getByRole('alert').waitFor()
  await at(page, 'Security')
  await says(main(page), 'This device holds a passkey for Keel already.')

  await page.getByRole('link', { name: 'Rename Laptop' }).click()
  await at(page, 'Security')
  await field(page, 'Name').fill('')
  await press(page, 'Save')
  await expectFault(field(page, 'Name'))
  await field(page, 'Name').fill('Work laptop')
  await press(page, 'Save')
  await says(main(page), 'The passkey has its new name.', 'Work laptop')

  await signOut(page, OLIVIA)
  await device.knowsPerson(false)
  await press(page, SIGN_IN)
  await page.getByRole('alert').waitFor()
  await at(page, 'Sign in')
  await says(main(page), 'No passkey was used, or not in time.')
  await checkKeyboard(page)
  await device.knowsPerson(true)
  await press(page, SIGN_IN)
  await at(page, 'Overview')

  await advance(keel, 11 * 60_000)
  await page.goto(SECURITY)
  await press(passkeys(page), 'Remove')
  const dialog = page.getByRole('dialog', { name: 'Remove Work laptop?' })
  await dialog.waitFor()
  await checkPage(page)
  await press(dialog, 'Remove')
  await at(page, 'Confirm it is you')
  await checkKeyboard(page)
  await press(page, 'Confirm with a passkey')
  await at(page, 'Security')
  await press(passkeys(page), 'Remove')
  await press(dialog, 'Remove')
  await says(main(page), 'The passkey is removed.', 'No passkeys yet')
  await mailAbout(keel, 'A passkey was removed')

  await signOut(page, OLIVIA)
  await press(page, SIGN_IN)
  await page.getByRole('alert').waitFor()
  await at(page, 'Sign in')
  await says(main(page), 'No account has this passkey, or not any more.')
  await device.forget()
  await signIn(page, keel, OLIVIA.email)
  await at(page, 'Overview')
}

journey('a passkey is added, named, used to sign in and to confirm, and removed', NAMED, scene => living(scene))

journey('passkeys on PostgreSQL', { ...NAMED, database: 'postgres' }, scene => living(scene))

journey('a passkey leads on to where somebody wanted to go', NAMED, async ({ keel, newVisitor }) => {
  await keel.command('seed')
  const page = await newVisitor()
  await signIn(page, keel, OLIVIA.email)
  await giveDevice(page)
  await add(page, '')
  await page.context().clearCookies()
  await page.goto('/org-dashboard/members')
  await at(page, 'Sign in')
  await press(page, SIGN_IN)
  await at(page, 'Members')
})

journey('adding a passkey asks first who one is, and keeps what was typed', NAMED, async ({ keel, newVisitor }) => {
  await keel.command('seed')
  const page = await newVisitor()
  await signIn(page, keel, OLIVIA.email)
  await giveDevice(page)
  await add(page, 'Laptop')
  await advance(keel, 11 * 60_000)
  await page.goto(SECURITY)
  await field(page, 'Name').fill('Key ring')
  await press(page, 'Add passkey')
  await at(page, 'Confirm it is you')
  await press(page, 'Confirm with a passkey')
  await at(page, 'Security')
  assert.equal(await field(page, 'Name').inputValue(), 'Key ring')
})

journey('where no script runs, no button is dead', NAMED, async ({ keel, newVisitor }) => {
  await keel.command('seed')
  const page = await newVisitor({ scripts: false })
  await page.goto('/login')
  await at(page, 'Sign in')
  assert.equal(await button(page, SIGN_IN).count(), 0)
  await signIn(page, keel, OLIVIA.email)
  await page.goto(SECURITY)
  await at(page, 'Security')
  assert.equal(await button(page, 'Add passkey').count(), 0)
  await says(passkeys(page), 'This browser cannot use passkeys.')
})

journey('at a bare address nothing is offered, and developers read why', {}, async ({ keel, newVisitor }) => {
  await keel.command('seed')
  const page = await newVisitor()
  await page.goto('/login')
  await at(page, 'Sign in')
  assert.equal(await button(page, SIGN_IN).count(), 0)
  await signIn(page, keel, OLIVIA.email)
  await page.goto(SECURITY)
  await at(page, 'Security')
  await says(passkeys(page), 'Browsers know no passkeys at bare IP addresses.')
})

journey('a passkey takes the second step in the place of the app, and goes on', NAMED, async ({ keel, newVisitor }) => {
  await keel.command('seed')
  const app = authenticator(keel)
  const page = await newVisitor()
  await signIn(page, keel, OLIVIA.email)
  const device = await giveDevice(page)
  await addFirst(page, 'Laptop')
  await press(page, 'Turn on two-step verification')
  await at(page, 'Turn on two-step verification')
  const key = await page.getByRole('group', { name: 'Key for your authenticator app' }).innerText()
  await field(page, 'Code').fill(await app.code(key))
  await press(page, 'Verify')
  await at(page, 'Security')
  await says(region(page, 'Two-step verification'), /On since/, '10 recovery codes left')

  await signOut(page, OLIVIA)
  await signIn(page, keel, OLIVIA.email)
  await at(page, 'Two-step verification')
  await device.knowsPerson(false)
  await press(page, 'Confirm with a passkey')
  await page.getByRole('alert').waitFor()
  await at(page, 'Two-step verification')
  await says(main(page), 'No passkey was used, or not in time.')
  await checkKeyboard(page)
  await device.knowsPerson(true)
  await press(page, 'Confirm with a passkey')
  await at(page, 'Overview')

  await advance(keel, 11 * 60_000)
  await page.goto(SECURITY)
  await press(page, 'New recovery codes')
  await at(page, 'Confirm it is you')
  await checkKeyboard(page)
  await press(page, 'Confirm with a passkey')
  await at(page, 'Security')
  await signOut(page, OLIVIA)
  await press(page, SIGN_IN)
  await at(page, 'Overview') // both factors at once
})

journey('where a workspace requires a second factor, a passkey is one and the last one stays', NAMED, async ({ keel, newVisitor }) => {
  await keel.command('seed')
  const [olivia, max] = [await newVisitor(), await newVisitor()]
  const codes = []
  for (const [page, person] of [[olivia, OLIVIA], [max, MAX]]) {
    await signIn(page, keel, person.email)
    await giveDevice(page)
    codes.push(await addFirst(page, 'Laptop'))
  }
  await olivia.goto('/org-dashboard/settings')
  await olivia.getByRole('switch', { name: 'Require two-step verification', exact: true }).check()
  await region(olivia, 'Sign-in').getByRole('button', { name: 'Save', exact: true }).click()
  await at(olivia, 'Settings')
  await says(main(olivia), 'The choice is saved.')
  await olivia.goto(SECURITY)
  await press(passkeys(olivia), 'Remove')
  await press(olivia.getByRole('dialog', { name: 'Remove Laptop?' }), 'Remove')
  await olivia.getByRole('alert').waitFor()
  await at(olivia, 'Security')
  await says(main(olivia), 'this is your only second factor')

  const without = await newVisitor({ scripts: false })
  await signIn(without, keel, MAX.email)
  await without.goto('/private-dashboard')
  await at(without, 'Two-step verification is required')
  await says(main(without), 'This browser cannot use passkeys.')
  await byRecoveryCode(without, codes[1][0])
  await mailAbout(keel, 'A recovery code was used', MAX)

  await signOut(max, MAX)
  await signIn(max, keel, MAX.email)
  await max.goto('/private-dashboard')
  await at(max, 'Two-step verification is required')
  await checkKeyboard(max)
  await press(max, 'Confirm with a passkey')
  await at(max, 'Welcome, Max')
})

/** From the page that requires a second factor, past it by a recovery code, to new ones. */
async function byRecoveryCode(page, code) {
  await page.getByRole('link', { name: 'Use a recovery code', exact: true }).click()
  await at(page, 'Two-step verification is required')
  await page.getByRole('link', { name: 'Confirm with a passkey', exact: true }).waitFor()
  for (const typed of ['something else', code]) {
    await field(page, 'Recovery code').fill(typed)
    await press(page, 'Verify')
    if (typed !== code) await expectFault(field(page, 'Recovery code'))
  }
  await at(page, 'Welcome, Max')
  await page.goto(SECURITY)
  await at(page, 'Security')
  await says(region(page, 'Two-step verification'), '9 recovery codes left')
  await press(page, 'New recovery codes')
  await at(page, 'Recovery codes')
  await proceed(page)
  await at(page, 'Security')
  await says(region(page, 'Two-step verification'), '10 recovery codes left')
}
