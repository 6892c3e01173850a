// What a browser downloads for a page, as it crosses the wire.

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
