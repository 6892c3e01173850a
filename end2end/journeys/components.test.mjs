// Every component in its states: what `KEEL_PHOTOS=1` photographs for people to look at is checked here like any page.
import assert from 'node:assert/strict'
import { journey } from '../support/journey.mjs'
import { checkKeyboard } from '../support/keyboard.mjs'
import { at } from '../support/pages.mjs'

for (const scripts of [true, false]) {
  journey(`every component is whole ${scripts ? 'and within reach of the keyboard' : 'with scripts off'}`, {}, async ({ newVisitor }) => {
    const page = await newVisitor({ scripts })
    await page.goto('/dev/components')
    await at(page, 'Components')
    if (scripts) await checkKeyboard(page)
  })
}

journey('a secret is copied by its button', {}, async ({ newVisitor }) => {
  const page = await newVisitor()
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await page.goto('/dev/components')
  const secret = page.getByRole('region', { name: 'Secret' })
  const [first] = await secret.getByRole('group').allInnerTexts()
  await secret.getByRole('button', { name: 'Copy', exact: true }).first().click()
  await secret.getByRole('button', { name: 'Copied', exact: true }).waitFor()
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), first)
})

journey('a dialog is modal, and gives the focus back', {}, async ({ newVisitor }) => {
  const page = await newVisitor()
  await page.goto('/dev/components')
  const opener = page.getByRole('region', { name: 'Dialog' }).getByRole('button', { name: 'Create a workspace' })
  const dialog = page.getByRole('dialog', { name: 'Create a workspace' })
  for (const close of [() => page.keyboard.press('Escape'), () => dialog.getByRole('button', { name: 'Close' }).click()]) {
    await opener.click()
    await dialog.waitFor()
    assert.equal(await page.evaluate(() => document.querySelector('dialog:modal')?.id), 'create')
    await close()
    await dialog.waitFor({ state: 'hidden' })
    assert.equal(await opener.evaluate(button => button === document.activeElement), true)
  }
})
