// Pages people reach by accident say where they are and where to go on.
import assert from 'node:assert/strict'
import { journey } from '../support/journey.mjs'
import { at, says } from '../support/pages.mjs'
import { OLIVIA, field, mailedCode, press, signIn, signUp } from '../support/people.mjs'

journey('the front door, and addresses that lead nowhere', {}, async ({ keel, newVisitor }) => {
  const page = await newVisitor()
  await page.goto('/')
  await at(page, await page.getByRole('heading', { level: 1 }).innerText())
  for (const name of ['See pricing', 'Sign in']) await page.getByRole('link', { name }).first().waitFor()

  assert.equal((await page.goto('/no-such-page')).status(), 404)
  await at(page, 'Not found')

  await page.goto('/org-dashboard')
  await at(page, 'Sign in')
  assert.equal(new URL(page.url()).searchParams.get('redirectTo'), '/org-dashboard')

  await page.goto('/signup')
  await signUp(page, keel, OLIVIA.email)
  await at(page, 'About you')
  assert.equal((await page.goto('/no-such-page')).status(), 404)
  await at(page, 'Not found')

  await page.goto('/checkout')
  await says(page.getByRole('main'), /choose/i)
  await page.getByRole('main').getByRole('link', { name: /pricing|plan/i }).waitFor()
})

/** Addresses of elsewhere, in disguise. Browsers take tabs and line ends out, and read a backslash as a slash. */
const HOSTILE = [
  '//evil.example',
  '///evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '\t//evil.example',
  ' //evil.example',
  'https://evil.example',
  'https:evil.example',
  'HTTPS:/evil.example',
  'javascript:location="//evil.example"',
  'data:text/html,x',
  '@evil.example',
  '.evil.example',
  '/%09/evil.example',
  '/.//evil.example',
  '//evil\u3002example',
]

/** Asserts that the browser is on this host, and that whatever can be pressed here leads nowhere else. */
async function staysHere(page, keel, wish) {
  const { origin } = new URL(keel.base)
  assert.equal(new URL(page.url()).origin, origin, JSON.stringify(wish))
  const places = await page.evaluate(() => [
    ...[...document.links].map(({ href }) => href),
    ...[...document.forms].map(form => new URL(form.getAttribute('action') ?? '', document.baseURI).href),
  ])
  assert.deepEqual(places.filter(place => new URL(place).origin !== origin), [], JSON.stringify(wish))
}

journey('no wish leads a browser elsewhere', {}, async ({ keel, newVisitor }) => {
  await keel.command('seed')
  const [anonymous, max] = [await newVisitor(), await newVisitor()]
  await signIn(max, keel, 'max@acme.example')
  for (const wish of HOSTILE) {
    const place = encodeURIComponent(wish)
    for (const path of [
      `/login?redirectTo=${place}`,
      `/signup?redirectTo=${place}`,
      `/login?next=${place}`,
      `/step-up?redirectTo=${place}`,
      `/private-dashboard?account=${place}`,
      `/org-dashboard?account=${place}`,
      `/api/auth/sign-in?at=${place}`,
      `/api/auth/change-email?at=${place}`,
      `/auth/email?token=${place}`,
    ]) {
      for (const page of [anonymous, max]) {
        await page.goto(path)
        await staysHere(page, keel, wish)
      }
    }
  }
  // To the end of the way, where the wish would be followed.
  for (const [number, wish] of HOSTILE.entries()) {
    await anonymous.context().clearCookies()
    await anonymous.goto(`/login?redirectTo=${encodeURIComponent(wish)}`)
    // As an attacker's own form would send it, whatever the page kept of it.
    await anonymous.evaluate(wish => {
      for (const form of document.forms) {
        form.querySelectorAll('[name=redirectTo]').forEach(input => input.remove())
        form.append(Object.assign(document.createElement('input'), { type: 'hidden', name: 'redirectTo', value: wish }))
      }
    }, wish)
    const email = number % 2 ? 'adam@acme.example' : 'vera@acme.example'
    await field(anonymous, 'Email').fill(email)
    await press(anonymous, 'Email me a sign-in link')
    await at(anonymous, 'Check your email')
    await field(anonymous, 'Code').fill(await mailedCode(keel, email))
    await press(anonymous, 'Verify')
    await anonymous.waitForURL(url => url.pathname !== '/verify' && !url.pathname.startsWith('/api/'))
    await staysHere(anonymous, keel, wish)
  }
})
