// The mail people get: from Keel's own mailbox, or by a real SMTP server started here.
import { once } from 'node:events'
import PostalMime from 'postal-mime'
import { SMTPServer } from 'smtp-server'
import { until } from './until.mjs'

const PATIENCE = 10_000

/** `mailTo(address, about)`: waits for mail in Keel's mailbox and answers the newest as `{ to, subject, text, html, links }`. */
export function mailboxOf(base) {
  return (address, about = /(?:)/) =>
    until(`mail to ${address} about ${about}`, PATIENCE, async () => {
      const response = await fetch(`${base}/dev/mailbox.json?to=${encodeURIComponent(address)}`)
      if (!response.ok) throw new Error(`/dev/mailbox.json answered ${response.status}`)
      return (await response.json()).find(({ subject }) => about.test(subject))
    })
}

/** An SMTP server without encryption or sign-in: `url` for `SMTP_URL`, `mailTo` as above, `stop()`. */
export async function startMailSink() {
  const received = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    async onData(stream, session, done) {
      try {
        const mail = await read(stream)
        for (const { address } of session.envelope.rcptTo) received.unshift({ ...mail, to: address })
        done()
      } catch (error) {
        done(error)
      }
    },
  })
  server.on('error', () => {}) // a client that hangs up is the client's affair
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  return {
    url: `smtp://127.0.0.1:${server.server.address().port}`,
    mailTo: (address, about = /(?:)/) =>
      until(`mail to ${address} about ${about}`, PATIENCE, () => received.find(({ to, subject }) => to === address && about.test(subject))),
    stop: () => new Promise(stopped => server.close(stopped)),
  }
}

async function read(stream) {
  const { subject, text = '', html = '' } = await PostalMime.parse(Buffer.concat(await stream.toArray()))
  return { subject, text, html, links: text.match(/https?:\/\/\S+/g) ?? [] }
}

/** The six digits of a sign-in mail. */
export function codeIn(mail) {
  const [code] = mail.text.match(/\b\d{6}\b/) ?? []
  if (!code) throw new Error(`no code in the mail: ${mail.text}`)
  return code
}

/** The link of a sign-in mail. */
export function linkIn(mail) {
  const link = mail.links.find(url => new URL(url).pathname === '/auth/link')
  if (!link) throw new Error(`no link in the mail: ${mail.text}`)
  return link
}
