// Invitations: inviting a list, joining as somebody new, as somebody signed in, as the wrong one, declining, seats.
import assert from 'node:assert/strict'
import { journey } from '../support/journey.mjs'
import { at, checkPage, region, rows, says } from '../support/pages.mjs'
import { OLIVIA, enterCode, field, introduce, mailedCode, press, signUp } from '../support/people.mjs'

const NINA = { email: 'nina@new.example', first: 'Nina', last: 'New', phone: '' }
const MAX = { email: 'max@other.example', first: 'Max', last: 'Moreau', phone: '' }
const EVE = { email: 'eve@evil.example', first: 'Eve', last: 'Evans', phone: '' }
const VERA = 'vera@new.example'
const HERS = "Olivia's workspace"
const JOIN = `Join ${HERS}`
const main = page => page.getByRole('main')
const link = (page, name) => page.getByRole('link', { name, exact: true })
const button = (page, name) => page.getByRole('button', { name, exact: true })

/** Somebody new who has told the name, in a workspace of their own. */
async function arrive({ keel, newVisitor }, person, options) {
  const page = await newVisitor(options)
  await page.goto('/signup')
  await signUp(page, keel, person.email)
  await introduce(page, person)
  await at(page, 'Overview')
  return page
}

/** Fills in the form of the page that invites, and sends it. */
async function invite(page, emails, role) {
  await field(page, 'Email addresses').fill(emails)
  await page.getByRole('combobox', { name: 'Role', exact: true }).selectOption(role)
  await press(page, 'Send invitations')
  await at(page, 'Invite members')
}

/** The page an invitation's mail leads to, opened there. */
async function follow(page, keel, email) {
  const [url] = (await keel.mailTo(email)).links
  assert.ok(url.includes('/invitations/'), url)
  await page.goto(url)
  await at(page, JOIN)
}

/** From an invitation's page, by an account for the address that is filled in, back to it. */
async function signUpToJoin(page, keel, email, heading) {
  await at(page, heading)
  assert.equal(await field(page, 'Email').inputValue(), email)
  await press(page, 'Email me a sign-in link')
  await at(page, 'Check your email')
  await enterCode(page, await mailedCode(keel, email))
  await at(page, JOIN)
}

async function threeAreInvited(scene, options) {
  const { keel, newVisitor } = scene
  const olivia = await arrive(scene, OLIVIA, options)
  await link(olivia, 'Invite people').click()
  await at(olivia, 'Invite members')
  await says(main(olivia), '1 of 3 seats used', 'Nobody is waiting to join')
  await invite(olivia, `Nina New <${NINA.email}>; nina at new.example`, 'Admin')
  await says(main(olivia), '1 invitation was sent.', 'nina: Type an e-mail address')
  assert.equal((await field(olivia, 'Email addresses').inputValue()).trim(), 'nina\nat\nnew.example')
  await invite(olivia, VERA, 'Viewer')
  await says(main(olivia), 'The invitations are on their way.', '3 of 3 seats used', 'Every seat is taken')
  await invite(olivia, MAX.email, 'Member')
  await says(main(olivia), `${MAX.email}: No seat is left for this one.`)

  const nina = await newVisitor(options)
  await follow(nina, keel, NINA.email)
  await says(main(nina), 'Olivia Owens', 'Admin', NINA.email)
  await link(nina, 'Accept invitation').click()
  await signUpToJoin(nina, keel, NINA.email, 'Create your account')
  await press(nina, 'Accept invitation')
  await introduce(nina, NINA)
  await at(nina, 'Overview')
  await button(nina, `Account: ${HERS}`).waitFor()
  assert.match((await keel.mailTo(OLIVIA.email)).subject, /joined Olivia's workspace/)

  const vera = await newVisitor(options)
  await follow(vera, keel, VERA)
  const again = vera.url()
  await press(vera, 'Decline')
  await at(vera, 'Sign in')
  await says(main(vera), 'You declined the invitation.')
  assert.equal((await vera.goto(again)).status(), 410)
  await at(vera, 'This invitation was answered')
  assert.match((await keel.mailTo(OLIVIA.email)).subject, /vera@new\.example declined/)

  const max = await arrive(scene, MAX, options)
  await nina.goto('/org-dashboard/members/invite')
  await at(nina, 'Invite members')
  await invite(nina, MAX.email, 'Member')
  const [pending] = await rows(region(nina, 'Pending invitations'))
  await says(region(nina, 'Pending invitations'), MAX.email)
  assert.ok(pending.includes('Nina New'), pending.join(' | '))

  const eve = await arrive(scene, EVE, options)
  await follow(eve, keel, MAX.email)
  await says(main(eve), MAX.email, `You are signed in as ${EVE.email}`)
  await press(eve, 'Switch account')
  await at(eve, JOIN)
  await link(eve, 'Accept invitation').waitFor()

  await follow(max, keel, MAX.email)
  await press(max, 'Accept invitation')
  await at(max, `Welcome, ${MAX.first}`)
  await says(main(max), 'You are in.', HERS)
  await olivia.goto('/org-dashboard/members/invite')
  await at(olivia, 'Invite members')
  await says(main(olivia), '3 of 3 seats used', 'Nobody is waiting to join')
}

journey('a new person joins, another declines, a third is somebody else first', {}, scene => threeAreInvited(scene))

journey('invitations with scripts off, on PostgreSQL', { database: 'postgres' }, scene => threeAreInvited(scene, { scripts: false }))

async function fromTheMembersPage(scene, options) {
  const { keel, newVisitor } = scene
  const olivia = await arrive(scene, OLIVIA, options)
  await link(olivia, 'Members').click()
  await at(olivia, 'Members')
  await says(region(olivia, 'Pending invitations'), 'Nobody is waiting to join')
  await link(olivia, 'Invite members').click()
  await at(olivia, 'Invite members')
  await invite(olivia, `${NINA.email}, ${VERA}`, 'Member')
  await link(olivia, 'Members').click()
  await at(olivia, 'Members')
  await says(region(olivia, 'Seats'), '3 of 3 seats used', 'Every seat is taken')
  const waiting = region(olivia, 'Pending invitations')
  await says(waiting, NINA.email, VERA)
  assert.deepEqual((await rows(waiting)).map(([role, by]) => `${role} ${by}`), ['Member Olivia Owens', 'Member Olivia Owens'])
  const row = email => waiting.getByRole('row').filter({ hasText: email })
  await press(row(NINA.email), 'Resend')
  await at(olivia, 'Members')
  await says(main(olivia), 'That was too often.')
  await fetch(`${keel.base}/dev/clock`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"advance_ms":31000}' })
  await press(row(NINA.email), 'Resend')
  await at(olivia, 'Members')
  await says(main(olivia), 'A new link is on its way.')
  const nina = await newVisitor(options)
  await follow(nina, keel, NINA.email)

  await press(row(VERA), 'Revoke')
  await at(olivia, 'Members')
  await says(main(olivia), 'The invitation is withdrawn.', '2 of 3 seats used')
  assert.equal((await rows(waiting)).length, 1)
}

journey('invitations are sent again and withdrawn on the members page', {}, scene => fromTheMembersPage(scene))

journey('the members page with scripts off, on PostgreSQL', { database: 'postgres' }, scene => fromTheMembersPage(scene, { scripts: false }))

journey('an invitation is sent again, withdrawn, and signing in waits for it', {}, async scene => {
  const { keel, newVisitor } = scene
  const olivia = await arrive(scene, OLIVIA)
  await olivia.goto('/org-dashboard/members/invite')
  await invite(olivia, NINA.email, 'Member')
  const [first] = (await keel.mailTo(NINA.email)).links
  await press(olivia, 'Resend')
  await at(olivia, 'Invite members')
  await says(main(olivia), 'That was too often.')
  await fetch(`${keel.base}/dev/clock`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"advance_ms":31000}' })
  await press(olivia, 'Resend')
  await at(olivia, 'Invite members')
  await says(main(olivia), 'A new link is on its way.')
  const nina = await newVisitor()
  assert.equal((await nina.goto(first)).status(), 404)
  await at(nina, 'Not found')
  await says(main(nina), 'the newest e-mail has the one that works')
  const [second] = (await keel.mailTo(NINA.email)).links

  await nina.goto('/signup')
  await signUp(nina, keel, NINA.email)
  await introduce(nina, NINA)
  await at(nina, 'Create a workspace')
  await says(main(nina), `Olivia Owens invites you to ${HERS}`)

  await press(olivia, 'Revoke')
  await at(olivia, 'Invite members')
  await says(main(olivia), 'The invitation is withdrawn.', '1 of 3 seats used')
  assert.equal((await nina.goto(second)).status(), 410)
  await at(nina, 'This invitation was withdrawn')
  await checkPage(nina)
})
