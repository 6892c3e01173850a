// Every component in its states: what `KEEL_PHOTOS=1` photographs for people to look at is checked here like any page.
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
