// Two-step verification: turned on with an app, signing in with it and with a recovery code, required by a workspace, turned off.
import assert from 'node:assert/strict'
import { authenticator } from '../support/authenticator.mjs'
import { journey } from '../support/journey.mjs'
import { checkKeyboard } from '../support/keyboard.mjs'
import { at, region, says } from '../support/pages.mjs'
import { MAX, OLIVIA, expectFault, field, press, proceed, signIn, signOut } from '../support/people.mjs'
import { until } from '../support/until.mjs'

const SECURITY = '/private-dashboard/settings/security'
const ON = 'Turn on two-step verification'
const OFF = 'Turn off two-step verification'
const main = page => page.getByRole('main')
const link = (page, name) => page.getByRole('link', { name, exact: true })

/** Gives the first code of an app with the key on the page, and keeps the recovery codes. Gives the key and the codes. */
async function setUp(page, app) {
  await at(page, ON)
  const key = await page.getByRole('group', { name: 'Key for your authenticator app' }).innerText()
  await page.getByRole('img', { name: 'QR code for your authenticator app' }).waitFor()
  await checkKeyboard(page)
  await field(page, 'Code').fill('12345')
  await press(page, 'Verify')
  await expectFault(field(page, 'Code'))
  await field(page, 'Code').fill(await app.code(key))
  await press(page, 'Verify')
  await at(page, 'Recovery codes')
  const codes = (await page.getByRole('group', { name: 'Your recovery codes' }).innerText()).split(/\s+/)
  assert.equal(codes.length, 10)
  await checkKeyboard(page)
  return { key, codes }
}

async function show(page, label, shown) {
  await field(page, label).fill(shown)
  await press(page, 'Verify')
}

async function signingIn({ keel, newVisitor }, options) {
  await keel.command('seed')
  const app = authenticator(keel)
  const page = await newVisitor(options)
  await signIn(page, keel, OLIVIA.email)
  await page.goto(SECURITY)
  await at(page, 'Security')
  await region(page, 'Two-step verification').getByRole('button', { name: ON, exact: true }).click()
  const { key, codes } = await setUp(page, app)
  await proceed(page)
  await at(page, 'Security')
  await says(region(page, 'Two-step verification'), /On since \d+ \w+ \d{4}/, '10 recovery codes left')
  assert.equal((await keel.mailTo(OLIVIA.email)).subject, 'Two-step verification is on')

  await signOut(page, OLIVIA)
  await signIn(page, keel, OLIVIA.email)
  await at(page, 'Two-step verification')
  await says(main(page), OLIVIA.email)
  await checkKeyboard(page)
  await page.goto('/org-dashboard')
  await at(page, 'Sign in') // the first step alone opens nothing
  await page.goto('/two-step')
  await show(page, 'Code', '000000')
  await expectFault(field(page, 'Code'))
  await show(page, 'Code', await app.code(key))
  await at(page, 'Overview')

  await page.goto(SECURITY)
  await signOut(page, OLIVIA)
  await signIn(page, keel, OLIVIA.email)
  await at(page, 'Two-step verification')
  await link(page, 'Use a recovery code').click()
  await show(page, 'Recovery code', 'something else')
  await expectFault(field(page, 'Recovery code'))
  await at(page, 'Two-step verification')
  await show(page, 'Recovery code', codes[0])
  await at(page, 'Overview')

  await page.goto(SECURITY)
  await press(page, 'New recovery codes')
  await at(page, 'Recovery codes')
  const newer = await page.getByRole('group', { name: 'Your recovery codes' }).innerText()
  assert.ok(!newer.includes(codes[1]))
  await page.reload()
  await at(page, 'Recovery codes')
  await says(main(page), 'shown once, when they are made')
  await link(page, 'To the security settings').click()
  await at(page, 'Security')

  await signOut(page, OLIVIA)
  await signIn(page, keel, OLIVIA.email)
  await at(page, 'Two-step verification')
  await press(page, 'Start over')
  await at(page, 'Sign in')
}

async function requiring({ keel, newVisitor }, options) {
  await keel.command('seed')
  const app = authenticator(keel)
  const [olivia, max] = [await newVisitor(options), await newVisitor(options)]
  await signIn(max, keel, MAX.email)
  await signIn(olivia, keel, OLIVIA.email)
  const required = page => page.getByRole('switch', { name: 'Require two-step verification', exact: true })
  await olivia.goto('/org-dashboard/settings')
  await at(olivia, 'Settings')
  assert.ok(await required(olivia).isDisabled())
  await region(olivia, 'Sign-in').getByRole('link', { name: ON, exact: true }).click()
  await at(olivia, ON)
  await press(olivia, ON)
  await setUp(olivia, app)
  await proceed(olivia)
  await at(olivia, 'Settings')
  await required(olivia).check()
  await region(olivia, 'Sign-in').getByRole('button', { name: 'Save', exact: true }).click()
  await at(olivia, 'Settings')
  await says(main(olivia), 'The choice is saved.')
  assert.ok(await required(olivia).isChecked())

  await until('a mail that says so', 10_000, async () => (await keel.mailTo(MAX.email)).subject === 'Acme requires two-step verification')
  await max.goto('/private-dashboard')
  await at(max, 'Two-step verification is required')
  await says(main(max), 'Acme opens only to people who sign in with two-step verification')
  await checkKeyboard(max)
  await link(max, ON).click()
  await at(max, ON)
  await press(max, ON)
  await setUp(max, app)
  await proceed(max)
  await at(max, 'Welcome, Max')

  await olivia.goto(SECURITY)
  await turnOff(olivia)
  await says(main(olivia), 'A workspace of yours requires two-step verification')
  await olivia.goto('/org-dashboard/settings')
  await required(olivia).uncheck()
  await region(olivia, 'Sign-in').getByRole('button', { name: 'Save', exact: true }).click()
  await at(olivia, 'Settings')
  await olivia.goto(SECURITY)
  await turnOff(olivia)
  await says(main(olivia), 'Two-step verification is off.')
  await says(region(olivia, 'Two-step verification'), 'Whoever gets hold of your password')
}

/** By the dialog that asks. */
async function turnOff(page) {
  await at(page, 'Security')
  await region(page, 'Two-step verification').getByRole('button', { name: OFF, exact: true }).click()
  await page.getByRole('dialog').getByRole('button', { name: OFF, exact: true }).click()
  await at(page, 'Security')
}

journey('two-step verification: an app, its codes, and codes on paper', {}, scene => signingIn(scene))

journey('two-step verification with scripts off, on PostgreSQL', { database: 'postgres' }, scene => signingIn(scene, { scripts: false }))

journey('a workspace requires two-step verification', {}, scene => requiring(scene))

journey('a workspace requires it, with scripts off', {}, scene => requiring(scene, { scripts: false }))
