// What somebody reaches who has a keyboard and nothing else.
import assert from 'node:assert/strict'

/**
 * From the skip link on, Tab leads to everything that can be pressed or filled in, in the page and in each menu and dialog
 * that a button opens; each shows that it has the focus and lies in sight. Escape closes what was opened.
 */
export async function checkKeyboard(page) {
  await page.evaluate(noteStops)
  const faults = []
  await page.locator('.skip').focus()
  const openers = await walk(page, 'body', faults)
  for (const opener of openers) {
    await page.evaluate(number => globalThis.stops[number].focus(), opener.number)
    await page.keyboard.press('Enter')
    const opened = `#${opener.opens}`
    if (!(await page.locator(opened).isVisible())) faults.push(`${opener.name} opens nothing`)
    await walk(page, opened, faults)
    await page.keyboard.press('Escape')
    if (await page.locator(opened).isVisible()) faults.push(`Escape does not close ${opened}`)
  }
  assert.deepEqual(faults, [], `for the keyboard, at ${page.url()}`)
}

/** Tabs through the part of a page and adds to `faults`; gives the stops that open something. */
async function walk(page, part, faults) {
  const expected = await page.evaluate(part => globalThis.stopsIn(part), part)
  const missing = new Map(expected.map(({ number, name }) => [number, name]))
  // It may take a few steps to come into the part.
  for (let steps = expected.length + 3; steps > 0 && missing.size > 0; steps -= 1) {
    const stop = await page.evaluate(() => globalThis.currentStop())
    if (missing.delete(stop?.number)) faults.push(...stop.faults)
    await page.keyboard.press('Tab')
  }
  faults.push(...[...missing.values()].map(name => `Tab does not reach ${name} in ${part}`))
  return expected.filter(({ opens }) => opens)
}

/** In the page: `stops` are all elements that take the focus, wherever they are, numbered from the top. */
function noteStops() {
  const TAKES_FOCUS = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]'
  const name = element => `<${element.localName}> ${(element.innerText || element.ariaLabel || element.id).trim().slice(0, 40)}`
  // Arrows move within a radio group; Tab comes to the one that is chosen, or to the first.
  const isInReach = element => {
    if (element.disabled || !element.checkVisibility({ visibilityProperty: true })) return false
    if (element.type !== 'radio') return true
    const group = [...document.getElementsByName(element.name)]
    return element === (group.find(radio => radio.checked) ?? group[0])
  }
  const opens = element => (element.popoverTargetAction === 'hide' ? null : element.getAttribute('popovertarget'))
  const hasRing = element => {
    const { outlineStyle, outlineWidth } = getComputedStyle(element)
    return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2
  }
  const isInSight = element => {
    const { x, y, width, height } = element.getClientRects()[0]
    const [middle, centre] = [Math.min(Math.max(x + width / 2, 0), innerWidth - 1), y + Math.min(height, innerHeight) / 2]
    const seen = document.elementFromPoint(middle, centre)
    return seen !== null && (element.contains(seen) || seen.contains(element) || seen.control === element)
  }

  const stops = [...document.querySelectorAll(TAKES_FOCUS)]
  globalThis.stops = stops
  globalThis.stopsIn = part => {
    const all = stops.map((element, number) => ({ element, number })).filter(({ element }) => element.closest(part) && isInReach(element))
    return all.map(({ element, number }) => ({ number, name: name(element), opens: opens(element) }))
  }
  globalThis.currentStop = () => {
    const element = document.activeElement
    const number = stops.indexOf(element)
    if (number < 0) return null
    const ringed = [element, element.parentElement, element.parentElement?.parentElement].some(one => one && hasRing(one))
    const faults = [...(ringed ? [] : ['shows no focus']), ...(isInSight(element) ? [] : ['is out of sight'])]
    return { number, faults: faults.map(fault => `${name(element)} ${fault}`) }
  }
}
