// The audit log: filtered, and exported into files that hold what was filtered.
import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import { journey } from '../support/journey.mjs'
import { at, region, rows, says } from '../support/pages.mjs'
import { OLIVIA, expectFault, field, press, signIn } from '../support/people.mjs'

const main = page => page.getByRole('main')
const link = (page, name) => page.getByRole('link', { name, exact: true })
const action = page => page.getByRole('combobox', { name: 'Action', exact: true })
/** With suggestions it is a combobox, without them a text field. */
const actor = page => page.getByLabel('Actor', { exact: true })

async function search(page) {
  await press(page, 'Show')
  await at(page, 'Audit log')
}

/** The file a button gives: its name, and what is in it. */
async function download(page, button) {
  const [file] = await Promise.all([page.waitForEvent('download'), press(page, button)])
  assert.equal(await file.failure(), null)
  // The browser is another process, as if on another machine: it hands its files over.
  return { name: file.suggestedFilename(), text: await text(await file.createReadStream()) }
}

async function reading({ keel, newVisitor }, options) {
  await keel.command('seed')
  const olivia = await newVisitor(options)
  await signIn(olivia, keel, OLIVIA.email)
  await at(olivia, 'Overview')
  for (const name of ['=Front desk', 'Back office']) {
    await olivia.goto('/org-dashboard/members/roles?edit=new')
    await field(olivia, 'Role name').fill(name)
    await olivia.getByRole('checkbox', { name: 'members:view' }).check()
    await press(olivia, 'Save role')
    await at(olivia, 'Roles')
  }
  await olivia.goto('/org-dashboard/members')
  await link(olivia, 'Max Moreau').click()
  await olivia.getByRole('combobox', { name: 'Role', exact: true }).selectOption('Back office')
  await press(olivia, 'Change role')
  await at(olivia, 'Max Moreau')

  await link(olivia, 'Audit log').click()
  await at(olivia, 'Audit log')
  const events = region(olivia, 'What was done')
  await says(events, 'Role changed', 'From: Member', 'To: Back office', 'Role created', '127.0.0.1')

  await actor(olivia).fill('nobody')
  await field(olivia, 'From').fill('yesterday')
  await search(olivia)
  await expectFault(field(olivia, 'From'))
  await says(main(olivia), 'Nobody whose name begins like this stands in the log.', 'Type a day as year, month and day')
  assert.deepEqual([await actor(olivia).inputValue(), await field(olivia, 'From').inputValue()], ['nobody', 'yesterday'])
  assert.equal(await olivia.getByRole('button', { name: 'Export CSV' }).count(), 0)

  await actor(olivia).fill('olivia')
  await field(olivia, 'From').fill('2020-01-01')
  await action(olivia).selectOption('Role created')
  await search(olivia)
  const found = await rows(events)
  assert.deepEqual(found.map(cells => cells.slice(0, 2)), [['Olivia Owens', 'Role created'], ['Olivia Owens', 'Role created']])

  const csv = await download(olivia, 'Export CSV')
  assert.match(csv.name, /^audit-acme-\d{4}-\d{2}-\d{2}\.csv$/)
  const lines = csv.text.trimEnd().split('\r\n')
  assert.equal(lines[0], 'id,time,actor,action,resource,ip_address,user_agent,details')
  assert.equal(lines.length, 3)
  assert.ok(lines.slice(1).every(line => line.includes(',Olivia Owens,role.created,')), csv.text)
  const json = await download(olivia, 'Export JSON')
  const list = JSON.parse(json.text)
  assert.deepEqual(list.map(event => event.details.name), ['Back office', '=Front desk'])
  assert.deepEqual(list.map(event => event.id), lines.slice(1).map(line => line.split(',')[0]))

  await olivia.goto('/org-dashboard/audit')
  await at(olivia, 'Audit log')
  await says(events, 'Data exported', 'Format: json')
  await action(olivia).selectOption('Left the workspace')
  await search(olivia)
  await says(events, 'Nothing like this was done')
  await link(olivia, 'Show everything').click()
  await at(olivia, 'Audit log')
}

journey('an owner filters the audit log and exports what was found', {}, scene => reading(scene))

journey('the audit log with scripts off, on PostgreSQL', { database: 'postgres' }, scene => reading(scene, { scripts: false }))
