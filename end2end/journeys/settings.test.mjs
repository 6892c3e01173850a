// Settings: a workspace gets another name, another address, a logo; what stands on its invoices.
import assert from 'node:assert/strict'
import { journey } from '../support/journey.mjs'
import { at, checkPage, region, says } from '../support/pages.mjs'
import { MAX, OLIVIA, expectFault, field, openAccounts, press, signIn } from '../support/people.mjs'
import { png } from '../support/pictures.mjs'

const main = page => page.getByRole('main')
const link = (page, name) => page.getByRole('link', { name, exact: true })
const button = (page, name) => page.getByRole('button', { name, exact: true })
const logoField = page => page.getByLabel('Logo', { exact: true })

/** Somebody of the cast, signed in, on the page with this heading. */
async function arrive({ keel, newVisitor }, person, heading, options) {
  const page = await newVisitor(options)
  await signIn(page, keel, person.email)
  await at(page, heading)
  return page
}

async function save(page, heading = 'Settings') {
  await press(page, 'Save')
  await at(page, heading)
}

async function renaming(scene, options) {
  await scene.keel.command('seed')
  const olivia = await arrive(scene, OLIVIA, 'Overview', options)
  const max = await arrive(scene, MAX, 'Welcome, Max', options)
  await link(olivia, 'Settings').click()
  await at(olivia, 'Settings')
  await says(region(olivia, 'Organization info'), /Account ID acc_[0-9a-f]{32}/, 'Account type Workspace', 'Members 4', /Created \d+ \w+ \d{4}/)
  await says(region(olivia, 'Invoice details'), 'Not filled in')

  await field(olivia, 'Workspace name').fill('Apex & Sons')
  for (const [slug, why] of [['apex sons!', 'characters that do not belong'], ['settings', 'kept for Keel'], ['evil-corp', 'This address is taken.']]) {
    await field(olivia, 'Workspace URL').fill(slug)
    await save(olivia)
    await expectFault(field(olivia, 'Workspace URL'))
    await says(main(olivia), why)
    assert.equal(await field(olivia, 'Workspace URL').inputValue(), slug)
    assert.equal(await field(olivia, 'Workspace name').inputValue(), 'Apex & Sons')
  }
  await field(olivia, 'Workspace URL').fill('apex')
  await save(olivia)
  await says(main(olivia), 'The settings are saved.', 'account=apex')
  await button(olivia, 'Account: Apex & Sons').waitFor()
  await olivia.goto('/org-dashboard')
  await at(olivia, 'Overview')
  await says(region(olivia, 'Recent activity'), 'Settings changed')

  // A link from an old mail, to somebody whose active account is another one by now.
  await max.goto('/private-dashboard?account=acme')
  await at(max, 'Welcome, Max')
  assert.equal(new URL(max.url()).search, '?account=apex')
  await button(max, 'Account: Apex & Sons').waitFor()
  assert.equal(await link(max, 'Settings').count(), 0)
}

journey('a workspace gets another name and address, and old links lead there', {}, scene => renaming(scene))

journey('a workspace is renamed with scripts off, on PostgreSQL', { database: 'postgres' }, scene => renaming(scene, { scripts: false }))

async function logos(scene, options) {
  await scene.keel.command('seed')
  const olivia = await arrive(scene, OLIVIA, 'Overview', options)
  const max = await arrive(scene, MAX, 'Welcome, Max', options)
  await olivia.goto('/org-dashboard/settings')
  await at(olivia, 'Settings')
  await field(olivia, 'Workspace name').fill('Apex')
  for (const [name, buffer, why] of [
    ['logo.svg', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'), 'no whole PNG, JPEG or WebP picture'],
    ['vast.png', png(8, 8, [30_000, 30_000]), 'more than 3,000 pixels'],
    ['large.png', Buffer.alloc(2 * 1024 * 1024, 7), 'larger than 1 MiB'],
  ]) {
    await logoField(olivia).setInputFiles({ name, mimeType: 'image/png', buffer })
    await save(olivia)
    await expectFault(logoField(olivia))
    await says(main(olivia), why)
    assert.equal(await field(olivia, 'Workspace name').inputValue(), 'Apex')
  }
  await logoField(olivia).setInputFiles({ name: 'logo.png', mimeType: 'image/png', buffer: png(900, 600) })
  await save(olivia)
  await says(main(olivia), 'The settings are saved.', 'The logo now')
  await button(olivia, 'Account: Apex').waitFor()
  await openAccounts(olivia, 'Apex')
  await checkPage(olivia)
  await seen(olivia)
  await max.reload()
  await seen(max)

  await olivia.goto('/org-dashboard/settings')
  await press(olivia, 'Remove logo')
  await at(olivia, 'Settings')
  await says(main(olivia), 'The logo is removed.')
  assert.equal(await olivia.locator('img').count(), 0)
}

/** The logo in the switcher is a picture of 256 by 171. */
async function seen(page) {
  const logo = page.locator('.rail-account img')
  await logo.waitFor()
  assert.deepEqual(await logo.evaluate(image => [image.naturalWidth, image.naturalHeight]), [256, 171])
}

journey('a workspace gets a logo, and loses it', {}, scene => logos(scene))

journey('a logo with scripts off, on PostgreSQL', { database: 'postgres' }, scene => logos(scene, { scripts: false }))

async function invoiceDetails(scene, options) {
  await scene.keel.command('seed')
  const olivia = await arrive(scene, OLIVIA, 'Overview', options)
  await link(olivia, 'Billing').click()
  await at(olivia, 'Billing')
  const details = region(olivia, 'Invoice details')
  await field(details, 'Company name').fill('Acme Inc.')
  await field(details, 'Address').fill('Quay 1\n1011 AA Amsterdam')
  await field(details, 'Tax ID').fill('NL001234567B01')
  await field(details, 'Billing email').fill('bills')
  await press(details, 'Save')
  await at(olivia, 'Billing')
  await expectFault(field(olivia, 'Billing email'))
  assert.equal((await field(olivia, 'Address').inputValue()).trim(), 'Quay 1\n1011 AA Amsterdam')
  await field(olivia, 'Billing email').fill('bills@acme.example')
  await press(details, 'Save')
  await at(olivia, 'Billing')
  await says(main(olivia), 'The invoice details are saved.')

  const adam = await arrive(scene, { email: 'adam@acme.example' }, 'Overview', options)
  await link(adam, 'Settings').click()
  await at(adam, 'Settings')
  await says(region(adam, 'Invoice details'), 'Acme Inc.', 'Quay 1 1011 AA Amsterdam', 'NL001234567B01', 'bills@acme.example')
  await link(region(adam, 'Invoice details'), 'See billing').click()
  await at(adam, 'Billing')
  await says(region(adam, 'Invoice details'), 'Acme Inc.')
  assert.equal(await field(adam, 'Company name').count(), 0, 'an admin of a business reads them')
}

journey('an owner writes what stands on the invoices, and an admin reads it', {}, scene => invoiceDetails(scene))

journey('invoice details with scripts off, on PostgreSQL', { database: 'postgres' }, scene => invoiceDetails(scene, { scripts: false }))
