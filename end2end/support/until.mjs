// Waiting for something outside the browser, with an end.
import { setTimeout as pause } from 'node:timers/promises'

/** What `look` answers first that is neither empty nor false; fails after `limit` milliseconds, saying `what` did not come. */
export async function until(what, limit, look) {
  const end = Date.now() + limit
  while (Date.now() < end) {
    const seen = await look()
    if (seen) return seen
    await pause(50)
  }
  throw new Error(`not within ${limit} ms: ${what}`)
}
