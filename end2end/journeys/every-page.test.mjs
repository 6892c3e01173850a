// Every page of the table of endpoints, as everybody: no complaint of the browser, axe content, whole for the keyboard. A new
// page is visited by itself; one that shows nothing without an argument needs a line in ADDRESSES.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { journey } from '../support/journey.mjs'
import { checkKeyboard } from '../support/keyboard.mjs'
import { linkIn } from '../support/mail.mjs'
import { at, checkPage } from '../support/pages.mjs'
import { askForMail, askForReset, field, press, signIn, signUp } from '../support/people.mjs'

/** Where a page is that needs more than its path; `null` where this person has nothing to show on it. */
const ADDRESSES = {
  '/auth/link': ({ links }) => links.confirm,
  '/auth/email': ({ links }) => links.address,
  '/reset-password': ({ links }) => links.reset,
  '/org-dashboard/members/{member}': ({ links }) => links.member,
  '/invitations/{token}': ({ links }) => links.invitation,
  '/unsubscribe/{token}': ({ links }) => links.unsubscribe,
}

/** Shown to people whose plan is paid or tried, and to people who come back from a provider: the journeys `billing` and `providers` check them. */
const ELSEWHERE = ['/billing/change', '/billing/end-trial', '/auth/address']

/** A provider to sign in by; nobody asks it anything before somebody goes there. */
const PROVIDER = { OAUTH_GOOGLE_CLIENT_ID: 'keel', OAUTH_GOOGLE_CLIENT_SECRET: 'between-the-two' }

const PEOPLE = {
  nobody: { comesIn: async () => {} },
  'the owner': { comesIn: (page, keel) => signIn(page, keel, 'olivia@acme.example') },
  'a member': { comesIn: (page, keel) => signIn(page, keel, 'max@acme.example') },
  'somebody new': {
    comesIn: async (page, keel) => {
      await page.goto('/signup')
      await signUp(page, keel, 'nora@new.example')
    },
  },
}

const pages = new Set()
const shown = new Set()

for (const [who, { comesIn }] of Object.entries(PEOPLE)) {
  journey(`every page, as ${who}`, { model: 'hybrid', env: PROVIDER }, async ({ keel, newVisitor }) => {
    await keel.command('seed')
    const links = await linksOf(keel, await newVisitor())
    const page = await newVisitor()
    await comesIn(page, keel)
    const seen = new Set()
    for (const path of await pagesOf(keel)) {
      const address = ADDRESSES[path]?.({ links }) ?? path
      assert.doesNotMatch(address, /\{/, `${path} needs a line in ADDRESSES`)
      const status = (await page.goto(address)).status()
      const { pathname } = new URL(page.url())
      if (status === 200 && pathname === new URL(address, keel.base).pathname) shown.add(path)
      if (seen.has(pathname)) continue
      seen.add(pathname)
      await checkPage(page)
      await checkKeyboard(page)
    }
  })
}

test('each page was shown to somebody', () => {
  assert.ok(pages.size > 0)
  assert.deepEqual([...pages].filter(path => !shown.has(path) && !ELSEWHERE.includes(path)), [])
})

journey('what is refused is said on a page that is whole', {}, async ({ keel, newVisitor }) => {
  await keel.command('seed')
  const page = await newVisitor()
  await signIn(page, keel, 'max@acme.example')
  for (const [action, fields, heading] of [
    ['/api/billing/checkout', { plan: 'pro' }, "You can't do this here"],
    ['/api/billing/checkout', { account: 'acc_unknown' }, 'Not found'],
    ['/api/auth/resend', {}, "That didn't work"],
  ]) {
    await page.goto('/legal/terms')
    await post(page, action, fields)
    await at(page, heading)
    await checkKeyboard(page)
  }
})

journey('the checks see what is wrong with a page', {}, async ({ newVisitor }) => {
  const page = await newVisitor()
  await page.route('https://elsewhere.example/**', route => route.abort())
  const spoil = header => async route => {
    const response = await route.fetch()
    const picture = '<h1 style="color: #eee; width: 99rem">Two</h1><img src="https://elsewhere.example/x.png"><button></button><a href="/" tabindex="-1">Away</a></main>'
    const headers = { ...response.headers(), [header]: '' }
    await route.fulfill({ response, headers, body: (await response.text()).replace('</main>', picture) })
  }
  for (const [header, expected] of [
    ['x-none', ['forbids style-src', 'forbids img-src', 'image-alt', 'button-name', 'not one h1']],
    ['content-security-policy', ['from elsewhere', 'color-contrast', 'scrolls sideways']],
  ]) {
    await page.route('**/legal/terms', spoil(header))
    await page.goto('/legal/terms')
    const faults = await checkPage(page).then(() => '', error => error.message)
    for (const fault of expected) assert.ok(faults.includes(fault), `nobody saw "${fault}" in: ${faults}`)
    await assert.rejects(checkKeyboard(page), /Tab does not reach <a> Away in body/)
    await page.unroute('**/legal/terms')
  }
})

async function pagesOf(keel) {
  const endpoints = JSON.parse(await keel.command('routes'))
  const found = endpoints.filter(({ kind }) => kind === 'page').map(({ path }) => path)
  for (const path of found) pages.add(path)
  return found
}

/** Links of mail that somebody else asked for, and to a page that somebody else found, all of them good. */
async function linksOf(keel, page) {
  await page.goto('/signup')
  await askForMail(page, 'lena@links.example')
  const confirm = linkIn(await keel.mailTo('lena@links.example'))
  await askForReset(page, 'adam@acme.example')
  const [reset] = (await keel.mailTo('adam@acme.example')).links
  await signIn(page, keel, 'adam@acme.example')
  await page.goto('/org-dashboard/members')
  const member = await page.getByRole('link', { name: 'Max Moreau', exact: true }).getAttribute('href')
  await page.context().clearCookies()
  await signIn(page, keel, 'eve@evil.example')
  await page.goto('/org-dashboard/members/invite')
  await field(page, 'Email addresses').fill('ida@links.example, udo@links.example')
  await page.getByRole('combobox', { name: 'Role', exact: true }).selectOption('Member')
  await press(page, 'Send invitations')
  await at(page, 'Invite members')
  const [invitation] = (await keel.mailTo('ida@links.example')).links
  await page.context().clearCookies()
  await signIn(page, keel, 'olivia@acme.example')
  await page.goto('/private-dashboard/settings/security')
  await field(page, 'New email').fill('olivia@links.example')
  await press(page, 'Change email')
  const [address] = (await keel.mailTo('olivia@links.example')).links
  await page.context().clearCookies()
  await page.goto((await keel.mailTo('udo@links.example')).links[0])
  await press(page, 'Decline')
  await page.getByRole('status').waitFor()
  const { unsubscribe } = await keel.mailTo('eve@evil.example')
  return { confirm, reset, address, member, invitation, unsubscribe }
}

/** Sends a form that no page has. */
const post = (page, action, fields) =>
  Promise.all([
    page.waitForURL(url => url.pathname === action || url.pathname !== '/legal/terms').catch(() => {}),
    page.evaluate(({ action, fields }) => {
      const form = document.createElement('form')
      Object.assign(form, { method: 'post', action })
      for (const [name, value] of Object.entries(fields)) {
        form.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value }))
      }
      document.body.append(form)
      form.submit()
    }, { action, fields }),
  ])
