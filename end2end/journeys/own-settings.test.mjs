// A person's own settings: leaving workspaces, and doing without mails.
import assert from 'node:assert/strict'
import { journey } from '../support/journey.mjs'
import { at, checkPage, region, rows, says } from '../support/pages.mjs'
import { OLIVIA, VERA, expectFault, field, press, signIn } from '../support/people.mjs'

const SETTINGS = '/private-dashboard/settings'
const main = page => page.getByRole('main')
const link = (page, name) => page.getByRole('link', { name, exact: true })

async function leaving({ keel, newVisitor }, options) {
  await keel.command('seed')
  const vera = await newVisitor(options)
  await signIn(vera, keel, VERA.email)
  await vera.goto(SETTINGS)
  await at(vera, 'Profile')
  await field(vera, 'Title').fill('Captain')
  await field(vera, 'VAT number').fill('DE12')
  await press(vera, 'Save')
  await at(vera, 'Profile')
  await expectFault(field(vera, 'VAT number'))
  assert.equal(await field(vera, 'Title').inputValue(), 'Captain')
  await field(vera, 'VAT number').fill('de 123 456 789')
  await press(vera, 'Save')
  await says(main(vera), 'Your profile is saved.')
  assert.equal(await field(vera, 'VAT number').inputValue(), 'DE123456789')

  assert.deepEqual((await rows(region(vera, 'Workspaces'))).map(([role]) => role), ['Viewer'])
  await press(region(vera, 'Workspaces'), 'Leave workspace')
  const dialog = vera.getByRole('dialog', { name: 'Leave Acme?' })
  await dialog.waitFor()
  await checkPage(vera)
  await press(dialog, 'Cancel')
  await dialog.waitFor({ state: 'hidden' })
  await press(region(vera, 'Workspaces'), 'Leave workspace')
  await press(dialog, 'Leave workspace')
  await at(vera, 'Profile')
  await says(main(vera), 'You left the workspace.', 'You belong to no workspace')

  const olivia = await newVisitor(options)
  await signIn(olivia, keel, OLIVIA.email)
  await olivia.goto(SETTINGS)
  await press(region(olivia, 'Workspaces'), 'Leave workspace')
  await press(olivia.getByRole('dialog', { name: 'Leave Acme?' }), 'Leave workspace')
  await at(olivia, 'Profile')
  await says(main(olivia), 'You are the only owner of Acme', 'Give somebody else the role of an owner, then you can leave.')
  await link(olivia, 'Open members').click()
  await at(olivia, 'Members')
}

journey('a profile is filled in, and a workspace left from it', {}, scene => leaving(scene))

journey('leaving with scripts off, on PostgreSQL', { database: 'postgres' }, scene => leaving(scene, { scripts: false }))

/** Somebody invites an address, which declines. */
async function declined({ keel, newVisitor }, host, email) {
  await host.goto('/org-dashboard/members/invite')
  await field(host, 'Email addresses').fill(email)
  await host.getByRole('combobox', { name: 'Role', exact: true }).selectOption('Member')
  await press(host, 'Send invitations')
  await says(main(host), 'The invitations are on their way.')
  const [invitation] = (await keel.mailTo(email)).links
  const guest = await newVisitor()
  await guest.goto(invitation)
  await press(guest, 'Decline')
  await guest.getByRole('status').waitFor()
}

async function doingWithout(scene, options) {
  const { keel, newVisitor } = scene
  await keel.command('seed')
  const eve = await newVisitor(options)
  await signIn(eve, keel, 'eve@evil.example')
  await declined(scene, eve, 'one@links.example')
  const mail = await keel.mailTo('eve@evil.example')
  assert.equal(mail.subject, 'one@links.example declined to join Evil Corp')

  const anybody = await newVisitor(options)
  await anybody.goto(mail.unsubscribe)
  await at(anybody, 'Unsubscribe')
  await press(anybody, 'Unsubscribe')
  await at(anybody, 'You are unsubscribed')
  await declined(scene, eve, 'two@links.example')
  assert.equal((await keel.mailTo('eve@evil.example')).subject, mail.subject, 'nothing new is mailed')

  await eve.goto(SETTINGS)
  await link(eve, 'Notifications').click()
  await at(eve, 'Notifications')
  const members = eve.getByRole('switch', { name: 'Members', exact: true })
  assert.equal(await members.isChecked(), false)
  for (const name of ['Security', 'Billing']) {
    const always = eve.getByRole('switch', { name, exact: true })
    assert.ok((await always.isChecked()) && (await always.isDisabled()), name)
  }
  await main(eve).getByText('Members', { exact: true }).click()
  await press(eve, 'Save')
  await says(main(eve), 'Your choice is saved.')
  assert.equal(await members.isChecked(), true)
  await declined(scene, eve, 'three@links.example')
  assert.equal((await keel.mailTo('eve@evil.example')).subject, 'three@links.example declined to join Evil Corp')
}

journey('a mail is ended from itself and wanted again in the settings', {}, scene => doingWithout(scene))

journey('notifications with scripts off', {}, scene => doingWithout(scene, { scripts: false }))
