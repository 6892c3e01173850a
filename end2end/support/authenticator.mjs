// An app that shows codes (RFC 6238), made without Keel's help.
import { createHmac } from 'node:crypto'
import { advance } from './clock.mjs'

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const SPAN = 30_000

/** What an app with this key shows at a moment. */
function codeOf(key, at) {
  const bits = [...key.replace(/\s/g, '')].map(letter => LETTERS.indexOf(letter).toString(2).padStart(5, '0')).join('')
  const secret = Buffer.from(bits.match(/.{8}/g).map(byte => parseInt(byte, 2)))
  const span = Buffer.alloc(8)
  span.writeBigUInt64BE(BigInt(Math.floor(at / SPAN)))
  const digest = createHmac('sha1', secret).update(span).digest()
  const number = digest.readUInt32BE(digest.at(-1) & 15) & 0x7fffffff
  return String(number % 1_000_000).padStart(6, '0')
}

/** Time as Keel has it, which this moves on: of each span one code counts. `code(key)` waits for the next one. */
export function authenticator(keel) {
  let later = 0
  return {
    async code(key) {
      later += SPAN
      await advance(keel, SPAN)
      return codeOf(key, Date.now() + later)
    },
  }
}
