// Roles: an owner makes one, gives it away and invites into it; what it allows is what people see, from their next click on.
import assert from 'node:assert/strict'
import { newTab } from '../support/browser.mjs'
import { journey } from '../support/journey.mjs'
import { at, region, rows, says } from '../support/pages.mjs'
import { MAX, OLIVIA, enterCode, expectFault, field, introduce, mailedCode, press, signIn } from '../support/people.mjs'

const NINA = { email: 'nina@new.example', first: 'Nina', last: 'New', phone: '' }
const main = page => page.getByRole('main')
const link = (page, name) => page.getByRole('link', { name, exact: true })
const allows = (page, permission) => page.getByRole('checkbox', { name: permission })
const sections = page => page.getByRole('navigation', { name: 'Sections' }).getByRole('link').allInnerTexts()

/** Somebody of the cast, signed in, on the page with this heading. */
async function arrive({ keel, newVisitor }, person, heading, options) {
  const page = await newVisitor(options)
  await signIn(page, keel, person.email)
  await at(page, heading)
  return page
}

/** Fills in the form of a role, and saves it. */
async function save(page, name, permissions) {
  await field(page, 'Role name').fill(name)
  for (const box of await page.getByRole('checkbox').all()) await box.uncheck()
  for (const permission of permissions) await allows(page, permission).check()
  await press(page, 'Save role')
  await at(page, 'Roles')
}

/** From anywhere to the form of a role there is. */
async function open(page, role) {
  await page.goto('/org-dashboard/members/roles')
  await link(page, `Change ${role}`).click()
  await at(page, 'Roles')
}

async function defining(scene, options) {
  const { keel, newVisitor } = scene
  await keel.command('seed')
  const olivia = await arrive(scene, OLIVIA, 'Overview', options)
  const max = await arrive(scene, MAX, 'Welcome, Max', options)

  await link(olivia, 'Members').click()
  await link(olivia, 'Roles').click()
  await at(olivia, 'Roles')
  await says(main(olivia), 'No roles of your own yet', 'Owner only', 'billing:manage')
  await link(olivia, 'New role').click()
  await at(olivia, 'Roles')
  await save(olivia, 'Viewer', ['members:view'])
  await expectFault(field(olivia, 'Role name'))
  await says(main(olivia), 'Another role has this name. Choose another one.')
  assert.ok(await allows(olivia, 'members:view').isChecked(), 'what was checked stays so')
  await save(olivia, 'Front desk', ['members:view', 'members:invite', 'audit:view'])
  await says(main(olivia), 'The role is saved.')
  assert.deepEqual((await rows(region(olivia, 'Roles of this workspace'))).map(([count, used]) => `${count} ${used}`), ['3 No'])

  await link(olivia, 'Members').click()
  await link(olivia, 'Max Moreau').click()
  await at(olivia, 'Max Moreau')
  await olivia.getByRole('combobox', { name: 'Role', exact: true }).selectOption('Front desk')
  await press(olivia, 'Change role')
  await at(olivia, 'Max Moreau')
  await max.reload()
  assert.deepEqual((await sections(max)).map(text => text.trim()), ['Overview', 'Members', 'Audit log', 'Home'])
  await link(max, 'Audit log').click()
  await at(max, 'Audit log')
  await link(max, 'Members').click()
  await link(max, 'Invite members').click()
  await at(max, 'Invite members')

  await open(olivia, 'Front desk')
  await save(olivia, 'Front desk', ['members:view'])
  await press(max, 'Send invitations')
  await at(max, "You can't do this here")
  await says(main(max), 'Invite people', 'members:invite', 'Front desk', 'Olivia Owens')

  await vacate(olivia)
  await olivia.goto('/org-dashboard/members/invite')
  await field(olivia, 'Email addresses').fill(NINA.email)
  await olivia.getByRole('combobox', { name: 'Role', exact: true }).selectOption('Front desk')
  await press(olivia, 'Send invitations')
  await at(olivia, 'Invite members')
  await open(olivia, 'Front desk')
  await save(olivia, 'Front desk', ['members:view', 'audit:view', 'audit:export'])

  const nina = await newVisitor(options)
  await nina.goto((await keel.mailTo(NINA.email)).links[0])
  await at(nina, 'Join Acme')
  await says(main(nina), 'Front desk')
  await link(nina, 'Accept invitation').click()
  await press(nina, 'Email me a sign-in link')
  await enterCode(nina, await mailedCode(keel, NINA.email))
  await at(nina, 'Join Acme')
  await press(nina, 'Accept invitation')
  await introduce(nina, NINA)
  await at(nina, 'Overview')
  assert.deepEqual((await sections(nina)).map(text => text.trim()), ['Overview', 'Members', 'Audit log', 'Home'])

  await open(olivia, 'Front desk')
  await press(olivia, 'Delete role')
  const dialog = olivia.getByRole('dialog', { name: 'Delete Front desk?' })
  await press(dialog, 'Delete role')
  await at(olivia, 'Roles')
  await says(main(olivia), 'Choose the role they get instead.')
  await press(olivia, 'Delete role')
  await dialog.getByRole('combobox', { name: 'Role they get instead' }).selectOption('Viewer')
  await press(dialog, 'Delete role')
  await at(olivia, 'Roles')
  await says(main(olivia), 'The role is gone.', 'No roles of your own yet')
  await link(nina, 'Audit log').click()
  await at(nina, 'Welcome, Nina')

  const other = await newTab(olivia)
  await other.goto('/org-dashboard/audit?action=role.deleted')
  await at(other, 'Audit log')
  await says(region(other, 'What was done'), 'Role deleted', 'Olivia Owens', 'Name: Front desk', 'Replaced by: Viewer')
}

/** Removes two people, for there are three seats. */
async function vacate(page) {
  for (const name of ['Vera Vogel', 'Adam Abel']) {
    await page.goto('/org-dashboard/members')
    await link(page, name).click()
    await at(page, name)
    await press(page, 'Remove from workspace')
    await press(page.getByRole('dialog'), 'Remove from workspace')
    await at(page, 'Members')
  }
}

journey('an owner defines a role, and everybody sees what it allows', {}, scene => defining(scene))

journey('roles with scripts off, on PostgreSQL', { database: 'postgres' }, scene => defining(scene, { scripts: false }))
