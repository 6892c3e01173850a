// Databases in the PostgreSQL cluster that .ci/postgres started, and a look into those a Keel keeps its data in.
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'

const call = promisify(execFile)
const MOST = 16 * 2 ** 20

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

/**
 * `rows(sql)` gives the rows of a query, past Keel: each an object by the names of its columns. `place` is the address of a
 * PostgreSQL database, else a file of SQLite.
 */
export function readerOf(place) {
  const [program, flags, asked] = place.startsWith('postgres')
    ? ['psql', ['--no-psqlrc', '-At', '-d', place, '-c'], sql => `SELECT COALESCE(json_agg(found), '[]') FROM (${sql}) found`]
    : ['sqlite3', ['-readonly', '-json', '-cmd', '.timeout 5000', place], sql => sql]
  return async sql => {
    const { stdout } = await call(program, [...flags, asked(sql)], { maxBuffer: MOST })
    return JSON.parse(stdout.trim() || '[]')
  }
}
