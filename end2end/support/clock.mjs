// Moving the time of Keel and its billing sandbox.
import assert from 'node:assert/strict'

/** So many milliseconds later. */
export async function advance(keel, milliseconds) {
  const response = await fetch(`${keel.base}/dev/clock`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
    body: JSON.stringify({ advance_ms: milliseconds }),
  })
  assert.ok(response.ok, `/dev/clock answered ${response.status}`)
}
