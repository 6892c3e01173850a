// What Keel keeps of a person: a copy of it, and the end of it.
import assert from 'node:assert/strict'
import { advance } from '../support/clock.mjs'
import { unzipped } from '../support/downloads.mjs'
import { journey } from '../support/journey.mjs'
import { at, region, says } from '../support/pages.mjs'
import { MAX, OLIVIA, expectFault, field, press, signIn, stepUp } from '../support/people.mjs'
import { until } from '../support/until.mjs'

const DATA = '/private-dashboard/settings/data'
const DAY = 24 * 3_600_000
const MINUTE = 60_000
const main = page => page.getByRole('main')
const link = (page, name) => page.getByRole('link', { name, exact: true })
const banner = page => page.getByText(/Your account will be closed on /).first()

async function own({ keel, newVisitor }, options) {
  await keel.command('seed')
  const max = await newVisitor(options)
  await signIn(max, keel, MAX.email)
  await advance(keel, 11 * MINUTE)
  await max.goto('/private-dashboard/settings')
  await link(max, 'Your data').click()
  await at(max, 'Your data')
  await press(max, 'Export my data')
  await stepUp(max, keel, MAX)
  await at(max, 'Your data')
  await press(max, 'Export my data')
  await says(main(max), 'The copy is being made.')
  await until('the mail', 10_000, async () => (await keel.mailTo(MAX.email)).subject === 'Your copy of your data is ready')
  await max.reload()
  await at(max, 'Your data')
  const person = await unzipped(max, link(max, 'Download the copy'), /^person-\d{4}-\d{2}-\d{2}\.zip$/, 'person.csv')
  assert.match(person, /"max@acme\.example"/)

  await press(max, 'Close my account')
  const dialog = max.getByRole('dialog', { name: 'Close your account?' })
  await dialog.waitFor()
  await field(dialog, 'Type your e-mail address').fill('olivia@acme.example')
  await press(dialog, 'Close my account')
  await dialog.waitFor()
  await expectFault(field(dialog, 'Type your e-mail address'))
  await field(dialog, 'Type your e-mail address').fill(MAX.email)
  await press(dialog, 'Close my account')
  await at(max, 'Your data')
  await banner(max).waitFor()
  await until('the mail', 10_000, async () => (await keel.mailTo(MAX.email)).subject.startsWith('Your account will be closed on '))
  await press(max, 'Keep my account')
  await at(max, 'Your data')
  await says(main(max), 'Your account stays.')
  assert.equal(await banner(max).count(), 0)

  await press(max, 'Close my account')
  await field(dialog, 'Type your e-mail address').fill(MAX.email)
  await press(dialog, 'Close my account')
  await banner(max).waitFor()
  await advance(keel, 31 * DAY)
  await until('the last mail', 20_000, async () => (await keel.mailTo(MAX.email)).subject === 'Your account is closed')
  await max.goto('/private-dashboard')
  await at(max, 'Sign in')
}

journey('a person takes a copy of what is theirs, and closes the account', {}, scene => own(scene))

journey('a copy and the end with scripts off, on PostgreSQL', { database: 'postgres' }, scene => own(scene, { scripts: false }))

journey('a workspace with others keeps its owner until there is another', {}, async ({ keel, newVisitor }) => {
  await keel.command('seed')
  const olivia = await newVisitor()
  await signIn(olivia, keel, OLIVIA.email)
  await olivia.goto(DATA)
  await at(olivia, 'Your data')
  await says(region(olivia, 'Close my account'), 'These workspaces need somebody else first.')
  await link(region(olivia, 'Close my account'), 'Acme').click()
  await at(olivia, 'Members')
})
