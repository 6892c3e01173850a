// One Chromium for all journeys, and the visitors in it: each has cookies of its own and notes what the browser complains about.
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']
const FLAGS = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
const PATIENCE = 15_000

/** Starts the browser; journeys reach it at its `wsEndpoint()`. */
export function launchBrowser() {
  const places = process.env.PATH.split(delimiter).flatMap(folder => NAMES.map(name => join(folder, name)))
  return chromium.launchServer({ executablePath: places.find(existsSync), args: FLAGS })
}

/** A connection to the browser that run.mjs started; closing it closes this connection's visitors only. */
export const connectBrowser = () => chromium.connect(process.env.KEEL_TEST_BROWSER)

/**
 * A page of a visitor nobody has seen before. `scripts: false` turns JavaScript off.
 * Motion is reduced, so that nothing is caught half-way through a transition.
 */
export async function newVisitor(browser, base, { scripts = true } = {}) {
  const context = await browser.newContext({
    baseURL: base,
    javaScriptEnabled: scripts,
    locale: 'en-US',
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
  page.on('pageerror', error => complaints.push(String(error)))
  page.on('console', message => {
    if (message.type() === 'error' && !isStatusOfPage(message)) complaints.push(message.text())
  })
  return page
}

const visitors = new WeakMap()

/** What the browser complained about since the last question: script errors, blocked content, missing files. */
export const takeComplaints = page => visitors.get(page).complaints.splice(0)

/** Whether JavaScript runs in this page. */
export const hasScripts = page => visitors.get(page).scripts

// Chromium reports a page that is itself a 404 or 422 as a resource that failed to load; the journeys mean those.
const isStatusOfPage = message =>
  message.text().startsWith('Failed to load resource') && message.location().url === message.page().url()
