// Pictures made here: PNG files in one colour, with a band across the middle.
import { crc32, deflateSync } from 'node:zlib'

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

/** A PNG file, as large as it is said to be unless `says` is something else. */
export function png(width, height, says = [width, height]) {
  const head = Buffer.alloc(13)
  head.writeUInt32BE(says[0], 0)
  head.writeUInt32BE(says[1], 4)
  head.set([8, 2], 8)
  const lines = Array.from({ length: height }, (_, y) => line(width, Math.abs(y / height - 0.5) < 0.2 ? [230, 180, 60] : [20, 110, 110]))
  return Buffer.concat([SIGNATURE, chunk('IHDR', head), chunk('IDAT', deflateSync(Buffer.concat(lines))), chunk('IEND', Buffer.alloc(0))])
}

const line = (width, colour) => Buffer.concat([Buffer.alloc(1), Buffer.alloc(3 * width, Buffer.from(colour))])

function chunk(kind, data) {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  const named = Buffer.concat([Buffer.from(kind, 'latin1'), data])
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(named))
  return Buffer.concat([length, named, sum])
}
