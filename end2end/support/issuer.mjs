// An OpenID Connect issuer that is not ours, on loopback. It signs in whomever a journey wants, and lies the way it wants.
import { createSign, generateKeyPairSync } from 'node:crypto'
import { OAuth2Server } from 'oauth2-mock-server'

/**
 * A running issuer: `settings` make it the provider Acme of a Keel, `says(claims)` chooses what its tokens claim, `alters(change)` what
 * becomes of a token afterwards, `refuses(error)` how it sends browsers back without a code; `stop()` ends it.
 */
export async function startIssuer() {
  const server = new OAuth2Server()
  await server.issuer.keys.generate('RS256')
  // Not at 127.0.0.1, where Keel is: coming back from there is coming from another site.
  await server.start(0, 'localhost')
  let [claims, change, error] = [{}, null, null]
  server.service.on('beforeTokenSigning', token => Object.assign(token.payload, claims))
  server.service.on('beforeResponse', answer => {
    if (change) answer.body.id_token = change(answer.body.id_token)
  })
  server.service.on('beforeAuthorizeRedirect', ({ url }) => {
    if (!error) return
    url.searchParams.delete('code')
    url.searchParams.set('error', error)
  })
  return {
    settings: { OAUTH_ACME_CLIENT_ID: 'keel', OAUTH_ACME_CLIENT_SECRET: 'between-the-two', OAUTH_ACME_ISSUER: server.issuer.url },
    says: wanted => ([claims, change, error] = [wanted, null, null]),
    alters: wanted => (change = wanted),
    refuses: wanted => (error = wanted),
    stop: () => server.stop(),
  }
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
