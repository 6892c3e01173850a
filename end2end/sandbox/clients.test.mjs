// Two stories, told through Stripe's clients for Node and Python, each to a sandbox of its own: they see the same. What they see is
// kept in clients/summary.json and clients/life.json, with which app/sandbox/tests/sandbox compares what async-stripe sees.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { KEY, withSandbox } from './support.mjs'

const run = promisify(execFile)
const at = path => join(import.meta.dirname, 'clients', path)
const python = join(import.meta.dirname, '.venv/bin/python')
const STORIES = [
  ['buying', 'summary.json', { Node: [process.execPath, 'node.mjs'], Python: [python, 'python.py'] }],
  ['the life of a subscription', 'life.json', { Node: [process.execPath, 'life.mjs'], Python: [python, 'life.py'] }],
]

for (const [story, summary, clients] of STORIES) {
  for (const [name, [program, script]] of Object.entries(clients)) {
    test(`${story}: the client for ${name} sees what all see`, { timeout: 60_000 }, async () => {
      const expected = JSON.parse(await readFile(at(summary), 'utf8'))
      const { stdout } = await withSandbox(null, ({ api }) => run(program, [at(script), api, KEY]))
      assert.deepEqual(JSON.parse(stdout), expected)
    })
  }
}
