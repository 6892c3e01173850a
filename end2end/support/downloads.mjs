// What a browser downloads: for a page, as it crosses the wire, and for a person, as a file.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Another program's idea of a zip: whole, and with this file in it. */
const UNZIP = 'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; print(z.read(sys.argv[2]).decode())'

/** Follows the link to a zip of such a name; gives one of its files. */
export async function unzipped(page, link, name, file) {
  const [download] = await Promise.all([page.waitForEvent('download'), link.click()])
  assert.match(download.suggestedFilename(), name)
  const folder = await mkdtemp(join(tmpdir(), 'keel-copy-'))
  try {
    const zip = join(folder, download.suggestedFilename())
    await download.saveAs(zip)
    const { stdout } = await promisify(execFile)('python3', ['-c', UNZIP, zip, file])
    return stdout
  } finally {
    await rm(folder, { recursive: true })
  }
}

/**
 * Opens a page, waits until nothing more is asked for and gives, for each answer, its `url`, its `type` (`document`,
 * `stylesheet`, `script`, `fetch`, `image`, …) and its `bytes`, headers and compressed body. What the visitor has already
 * costs nothing: ask a new one.
 */
export async function download(page, path) {
  const finished = []
  const note = request => finished.push(request)
  page.on('requestfinished', note)
  await page.goto(path, { waitUntil: 'networkidle' })
  page.off('requestfinished', note)
  return Promise.all(finished.map(measure))
}

async function measure(request) {
  const { responseHeadersSize, responseBodySize } = await request.sizes()
  return { url: new URL(request.url()), type: request.resourceType(), bytes: responseHeadersSize + responseBodySize }
}
