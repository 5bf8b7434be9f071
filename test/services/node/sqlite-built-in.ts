import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { cases, sharedCases } from '../../../plugin/store-contract.ts'
import { skipUnless } from '../../fixtures/servers/programs.ts'

const run = promisify(execFile)

/**
 * Runs a file by a Node that has node:sqlite, and gives what it writes. Rejects if the file fails.
 */
async function runByNode (file: string): Promise<string> {
  return (await run(node as string, [file])).stdout
}

/** The path of a Node 24, from npm or its cache, or undefined if there is none to be had. */
async function fetchNode (): Promise<string | undefined> {
  const args = [
    '--yes', '--prefer-offline', '--fetch-retries=0', '-p', 'node@24', 'node', '-p',
    'process.execPath'
  ]
  return run('npx', args, { timeout: 60_000 }).then(({ stdout }) => stdout.trim(), () => undefined)
}

const isBuiltIn = process.getBuiltinModule?.('node:sqlite') !== undefined
const node = isBuiltIn ? undefined : await fetchNode()
const skip = isBuiltIn
  ? 'node:sqlite is in this Node, and the other files of tests have run with it'
  : skipUnless(node, 'a Node 24, which npx could fetch,')

t.test('node:sqlite passes the contract, by node:test', { skip }, async t => {
  const report = await runByNode('test/fixtures/stores/contract-by-node-test.ts')
  t.match(report, new RegExp(`^(#|ℹ) pass ${cases.length + sharedCases.length}\\n`, 'm'))
  t.match(report, /^(#|ℹ) fail 0$/m)
})

for (const name of ['sqlite-files', 'sqlite-locks', 'sqlite-migrations', 'sql/migrate-sqlite']) {
  const file = `test/stores/${name}.ts`
  t.test(`what ${file} says is true of node:sqlite too`, { skip }, async t => {
    t.match(await runByNode(file), /^ok 1 - node:sqlite/m)
  })
}
