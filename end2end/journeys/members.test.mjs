// Members: an owner finds people, changes what they may do and removes them, and what is open elsewhere obeys.
import assert from 'node:assert/strict'
import { journey } from '../support/journey.mjs'
import { at, checkPage, region, rows, says } from '../support/pages.mjs'
import { MAX, OLIVIA, VERA, field, press, signIn } from '../support/people.mjs'

const main = page => page.getByRole('main')
const link = (page, name) => page.getByRole('link', { name, exact: true })
const choose = (page, role) => page.getByRole('combobox', { name: 'Role', exact: true }).selectOption(role)
const fullName = ({ first, last }) => `${first} ${last}`

/** Somebody of the cast, signed in, on the page with this heading. */
async function arrive({ keel, newVisitor }, person, heading, options) {
  const page = await newVisitor(options)
  await signIn(page, keel, person.email)
  await at(page, heading)
  return page
}

/** From the list of members to one of them. */
async function open(page, person) {
  await link(page, fullName(person)).click()
  await at(page, fullName(person))
}

async function changeRole(page, person, role) {
  await open(page, person)
  await choose(page, role)
  await press(page, 'Change role')
  await at(page, fullName(person))
  await says(main(page), 'The role is changed.')
  await says(region(page, 'Details'), role)
  await link(page, 'All members').click()
  await at(page, 'Members')
}

async function managing(scene, options) {
  await scene.keel.command('seed')
  const olivia = await arrive(scene, OLIVIA, 'Overview', options)
  const max = await arrive(scene, MAX, 'Welcome, Max', options)
  const vera = await arrive(scene, VERA, 'Welcome, Vera', options)

  await link(olivia, 'Members').click()
  await at(olivia, 'Members')
  await says(region(olivia, 'Seats'), '4 of 3 seats used')
  const seen = (await rows(region(olivia, 'People'))).map(([email, role]) => `${email} ${role}`)
  assert.deepEqual(seen, [
    'adam@acme.example Admin',
    'max@acme.example Member',
    'olivia@acme.example Owner Billing owner',
    'vera@acme.example Viewer',
  ])

  await field(olivia, 'Search').fill('max@')
  await press(olivia, 'Search')
  await at(olivia, 'Members')
  assert.equal((await rows(region(olivia, 'People'))).length, 1)
  await changeRole(olivia, MAX, 'Admin')

  await max.reload()
  await link(max, 'Overview').click()
  await at(max, 'Overview')
  await link(max, 'Members').click()
  await at(max, 'Members')
  await changeRole(olivia, MAX, 'Viewer')
  await link(max, 'Overview').click()
  await at(max, 'Welcome, Max')
  assert.equal(await link(max, 'Members').count(), 0)

  await open(olivia, VERA)
  await press(olivia, 'Remove from workspace')
  const dialog = olivia.getByRole('dialog', { name: 'Remove Vera Vogel from Acme?' })
  await dialog.waitFor()
  await says(dialog, 'Their name stays on old records.')
  await checkPage(olivia)
  await press(dialog, 'Cancel')
  await dialog.waitFor({ state: 'hidden' })
  await press(olivia, 'Remove from workspace')
  await press(dialog, 'Remove from workspace')
  await at(olivia, 'Members')
  await says(main(olivia), 'They are no longer in this workspace.', '3 of 3 seats used')
  assert.equal((await scene.keel.mailTo(VERA.email)).subject, 'You are no longer in Acme')
  await link(vera, 'Home').click()
  await at(vera, 'Create a workspace')

  await open(olivia, OLIVIA)
  await press(olivia, 'Leave workspace')
  await press(olivia.getByRole('dialog', { name: 'Leave Acme?' }), 'Leave workspace')
  await at(olivia, fullName(OLIVIA))
  await says(main(olivia), 'A workspace needs an owner. Make somebody else an owner first.')

  await olivia.goto('/org-dashboard/members?search=nobody')
  await at(olivia, 'Members')
  await says(main(olivia), 'Nobody like this is here')
  await link(olivia, 'Show everybody').click()
  await link(olivia, fullName(MAX)).waitFor()
}

journey('an owner changes roles and removes people, and their open pages obey', {}, scene => managing(scene))

journey('members with scripts off, on PostgreSQL', { database: 'postgres' }, scene => managing(scene, { scripts: false }))

journey('in hybrid a member leaves', { model: 'hybrid' }, async scene => {
  await scene.keel.command('seed')
  const adam = await arrive(scene, { email: 'adam@acme.example' }, 'Overview')
  await link(adam, 'Members').click()
  await at(adam, 'Members')
  await open(adam, OLIVIA)
  await says(main(adam), 'An owner of Acme can.')
  assert.equal(await adam.getByRole('button', { name: 'Remove from workspace' }).count(), 0)
  await link(adam, 'All members').click()
  await open(adam, { first: 'Adam', last: 'Abel' })
  await press(adam, 'Leave workspace')
  await press(adam.getByRole('dialog'), 'Leave workspace')
  await at(adam, 'Welcome, Adam')
  await says(main(adam), 'You left the workspace.', 'Your personal account.')
})
