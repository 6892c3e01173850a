// Accounts: switching between them, making further workspaces, two tabs on two of them, and what each business model has.
import assert from 'node:assert/strict'
import { newTab } from '../support/browser.mjs'
import { journey } from '../support/journey.mjs'
import { at, checkPage, region, says } from '../support/pages.mjs'
import { OLIVIA, choosePlan, field, introduce, openAccounts, press, signUp, switchAccount } from '../support/people.mjs'

const HERS = "Olivia's workspace"
const BETA = 'Beta'
const PERSONAL = `${OLIVIA.first} ${OLIVIA.last}`
const WELCOME = `Welcome, ${OLIVIA.first}`
const main = page => page.getByRole('main')
const button = (page, name) => page.getByRole('button', { name, exact: true })
const upgrade = page => page.getByRole('link', { name: 'Upgrade plan' })

/** Somebody new who has told the name, on the dashboard with this heading. */
async function arrive({ keel, newVisitor }, heading, options) {
  const page = await newVisitor(options)
  await page.goto('/signup')
  await signUp(page, keel, OLIVIA.email)
  await introduce(page, OLIVIA)
  await at(page, heading)
  return page
}

/** By the switcher to another workspace. */
async function createWorkspace(page, current, name) {
  await openAccounts(page, current)
  await checkPage(page)
  await page.getByRole('link', { name: 'Create workspace', exact: true }).click()
  await at(page, 'Create a workspace')
  await press(page, 'Create workspace')
  await says(main(page), 'Fill this in.')
  await field(page, 'Workspace name').fill(name)
  await press(page, 'Create workspace')
  await at(page, 'Overview')
  await says(main(page), 'Your workspace is ready.', name)
}

async function switching(scene, options) {
  const page = await arrive(scene, 'Overview', options)
  await createWorkspace(page, HERS, BETA)
  await page.goto('/org-dashboard/billing')
  await switchAccount(page, BETA, HERS)
  await at(page, 'Billing')
  await says(main(page), 'You switched accounts.', HERS)
  await openAccounts(page, HERS)
  await checkPage(page)
  await says(page.getByRole('listitem').filter({ hasText: BETA }), 'No plan · Owner')
  await page.keyboard.press('Escape')
  await switchAccount(page, HERS, PERSONAL)
  await at(page, WELCOME)
  await says(main(page), 'This is your personal account')
  await press(page, `Open ${BETA}`)
  await button(page, `Account: ${BETA}`).waitFor()
  await at(page, WELCOME)
}

journey('the switcher leads to the same page of the other account, or to its dashboard', {}, scene => switching(scene))

journey('the switcher with scripts off', {}, scene => switching(scene, { scripts: false }))

async function twoTabs(scene, options) {
  const page = await arrive(scene, 'Overview', options)
  await createWorkspace(page, HERS, BETA)
  await choosePlan(page, 'Free')
  await at(page, 'Checkout')
  await says(main(page), BETA)

  const other = await newTab(page)
  await other.goto('/checkout')
  await switchAccount(other, BETA, HERS)
  await at(other, 'Checkout')
  await says(main(other), HERS)

  await press(page, 'Start with Free') // rendered for Beta, while the other account is the active one
  await at(page, "You're on Free")
  await says(main(page), `${BETA} starts with 100 credits`)
  await other.goto('/org-dashboard/billing')
  await at(other, 'Billing')
  await says(main(other), HERS, 'No plan yet')
  await page.getByRole('link', { name: 'Continue' }).click()
  await at(page, 'Overview')
  await button(page, `Account: ${BETA}`).waitFor()
  await says(region(page, 'Credits'), '100')

  await other.goto('/org-dashboard/billing?account=beta')
  await at(other, 'Billing')
  await says(region(other, 'Current plan'), 'Free')
  await other.goto('/org-dashboard')
  await button(other, `Account: ${HERS}`).waitFor()
  for (const account of ['nobody', 'acme']) {
    assert.equal((await other.goto(`/org-dashboard?account=${account}`)).status(), 404)
    await at(other, 'Not found')
  }
}

journey('two tabs on two accounts never bleed', {}, scene => twoTabs(scene))

journey('two tabs with scripts off, on PostgreSQL', { database: 'postgres' }, scene => twoTabs(scene, { scripts: false }))

journey('in b2c there is one account and nothing to switch', { model: 'b2c' }, async scene => {
  const page = await arrive(scene, WELCOME)
  assert.equal(await page.getByRole('button', { name: /^Account:/ }).count(), 0)
  await upgrade(page).waitFor()
  for (const path of ['/org-dashboard', '/org-dashboard/admin', '/workspaces/new', '/onboarding/workspace']) {
    assert.equal((await page.goto(path)).status(), 404, path)
  }
  await at(page, 'Not found')
  await page.goto('/private-dashboard/billing')
  await at(page, 'Billing')
})

journey('in hybrid a person works alone until there is a workspace', { model: 'hybrid' }, async scene => {
  const page = await arrive(scene, WELCOME)
  await upgrade(page).waitFor()
  await createWorkspace(page, PERSONAL, BETA)
  await page.goto('/private-dashboard')
  await at(page, WELCOME)
  assert.equal(await upgrade(page).count(), 0, 'its plan is chosen by those who run it')
  await page.goto('/org-dashboard/billing')
  await switchAccount(page, BETA, PERSONAL)
  await at(page, 'Billing')
  assert.equal(new URL(page.url()).pathname, '/private-dashboard/billing')
  await choosePlan(page, 'Business')
  await at(page, 'Checkout')
  await press(page, `Switch to ${BETA}`)
  await at(page, 'Checkout')
  await button(page, 'Continue to payment').waitFor()
})

journey('where only licences are sold, no plan that renews is offered', { env: { KEEL_BILLING_MODEL: 'license' } }, async ({ newVisitor }) => {
  const page = await newVisitor()
  await page.goto('/pricing')
  await at(page, 'Pricing')
  await button(page, 'Choose Free').waitFor()
  await button(page, 'Choose Pro lifetime').waitFor()
  assert.equal(await button(page, 'Choose Pro').count(), 0)
})
