// The payment sandbox that runs inside a Keel under development, reached the way the outside world would misbehave.

/** Says what happens to webhooks from now on: 'deliver', 'drop', 'hold', 'duplicate' or 'reverse'. */
export async function setWebhooks(keel, webhooks) {
  const { api } = await (await fetch(`${keel.base}/dev/sandbox.json`)).json()
  const response = await fetch(new URL('_sandbox/faults', api), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ webhooks }),
  })
  if (!response.ok) throw new Error(`the sandbox refused ${webhooks}: ${response.status} ${await response.text()}`)
}
