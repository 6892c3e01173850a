// The billing sandbox as a process of its own, on a free port, and somebody who receives its webhooks.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'

const BINARY = join(import.meta.dirname, '../../target/debug/billing-sandbox')
export const KEY = 'sk_test_end2end'
export const SECRET = 'whsec_end2end'
export const CARD = { good: '4242424242424242', declined: '4000000000000002', asking: '4000002500003155', disputed: '4000000000000259', failing: '4000000000000341', returning: '4000000000005126' }

/** A sandbox for one run of `use`: `api` and `pages` are where it is, without a slash at the end. Its webhooks go to `receiver`. */
export async function withSandbox(receiver, use) {
  const flags = ['--listen', '127.0.0.1:0', '--api-key', KEY]
  if (receiver) flags.push('--webhook-url', receiver.url, '--webhook-secret', SECRET)
  const child = spawn(BINARY, flags, { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), once(child, 'error').then(([error]) => Promise.reject(error))])
    const [, api, pages] = /API (\S+)\/ pages (\S+)/.exec(line)
    return await use({ api, pages })
  } finally {
    if (child.pid && child.exitCode === null) {
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      await gone
    }
  }
}

/** Receives webhooks while `use` runs: `url` to send them to, `received` as `{ body, signature }`. */
export async function withReceiver(use) {
  const received = []
  const server = createServer(async (request, response) => {
    const chunks = []
    for await (const chunk of request) chunks.push(chunk)
    received.push({ body: Buffer.concat(chunks).toString(), signature: request.headers['stripe-signature'] })
    response.end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    return await use({ url: `http://127.0.0.1:${server.address().port}/`, received })
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

/** Sends a form to a page, as a browser would, and answers the response unfollowed. */
export const submit = (url, fields) => fetch(url, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' })

/** Types a card into a session's payment page and presses Pay. */
export const pay = (session, card) => submit(session.url, { action: 'pay', card_number: card, expiry: '12 / 40', cvc: '123' })

/** An order under `/_sandbox`. */
export async function order(sandbox, path, body) {
  const response = await fetch(`${sandbox.api}/_sandbox/${path}`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })
  assert.equal(response.status, 200, await response.clone().text())
  return response.json()
}

/** Waits until so many things are in a list, ten seconds at most. */
export async function until(list, count) {
  for (const end = Date.now() + 10_000; list.length < count && Date.now() < end; ) await pause(20)
  assert.equal(list.length, count)
}
