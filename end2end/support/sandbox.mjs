// The payment sandbox that runs inside a Keel under development: asked as the payment provider is, and reached the way the
// outside world would misbehave.
import assert from 'node:assert/strict'

/** The key that calls to such a sandbox are accepted with. */
const KEY = 'sk_test_keel_sandbox'

/** What the payment provider's API answers; `fields` are a form where there is one. */
export async function stripe(keel, method, path, fields) {
  const body = fields && new URLSearchParams(fields)
  const response = await fetch(new URL(`v1/${path}`, await apiOf(keel)), { method, headers: { Authorization: `Bearer ${KEY}` }, body })
  const answer = await response.json()
  assert.ok(response.ok, `${method} ${path} answered ${response.status}: ${JSON.stringify(answer)}`)
  return answer
}

/** Says what happens to webhooks from now on: 'deliver', 'drop', 'hold', 'duplicate' or 'reverse'. */
export const setWebhooks = (keel, webhooks) => order(keel, 'faults', { webhooks })

/** The bank's word on a dispute. */
export const decideDispute = (keel, dispute, won) => order(keel, `disputes/${dispute}`, { won })

/** What time it is there, and in Keel: milliseconds since 1970. */
export const timeOf = async keel => (await (await fetch(new URL('_sandbox/clock', await apiOf(keel)))).json()).now_ms

async function order(keel, path, body) {
  const response = await fetch(new URL(`_sandbox/${path}`, await apiOf(keel)), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`the sandbox refused ${path}: ${response.status} ${await response.text()}`)
}

const apiOf = async keel => (await (await fetch(`${keel.base}/dev/sandbox.json`)).json()).api
