// Signing in by an account elsewhere: signing up, coming again, linking and parting, and an issuer that lies.
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { forged, startIssuer, unsigned } from '../support/issuer.mjs'
import { hasScripts } from '../support/browser.mjs'
import { journey } from '../support/journey.mjs'
import { checkKeyboard } from '../support/keyboard.mjs'
import { at, region, says } from '../support/pages.mjs'
import { OLIVIA, choosePlan, enterCode, field, introduce, mailedCode, press, proceed, signIn } from '../support/people.mjs'

const SECURITY = '/private-dashboard/settings/security'
const main = page => page.getByRole('main')
const others = page => region(page, 'Sign-in with other accounts')

const issuer = await startIssuer()
after(issuer.stop)
const env = issuer.settings
const olivia = { sub: 'acme-7', email: OLIVIA.email, email_verified: true }

async function signingUp({ newVisitor }, options) {
  issuer.says(olivia)
  const page = await newVisitor(options)
  await choosePlan(page, 'Pro', 'Yearly')
  await at(page, 'Create your account')
  await press(page, 'Continue with Acme')
  await at(page, 'Checkout')
  await says(main(page), 'Pro', '$290')
  await page.goto(SECURITY)
  await at(page, 'Security')
  await says(others(page), 'Acme', OLIVIA.email)

  issuer.says({ ...olivia, email: 'somebody@else.example' })
  const again = await newVisitor(options)
  await again.goto(`/login?redirectTo=${SECURITY}`)
  await at(again, 'Sign in')
  await press(again, 'Continue with Acme')
  await at(again, 'Checkout')
  await again.goto(SECURITY)
  await at(again, 'Security')
  await says(others(again), OLIVIA.email)
  assert.equal(await again.getByText('somebody@else.example').count(), 0, 'what the provider says now changes nothing')
}

journey('an account elsewhere signs somebody up, and in again', { env }, scene => signingUp(scene))

journey('signing up by an account elsewhere with scripts off, on PostgreSQL', { env, database: 'postgres' }, scene => signingUp(scene, { scripts: false }))

async function ledOn({ newVisitor }, options) {
  issuer.says(olivia)
  const page = await newVisitor(options)
  const atIssuer = url => url.origin === issuer.base
  const answers = answer => page.route(atIssuer, route => route.fulfill(answer))
  await answers({ contentType: 'text/html', body: '<title>Acme</title><h1>Who are you?</h1>' })
  await page.goto('/login')
  await at(page, 'Sign in')
  await press(page, 'Continue with Acme')
  await page.getByRole('heading', { name: 'Who are you?' }).waitFor()
  await page.goBack()
  await at(page, 'Sign in')

  await page.unroute(atIssuer)
  // Nothing to go to: the browser stays, as one that is not led on.
  await answers({ status: 204 })
  await press(page, 'Continue with Acme')
  await at(page, 'Going on to Acme')
  if (hasScripts(page)) await checkKeyboard(page)
  await page.unroute(atIssuer)
  await proceed(page)
  await at(page, 'About you')
}

journey('a page leads on to a provider that leads on itself, and back leads past it', { env }, scene => ledOn(scene))

journey('being led on with scripts off, on PostgreSQL', { env, database: 'postgres' }, scene => ledOn(scene, { scripts: false }))

async function unverified({ keel, newVisitor }, options) {
  issuer.says({ ...olivia, email_verified: false })
  const page = await newVisitor(options)
  await page.goto('/login')
  await press(page, 'Continue with Acme')
  await at(page, 'One more step')
  assert.equal(await field(page, 'Email').inputValue(), OLIVIA.email)
  await press(page, 'Email me a code')
  await at(page, 'Check your email')
  await enterCode(page, await mailedCode(keel, OLIVIA.email))
  await introduce(page, OLIVIA)

  const again = await newVisitor(options)
  await again.goto('/login')
  await press(again, 'Continue with Acme')
  await at(again, 'Overview')
}

journey('an address nobody vouches for is proven once', { env }, scene => unverified(scene))

journey('proving an address with scripts off, on PostgreSQL', { env, database: 'postgres' }, scene => unverified(scene, { scripts: false }))

async function linking({ keel, newVisitor }, options) {
  issuer.says({ ...olivia, email: 'olivia@private.example' })
  const page = await newVisitor(options)
  await signIn(page, keel, OLIVIA.email)
  await page.goto(SECURITY)
  await at(page, 'Security')
  await press(others(page), 'Link Acme')
  await at(page, 'Security')
  await says(main(page), 'The account is linked.', 'olivia@private.example')
  await keel.mailTo(OLIVIA.email, /^You can sign in to Keel with Acme now$/)

  const elsewhere = await newVisitor(options)
  await elsewhere.goto('/login')
  await press(elsewhere, 'Continue with Acme')
  await at(elsewhere, 'About you')

  await press(others(page), 'Unlink Acme')
  await at(page, 'Security')
  await says(main(page), 'The account is unlinked.')
  await keel.mailTo(OLIVIA.email, /^Acme does not sign in to Keel any more$/)
  await others(page).getByRole('button', { name: 'Link Acme' }).waitFor()
}

journey('an account elsewhere is linked, used and parted with', { env }, scene => linking(scene))

journey('linking with scripts off, on PostgreSQL', { env, database: 'postgres' }, scene => linking(scene, { scripts: false }))

journey('who does not agree there is back, and nothing happened', { env }, async ({ newVisitor }) => {
  issuer.says(olivia)
  issuer.refuses('access_denied')
  const page = await newVisitor()
  await page.goto('/login')
  await press(page, 'Continue with Acme')
  await at(page, 'Sign in')
  await says(main(page), 'Nothing happened: you did not go on there.')
})

journey('an issuer that lies signs nobody in', { env }, async ({ newVisitor }) => {
  const lies = [
    { nonce: 'another' },
    { aud: 'somebody-else' },
    { iss: 'https://evil.example' },
    { exp: 1_700_000_000 },
  ]
  const page = await newVisitor()
  const refused = async () => {
    await page.goto('/login')
    await press(page, 'Continue with Acme')
    await page.getByRole('status').waitFor()
    await at(page, 'Sign in')
    await says(main(page), 'What came back could not be trusted')
  }
  for (const lie of lies) {
    issuer.says({ ...olivia, ...lie })
    await refused()
  }
  for (const change of [forged, unsigned, () => 'garbage', () => undefined]) {
    issuer.says(olivia)
    issuer.alters(change)
    await refused()
  }
  issuer.says(olivia)
  await page.goto('/login')
  await press(page, 'Continue with Acme')
  await at(page, 'About you')
})
