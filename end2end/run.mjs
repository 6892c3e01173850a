// Starts one Chromium, walks the journeys in it with node's test runner and ends it: `node end2end/run.mjs [NAME…]`,
// where NAME is a file of journeys/ without its ending. Needs target/debug/keel, and KEEL_TEST_POSTGRES from .ci/postgres.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { launchBrowser } from './support/browser.mjs'
import { PHOTOS } from './support/pages.mjs'

const folder = join(import.meta.dirname, 'journeys')
const ending = '.test.mjs'
const wanted = process.argv.slice(2)
const names = (await readdir(folder)).filter(file => file.endsWith(ending)).map(file => file.slice(0, -ending.length))
const unknown = wanted.filter(name => !names.includes(name))
if (unknown.length > 0) throw new Error(`no such journeys: ${unknown.join(', ')}; there are ${names.join(', ')}`)

await rm(PHOTOS, { recursive: true, force: true })
const browser = await launchBrowser()
const files = (wanted.length > 0 ? wanted : names).map(name => join(folder, name + ending))
const walk = spawn(process.execPath, ['--test', '--test-reporter=spec', ...files], {
  stdio: 'inherit',
  env: { ...process.env, KEEL_TEST_BROWSER: browser.wsEndpoint() },
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => walk.kill(signal))
const [code] = await once(walk, 'exit')
await browser.close()
process.exit(code ?? 1)
