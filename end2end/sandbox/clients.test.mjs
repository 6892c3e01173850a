// One story, told through Stripe's clients for Node and Python, each to a sandbox of its own: they see the same. What they see is
// kept in clients/summary.json, with which app/sandbox/tests/sandbox/client.rs compares what async-stripe sees.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { KEY, withSandbox } from './support.mjs'

const run = promisify(execFile)
const at = path => join(import.meta.dirname, path)
const CLIENTS = {
  Node: [process.execPath, at('clients/node.mjs')],
  Python: [at('.venv/bin/python'), at('clients/python.py')],
}

for (const [name, [program, script]] of Object.entries(CLIENTS)) {
  test(`the client for ${name} sees what all see`, { timeout: 60_000 }, async () => {
    const expected = JSON.parse(await readFile(at('clients/summary.json'), 'utf8'))
    const { stdout } = await withSandbox(null, ({ api }) => run(program, [script, api, KEY]))
    assert.deepEqual(JSON.parse(stdout), expected)
  })
}
