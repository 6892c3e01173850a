// Databases in the PostgreSQL cluster that .ci/postgres started.
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'

const call = promisify(execFile)

/** An empty database: `url` to connect to, `drop()` to remove it with whatever is still connected. */
export async function createDatabase() {
  const cluster = process.env.KEEL_TEST_POSTGRES
  if (!cluster) throw new Error('KEEL_TEST_POSTGRES is not set; run this through .ci/postgres')
  const name = `keel_${randomBytes(6).toString('hex')}`
  const url = new URL(cluster)
  url.pathname = name
  await call('createdb', [`--maintenance-db=${cluster}`, name])
  return { url: url.href, drop: () => call('dropdb', ['--force', `--maintenance-db=${cluster}`, name]) }
}
