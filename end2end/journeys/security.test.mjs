// How a person signs in: another address, another password, and the end of sessions.
import assert from 'node:assert/strict'
import { journey } from '../support/journey.mjs'
import { at, region, rows, says } from '../support/pages.mjs'
import { MAX, OLIVIA, expectFault, field, press, secret, signIn } from '../support/people.mjs'

const SECURITY = '/private-dashboard/settings/security'
const NEW = 'olivia@new.example'
const GOOD = 'a long walk on the quay'
const BETTER = 'a longer walk on the pier'
const main = page => page.getByRole('main')

/** Waits for a mail with this subject. */
const mailAbout = (keel, address, subject) => keel.mailTo(address, new RegExp(`^${subject}$`))

async function open(page) {
  await page.goto(SECURITY)
  await at(page, 'Security')
}

/** Somebody of the seed, signed in, on the page. */
async function comes({ keel, newVisitor }, email, options) {
  const page = await newVisitor(options)
  await signIn(page, keel, email)
  await open(page)
  return page
}

/** Whoever opens the page is asked to sign in. */
async function isOut(page) {
  await page.goto(SECURITY)
  await at(page, 'Sign in')
}

async function moving(scene, options) {
  const { keel } = scene
  await keel.command('seed')
  const phone = await comes(scene, OLIVIA.email, options)
  const desk = await comes(scene, OLIVIA.email, options)
  const email = region(desk, 'Email')
  await says(email, `You sign in as ${OLIVIA.email}.`)
  await field(desk, 'New email').fill(OLIVIA.email)
  await press(desk, 'Change email')
  await expectFault(field(desk, 'New email'))
  await at(desk, 'Security')
  await says(main(desk), 'New email: This is your address already.')

  await field(desk, 'New email').fill('olivia@typo.example')
  await press(desk, 'Change email')
  await says(email, 'We mailed a link to olivia@typo.example.')
  await at(desk, 'Security')
  const [astray] = (await keel.mailTo('olivia@typo.example')).links
  await press(email, 'Cancel')
  await says(main(desk), 'Your address stays as it is.')
  await desk.goto(astray)
  await at(desk, 'Not found')

  await open(desk)
  await field(desk, 'New email').fill(NEW)
  await press(desk, 'Change email')
  await says(main(desk), 'A link is on its way to your new address.')
  const notice = await mailAbout(keel, OLIVIA.email, 'A new email for your account at Keel')
  assert.ok(notice.text.includes(NEW) && notice.links.some(link => new URL(link).pathname === SECURITY))
  const [link] = (await keel.mailTo(NEW)).links
  const max = await comes(scene, MAX.email, options)
  await max.goto(link) // to somebody else it is unknown
  await at(max, 'Not found')
  await desk.goto(link)
  await at(desk, 'Confirm your new email')
  await says(main(desk), OLIVIA.email)
  await press(desk, `Use ${NEW}`)
  await says(main(desk), 'This is your address now.')
  await at(desk, 'Security')
  await says(email, `You sign in as ${NEW}.`)
  await isOut(phone)
  const told = await mailAbout(keel, OLIVIA.email, 'Your email for Keel was changed')
  assert.ok(told.text.includes(NEW) && told.text.includes('If it was not you'))

  await desk.goto(link) // it was good once
  await at(desk, "That didn't work")
  await says(main(desk), 'already been used')
  await signIn(phone, keel, NEW)
  await open(phone)
  await says(region(phone, 'Email'), NEW)
}

journey('an address is changed by the link that is mailed to the new one', {}, scene => moving(scene))

journey('an address is changed with scripts off, on PostgreSQL', { database: 'postgres' }, scene => moving(scene, { scripts: false }))

async function renewing(scene, options) {
  const { keel } = scene
  await keel.command('seed')
  const desk = await comes(scene, OLIVIA.email, options)
  const own = region(desk, 'Password')
  assert.equal(await own.getByLabel('Current password', { exact: true }).count(), 0, 'there is none yet')
  await secret(own, 'New password').fill('password123')
  await press(own, 'Save password')
  await expectFault(secret(desk, 'New password'))
  await at(desk, 'Security')
  await secret(own, 'New password').fill(GOOD)
  await press(own, 'Save password')
  await says(main(desk), 'Your new password is saved.')

  const phone = await scene.newVisitor(options)
  await phone.goto('/login')
  await field(phone, 'Email').fill(OLIVIA.email)
  await secret(phone, 'Password').fill(GOOD)
  await press(phone, 'Sign in')
  await at(phone, 'Overview')
  const notice = await mailAbout(keel, OLIVIA.email, 'New sign-in to your account at Keel')
  assert.ok(notice.text.includes('Chrome on Linux') && notice.text.includes('127.0.0.1'), notice.text)

  await open(desk)
  await secret(own, 'Current password').fill(BETTER)
  await secret(own, 'New password').fill(BETTER)
  await press(own, 'Save password')
  await expectFault(secret(desk, 'Current password'))
  await at(desk, 'Security')
  assert.equal(await secret(own, 'New password').inputValue(), '', 'a password is not repeated')
  await secret(own, 'Current password').fill(GOOD)
  await secret(own, 'New password').fill(BETTER)
  await press(own, 'Save password')
  await says(main(desk), 'Your new password is saved.')
  await at(desk, 'Security')
  await mailAbout(keel, OLIVIA.email, 'Your password for Keel was changed')
  await isOut(phone)
  await field(phone, 'Email').fill(OLIVIA.email)
  await secret(phone, 'Password').fill(BETTER)
  await press(phone, 'Sign in')
  await at(phone, 'Security') // where they wanted to go
}

journey('a password is set and changed, and the other browser is signed out', {}, scene => renewing(scene))

journey('a password is set and changed with scripts off', {}, scene => renewing(scene, { scripts: false }))

async function ending(scene, options) {
  const { keel } = scene
  await keel.command('seed')
  const [phone, tablet, library] = [
    await comes(scene, OLIVIA.email, options),
    await comes(scene, OLIVIA.email, options),
    await comes(scene, OLIVIA.email, options),
  ]
  const desk = await comes(scene, OLIVIA.email, options)
  const sessions = region(desk, 'Sessions')
  await says(sessions, 'Chrome on Linux', '127.0.0.1', 'by a code in a mail')
  assert.deepEqual((await rows(sessions)).map(cells => cells.at(-1)), ['This device', 'End session', 'End session', 'End session'])
  await sessions.getByRole('button', { name: 'End session', exact: true }).first().click() // the last used
  await says(main(desk), 'The session is over.')
  await at(desk, 'Security')
  assert.equal((await rows(sessions)).length, 3)
  await isOut(library)
  await open(tablet)

  await press(desk, 'End all other sessions')
  await says(main(desk), 'Every other session is over.')
  await at(desk, 'Security')
  assert.deepEqual((await rows(sessions)).map(cells => cells.at(-1)), ['This device'])
  assert.equal(await desk.getByRole('button', { name: 'End all other sessions' }).count(), 0)
  await isOut(phone)
  await isOut(tablet)
}

journey('one session is ended, then all others', {}, scene => ending(scene))

journey('sessions are ended with scripts off', {}, scene => ending(scene, { scripts: false }))
