// When something was, in the reader's own time; in UTC for people whose browser runs no scripts.
import assert from 'node:assert/strict'
import { journey } from '../support/journey.mjs'
import { at } from '../support/pages.mjs'
import { signIn } from '../support/people.mjs'

const MAX = 'max@acme.example'

/** The machine-readable moment of everything on a page that happened, and how it is written. */
const moments = page =>
  page.getByRole('time').evaluateAll(times => times.map(time => ({ at: time.dateTime, text: time.innerText, hover: time.title })))

async function onTheDashboard({ keel, newVisitor }, options) {
  await keel.command('seed')
  const page = await newVisitor(options)
  await signIn(page, keel, MAX)
  await at(page, 'Welcome, Max')
  const found = await moments(page)
  assert.ok(found.length > 0, 'something happened')
  return found
}

journey('moments are written in the time of the reader', {}, async scene => {
  for (const { at, text, hover } of await onTheDashboard(scene, { timezone: 'Asia/Tokyo' })) {
    const local = new Date(Date.parse(at) + 9 * 3_600_000).toISOString()
    assert.ok(text.endsWith(`, ${local.slice(11, 16)}`), `${at} in Tokyo: ${text}`)
    assert.ok(text.startsWith(`${Number(local.slice(8, 10))} `), `${at} in Tokyo: ${text}`)
    assert.match(hover, /GMT\+9$/)
  }
})

journey('moments say that they are in UTC with scripts off', {}, async scene => {
  for (const { at, text } of await onTheDashboard(scene, { scripts: false, timezone: 'Asia/Tokyo' })) {
    assert.ok(text.endsWith(`, ${at.slice(11, 16)} UTC`), `${at} in UTC: ${text}`)
  }
})
