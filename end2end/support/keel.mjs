// Starts the real binary on a free port with data, secret and database of its own, and ends it.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { createDatabase, readerOf } from './database.mjs'
import { mailboxOf, startMailSink } from './mail.mjs'
import { until } from './until.mjs'

const ROOT = join(import.meta.dirname, '../..')
const BINARY = resolve(ROOT, process.env.KEEL_BINARY ?? 'target/debug/keel')
const START = 20_000
const END = 10_000

/**
 * A running Keel: `base` is its address, `mailTo(address, about)` waits for the newest mail somebody was sent, of those whose
 * subject fits the pattern `about`, `log()` is what it printed, `command(name)` runs another command on the same data and gives
 * what that printed, `rows(sql)` looks into its database, `stop()` ends it and removes what it kept.
 *
 * `model` is the business model, `host` what it is called in addresses; with `smtp` mail goes to a server started here instead of the
 * mailbox; `env` is added to its environment, which is otherwise nothing but what is set here.
 */
export async function startKeel({ database = 'sqlite', model = 'b2b', host = '127.0.0.1', smtp = false, env = {} } = {}) {
  const { port, data } = await freePlace()
  const base = `http://${host}:${port}`
  const postgres = database === 'postgres' ? await createDatabase() : null
  const sink = smtp ? await startMailSink() : null
  const settings = {
    ...surroundings(),
    KEEL_ENV: 'development',
    KEEL_BASE_URL: base,
    KEEL_LISTEN: `127.0.0.1:${port}`,
    KEEL_DATA_DIR: data,
    KEEL_SECRET: randomBytes(32).toString('base64'),
    KEEL_BUSINESS_MODEL: model,
    KEEL_DRAIN: '0',
    ...(postgres && { DATABASE_URL: postgres.url }),
    ...(sink && { SMTP_URL: sink.url }),
    ...env,
  }
  const keel = run(settings)
  const command = async name => (await promisify(execFile)(BINARY, [name], { cwd: ROOT, env: settings })).stdout

  const stop = async () => {
    const graceful = await keel.end()
    await sink?.stop()
    await postgres?.drop()
    await rm(data, { recursive: true, force: true })
    assert.ok(graceful, `Keel did not end within ${END} ms of SIGTERM:\n${keel.log()}`)
  }
  try {
    await until(`Keel is ready at ${base}`, START, async () => {
      assert.ok(keel.alive(), 'Keel ended')
      return (await fetch(`${base}/health/ready`).catch(() => null))?.ok
    })
  } catch (error) {
    await stop()
    throw new Error(`${error.message}\n${keel.log()}`)
  }
  const rows = readerOf(postgres?.url ?? join(data, 'keel.db'))
  return { base, mailTo: sink?.mailTo ?? mailboxOf(base), log: keel.log, command, rows, stop }
}

function surroundings() {
  const { PATH, TMPDIR } = process.env
  return { PATH, ...(TMPDIR && { TMPDIR }) }
}

function run(env) {
  const child = spawn(BINARY, ['serve'], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const output = []
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', text => output.push(text))
  child.on('error', error => output.push(`${error}\n`))

  const alive = () => child.pid !== undefined && child.exitCode === null && child.signalCode === null
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  /** True when SIGTERM was enough. */
  const end = async () => {
    if (alive()) {
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      const impatience = setTimeout(kill, END)
      await gone
      clearTimeout(impatience)
    }
    process.off('exit', kill)
    return child.signalCode !== 'SIGKILL'
  }
  return { alive, end, log: () => output.join('') }
}

/**
 * A port below those that outgoing connections are given, so that it stays free until Keel listens, and a folder named after it: of two
 * journeys that choose the same port one makes the folder. Even ones, for the sandbox listens on the next.
 */
async function freePlace() {
  for (;;) {
    const port = 2 * randomInt(5_500, 10_000)
    const data = join(tmpdir(), `keel-${port}`)
    if (!(await isFree(port))) continue
    try {
      await mkdir(data, { mode: 0o700 })
      return { port, data }
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
  }
}

async function isFree(port) {
  const server = createServer()
  const free = await once(server.listen(port, '127.0.0.1'), 'listening').then(() => true, () => false)
  if (free) await once(server.close(), 'close')
  return free
}

// A runner that is interrupted still runs the `exit` listeners above: no Keel outlives it.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
