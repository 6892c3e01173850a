// An OpenID Connect issuer that is not ours, on loopback. It signs in whomever a journey wants, and lies the way it wants.
import { createSign, generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { OAuth2Server } from 'oauth2-mock-server'

/**
 * A running issuer at the address `base`: `settings` make it the provider Acme of a Keel, `says(claims)` chooses what its tokens claim,
 * `alters(change)` what becomes of a token afterwards, `refuses(error)` how it sends browsers back without a code; `stop()` ends it.
 * It leads browsers on to another host of its own first, as large ones do.
 */
export async function startIssuer() {
  const server = new OAuth2Server()
  await server.issuer.keys.generate('RS256')
  // Not at 127.0.0.1, where Keel is: coming back from there is coming from another site.
  await server.start(0, 'localhost')
  const other = await startOtherHost()
  let [claims, change, error] = [{}, null, null]
  server.service.on('beforeTokenSigning', token => Object.assign(token.payload, claims))
  server.service.on('beforeResponse', answer => {
    if (change) answer.body.id_token = change(answer.body.id_token)
  })
  server.service.on('beforeAuthorizeRedirect', ({ url }) => {
    if (error) {
      url.searchParams.delete('code')
      url.searchParams.set('error', error)
    }
    url.href = other.leadingTo(url.href)
  })
  return {
    base: server.issuer.url,
    settings: { OAUTH_ACME_CLIENT_ID: 'keel', OAUTH_ACME_CLIENT_SECRET: 'between-the-two', OAUTH_ACME_ISSUER: server.issuer.url },
    says: wanted => ([claims, change, error] = [wanted, null, null]),
    alters: wanted => (change = wanted),
    refuses: wanted => (error = wanted),
    stop: () => Promise.all([server.stop(), other.stop()]),
  }
}

/** A host that sends browsers wherever its address says: `leadingTo(address)` is such an address. */
async function startOtherHost() {
  const server = createServer((request, response) => {
    const to = new URL(request.url, 'http://127.0.0.1').searchParams.get('to')
    response.writeHead(302, { location: to }).end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  const stop = async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
  return { leadingTo: address => `http://127.0.0.1:${port}/?${new URLSearchParams({ to: address })}`, stop }
}

const encode = value => Buffer.from(JSON.stringify(value)).toString('base64url')

/** The same token, signed by somebody else under the issuer's name for its key. */
export function forged(token) {
  const signed = token.split('.', 2).join('.')
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')}`
}

/** The same token, which says that it needs no signature. */
export const unsigned = token => `${encode({ alg: 'none', typ: 'JWT' })}.${token.split('.')[1]}.`
