// Languages: every page in each of them, and choosing one: in the footer, or in the profile.
import assert from 'node:assert/strict'
import { journey } from '../support/journey.mjs'
import { at, checkPage, says } from '../support/pages.mjs'
import { MAX, OLIVIA, field, press, signIn } from '../support/people.mjs'

const SETTINGS = '/private-dashboard/settings'
const PUBLIC = ['/', '/pricing', '/login', '/signup', '/verify', '/legal/privacy', '/nothing']
const OWN = [
  '/org-dashboard',
  '/org-dashboard/members',
  '/org-dashboard/members/invite',
  '/org-dashboard/billing',
  '/private-dashboard',
  SETTINGS,
  `${SETTINGS}/notifications`,
  '/workspaces/new',
]
const LANGUAGES = { de: 'Deutsch', nl: 'Nederlands', fr: 'Français', es: 'Español' }

const languageOf = page => page.evaluate(() => document.documentElement.lang)
const choose = (page, name, option) => page.getByRole('combobox', { name, exact: true }).selectOption(option)

/** Visits each of these pages, which are all in this language and whole. */
async function walk(page, lang, paths) {
  for (const path of paths) {
    await page.goto(path)
    assert.equal(await languageOf(page), lang, path)
    await checkPage(page)
  }
}

for (const [lang, name] of Object.entries(LANGUAGES)) {
  journey(`every page in ${lang}`, {}, async ({ keel, newVisitor }) => {
    await keel.command('seed')
    await walk(await newVisitor({ locale: lang }), lang, PUBLIC)
    const olivia = await newVisitor()
    await signIn(olivia, keel, OLIVIA.email)
    await olivia.goto(SETTINGS)
    await choose(olivia, 'Language', name)
    await press(olivia, 'Save')
    await olivia.getByRole('status').waitFor()
    await walk(olivia, lang, OWN)
  })
}

async function choosing({ keel, newVisitor }, options) {
  const page = await newVisitor({ ...options, locale: 'de-DE' })
  await page.goto('/login?redirectTo=/projects')
  await at(page, 'Anmelden')
  await choose(page, 'Sprache', 'Français')
  await press(page, 'Ändern')
  await at(page, 'Se connecter')
  assert.equal(new URL(page.url()).search, '?redirectTo=/projects')
  await field(page, 'Adresse e-mail').fill('nina@new.example')
  await press(page, 'Recevoir un lien de connexion')
  await at(page, 'Consultez votre messagerie')
  assert.match((await keel.mailTo('nina@new.example')).subject, /^\d{6} est votre code pour Keel$/)
}

journey('a visitor chooses a language, and the mail is in it', {}, scene => choosing(scene))

journey('a language is chosen with scripts off', {}, scene => choosing(scene, { scripts: false }))

journey('the language of the profile is that of every browser and of the next mail', { database: 'postgres' }, async ({ keel, newVisitor }) => {
  await keel.command('seed')
  const page = await newVisitor()
  await signIn(page, keel, MAX.email)
  await at(page, 'Welcome, Max')
  await press(page, `Signed in as ${MAX.email}`)
  await page.getByRole('link', { name: 'Your account', exact: true }).click()
  await at(page, 'Profile')
  await choose(page, 'Language', 'Deutsch')
  await choose(page, 'Time zone', 'Asia/Tokyo')
  await press(page, 'Save')
  await at(page, 'Profil')
  await says(page.getByRole('main'), 'Ihr Profil ist gespeichert.')
  await page.goto('/private-dashboard')
  await at(page, 'Willkommen, Max')
  const [moment] = await page.getByRole('time').evaluateAll(times => times.map(time => ({ at: time.dateTime, text: time.innerText })))
  const tokyo = new Date(Date.parse(moment.at) + 9 * 3_600_000).toISOString()
  assert.match(moment.text, new RegExp(`^${Number(tokyo.slice(8, 10))}\\. .*, ${tokyo.slice(11, 16)}$`), 'a day as Germans write it, in the time of Tokyo')

  const elsewhere = await newVisitor()
  await elsewhere.goto('/login')
  await at(elsewhere, 'Sign in')
  await field(elsewhere, 'Email').fill(MAX.email)
  await press(elsewhere, 'Email me a sign-in link')
  await at(elsewhere, 'Check your email')
  const mail = await keel.mailTo(MAX.email)
  assert.match(mail.subject, /^\d{6} ist Ihr Code für Keel$/)
  await elsewhere.goto(mail.links[0])
  await press(elsewhere, `Sign in as ${MAX.email}`)
  await at(elsewhere, 'Willkommen, Max')
})
