// What cannot be taken back: handing a workspace over, copying all of it, deleting it. Each asks who one is.
import assert from 'node:assert/strict'
import { advance } from '../support/clock.mjs'
import { unzipped } from '../support/downloads.mjs'
import { journey } from '../support/journey.mjs'
import { at, checkPage, region, says } from '../support/pages.mjs'
import { MAX, OLIVIA, VERA, field, press, signIn, stepUp } from '../support/people.mjs'
import { until } from '../support/until.mjs'

const main = page => page.getByRole('main')
const link = (page, name) => page.getByRole('link', { name, exact: true })
const DAY = 24 * 3_600_000
const MINUTE = 60_000

/** Somebody of the cast, signed in, on the page with this heading. */
async function arrive({ keel, newVisitor }, person, heading, options) {
  const page = await newVisitor(options)
  await signIn(page, keel, person.email)
  await at(page, heading)
  return page
}

async function handingOver(scene, options) {
  const { keel } = scene
  await keel.command('seed')
  const olivia = await arrive(scene, OLIVIA, 'Overview', options)
  await advance(keel, 11 * MINUTE)
  await link(olivia, 'Members').click()
  await at(olivia, 'Members')
  await link(olivia, 'Max Moreau').click()
  await at(olivia, 'Max Moreau')
  await press(olivia, 'Transfer ownership')
  const dialog = olivia.getByRole('dialog', { name: 'Make Max Moreau an owner of Acme?' })
  await dialog.waitFor()
  await checkPage(olivia)
  await field(dialog, 'Type the workspace name').fill('Acme Inc')
  await dialog.getByRole('switch', { name: 'Stay an owner' }).check()
  await press(dialog, 'Transfer ownership')
  await stepUp(olivia, keel, OLIVIA)

  await at(olivia, 'Max Moreau')
  await dialog.waitFor()
  assert.equal(await field(dialog, 'Type the workspace name').inputValue(), 'Acme Inc')
  assert.equal(await dialog.getByRole('switch', { name: 'Stay an owner' }).isChecked(), true)
  await press(dialog, 'Transfer ownership')
  await at(olivia, 'Max Moreau')
  await says(main(olivia), 'Type the name exactly as it is shown.')
  await field(dialog, 'Type the workspace name').fill('Acme')
  await press(dialog, 'Transfer ownership')
  await at(olivia, 'Max Moreau')
  await says(main(olivia), 'The workspace is handed over.')
  await says(region(olivia, 'Details'), 'Owner', 'Billing owner')
  assert.equal((await keel.mailTo(MAX.email)).subject, 'You are an owner of Acme now')

  const max = await arrive(scene, MAX, 'Overview', options)
  await link(max, 'Billing').click()
  await at(max, 'Billing')
  await press(max, 'Change billing owner')
  const ask = max.getByRole('dialog', { name: 'Who answers for the money of Acme?' })
  await ask.waitFor()
  await checkPage(max)
  await ask.getByRole('combobox', { name: 'New billing owner' }).selectOption('Olivia Owens')
  await press(ask, 'Change billing owner')
  await at(max, 'Billing')
  await says(region(max, 'Billing owner'), 'Olivia Owens')
}

journey('an owner hands the workspace over after confirming who they are', {}, scene => handingOver(scene))

journey('handing over with scripts off, on PostgreSQL', { database: 'postgres' }, scene => handingOver(scene, { scripts: false }))

async function deleting(scene, options) {
  const { keel } = scene
  await keel.command('seed')
  const olivia = await arrive(scene, OLIVIA, 'Overview', options)
  const max = await arrive(scene, MAX, 'Welcome, Max', options)
  await link(olivia, 'Settings').click()
  await at(olivia, 'Settings')
  await press(region(olivia, 'Danger zone'), 'Schedule deletion')
  const dialog = olivia.getByRole('dialog', { name: 'Delete Acme?' })
  await dialog.waitFor()
  await checkPage(olivia)
  await press(dialog, 'Keep the workspace')
  await dialog.waitFor({ state: 'hidden' })
  await press(region(olivia, 'Danger zone'), 'Schedule deletion')
  await field(dialog, 'Type the workspace name').fill('Acme')
  await press(dialog, 'Schedule deletion')
  await at(olivia, 'Settings')
  await says(olivia.locator('body'), 'The deletion is scheduled.', 'Acme will be deleted on')

  await max.reload()
  await at(max, 'Welcome, Max')
  await says(max.locator('body'), 'Acme will be deleted on')
  await until('the mail', 10_000, async () => (await keel.mailTo(VERA.email)).subject.startsWith('Acme will be deleted on'))
  await press(olivia, 'Cancel scheduled deletion')
  await at(olivia, 'Settings')
  await says(main(olivia), 'The workspace stays.')
  await max.reload()
  await at(max, 'Welcome, Max')
  assert.equal(await max.getByText('Acme will be deleted on').count(), 0)

  await press(region(olivia, 'Danger zone'), 'Schedule deletion')
  await field(dialog, 'Type the workspace name').fill('Acme')
  await press(dialog, 'Schedule deletion')
  await at(olivia, 'Settings')
  await advance(keel, 30 * DAY)
  await until('the end', 20_000, async () => (await keel.mailTo(MAX.email)).subject === 'Acme was deleted')
  const again = await scene.newVisitor(options)
  await signIn(again, keel, OLIVIA.email)
  await at(again, 'Overview')
  await says(again.locator('body'), "Olivia's workspace")
  assert.equal((await again.goto('/org-dashboard?account=acme')).status(), 404)
}

journey('an owner deletes a workspace, takes it back, and lets it end', {}, scene => deleting(scene))

journey('deleting with scripts off, on PostgreSQL', { database: 'postgres' }, scene => deleting(scene, { scripts: false }))

async function copying(scene, options) {
  const { keel } = scene
  await keel.command('seed')
  const olivia = await arrive(scene, OLIVIA, 'Overview', options)
  await advance(keel, 11 * MINUTE)
  await link(olivia, 'Settings').click()
  await at(olivia, 'Settings')
  await press(olivia, 'Export workspace data')
  await stepUp(olivia, keel, OLIVIA)
  await at(olivia, 'Settings')
  await press(olivia, 'Export workspace data')
  await at(olivia, 'Settings')
  await says(main(olivia), 'The copy is being made.')
  await until('the mail', 10_000, async () => (await keel.mailTo(OLIVIA.email)).subject === 'Your copy of Acme is ready')
  await olivia.reload()
  await at(olivia, 'Settings')
  const members = await unzipped(olivia, link(olivia, 'Download the copy'), /^workspace-\d{4}-\d{2}-\d{2}\.zip$/, 'members.csv')
  assert.match(members, /^"created_at","id","email"/)
  assert.match(members, /"vera@acme\.example"/)
}

journey('an owner downloads a copy of everything', {}, scene => copying(scene))

journey('a copy with scripts off, on PostgreSQL', { database: 'postgres' }, scene => copying(scene, { scripts: false }))
