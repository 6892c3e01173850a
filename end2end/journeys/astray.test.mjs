// Pages people reach by accident say where they are and where to go on.
import assert from 'node:assert/strict'
import { journey } from '../support/journey.mjs'
import { at, says } from '../support/pages.mjs'
import { OLIVIA, signUp } from '../support/people.mjs'

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
