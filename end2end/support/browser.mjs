// One Chromium for all journeys, and the visitors in it: each has cookies of its own and notes what the browser complains about.
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']
/** What keeps it from talking to anybody else, and from waiting for a screen. */
export const FLAGS = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
const PATIENCE = 15_000

/** The program of the browser, from the PATH. */
export const findBrowser = () =>
  process.env.PATH.split(delimiter).flatMap(folder => NAMES.map(name => join(folder, name))).find(existsSync)

/** Starts the browser; journeys reach it at its `wsEndpoint()`. */
export const launchBrowser = () => chromium.launchServer({ executablePath: findBrowser(), args: FLAGS })

/** A connection to the browser that run.mjs started; closing it closes this connection's visitors only. */
export const connectBrowser = () => chromium.connect(process.env.KEEL_TEST_BROWSER)

/**
 * A page of a visitor nobody has seen before. `scripts: false` turns JavaScript off, `timezone` is where they live,
 * `locale` what they speak.
 * Motion is reduced, so that nothing is caught half-way through a transition.
 */
export async function newVisitor(browser, base, { scripts = true, timezone = 'UTC', locale = 'en-US' } = {}) {
  const context = await browser.newContext({
    baseURL: base,
    javaScriptEnabled: scripts,
    locale,
    timezoneId: timezone,
    reducedMotion: 'reduce',
    viewport: { width: 1280, height: 900 },
  })
  context.setDefaultTimeout(PATIENCE)
  return openTab(context, scripts)
}

/** Another tab of the same visitor: same cookies, nothing opened yet. */
export const newTab = page => openTab(page.context(), hasScripts(page))

async function openTab(context, scripts) {
  const page = await context.newPage()
  const complaints = []
  visitors.set(page, { scripts, complaints })
  await page.exposeFunction('noteViolation', violation => complaints.push(violation))
  await page.addInitScript(() =>
    addEventListener('securitypolicyviolation', event =>
      globalThis.noteViolation(`the policy forbids ${event.effectiveDirective}: ${event.blockedURI} ${event.sample}`),
    ),
  )
  page.on('pageerror', error => complaints.push(String(error)))
  page.on('request', request => {
    if (isElsewhere(request)) complaints.push(`loads ${request.url()} from elsewhere`)
  })
  page.on('requestfailed', request => {
    // What is left for another page is no failure.
    const { errorText } = request.failure()
    if (errorText !== 'net::ERR_ABORTED' && !request.isNavigationRequest()) complaints.push(`${request.url()} failed: ${errorText}`)
  })
  page.on('console', message => {
    if (message.type() === 'error' && !isStatusOfPage(message)) complaints.push(message.text())
  })
  return page
}

const visitors = new WeakMap()

/** A part of a page that is not the page's own. */
const isElsewhere = request => !request.isNavigationRequest() && new URL(request.url()).origin !== new URL(request.frame().url()).origin

/**
 * What there was to complain about since the last question: script errors, content that was blocked, files that are missing
 * or come from elsewhere.
 */
export const takeComplaints = page => visitors.get(page).complaints.splice(0)

/** Whether JavaScript runs in this page. */
export const hasScripts = page => visitors.get(page).scripts

// Chromium reports a page that is itself a 404 or 422 as a resource that failed to load; the journeys mean those. So it does of
// what a form asks before it is sent (public/passkeys.js), which is then refused for the same reason.
const isStatusOfPage = message => {
  const { url } = message.location()
  return message.text().startsWith('Failed to load resource') && (url === message.page().url() || url.endsWith('/api/passkeys/begin'))
}
