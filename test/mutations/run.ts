import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { type Mutation, broken, mutations } from './list.ts'

/** What a copy of the project needs to run a test that starts no server of the build. */
const COPIED = [
  'plugin', 'docs', 'example', 'test', 'package.json', 'tsconfig.json', 'README.md', 'SECURITY.md'
]

/** As many copies as mutations run at once, so that nothing is ever broken here. */
const COPIES = 2
const folders = Array.from({ length: COPIES }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'simplejwt-mutations-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const name of COPIED) cpSync(name, join(folder, name), { recursive: true })
  symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'))
  return folder
})

/**
 * Runs tests in a copy. Returns the first fact that failed, if one did.
 * @throws Error if they fail without one: a file that cannot be loaded is no check that was missed
 */
async function failureOf (folder: string, tests: string[]): Promise<string | undefined> {
  const run = [
    join('node_modules', 'tap', 'dist', 'esm', 'run.mjs'),
    '--disable-coverage',
    '--reporter=tap',
    ...tests
  ]
  const tap = spawn(process.execPath, run, {
    cwd: folder,
    env: { ...process.env, REQUIRE_SERVICES: '1' },
    stdio: ['ignore', 'pipe', 'ignore']
  })
  const [output, [code]] = await Promise.all([text(tap.stdout), once(tap, 'exit')])
  if (code === 0) return undefined
  const fact = /^ +not ok \d+ - (.*?)(?: # time=.*)?$/m.exec(output)?.[1]
  return (
    fact ??
    assert.fail(
      `no fact of ${tests.join(', ')} failed, but they do not run:\n${output.slice(0, 2000)}`
    )
  )
}

const chosen = process.env.MUTATION
const wanted = mutations.filter(({ check }) => chosen === undefined || check.includes(chosen))
// Without a file tap would run the whole suite.
assert(wanted.length > 0, `No check has the text "${chosen}". Look for it in test/mutations/.`)
t.equal(
  await failureOf(folders[0] as string, [...new Set(wanted.flatMap(({ tests }) => tests))]),
  undefined,
  'as the package is, all of these tests pass'
)

/** The rows of the table, in the order of the mutations. */
const rows: string[] = []

async function tryMutation (folder: string, index: number): Promise<void> {
  const mutation = wanted[index] as Mutation
  const source = readFileSync(mutation.file, 'utf8')
  writeFileSync(join(folder, mutation.file), broken(mutation, source))
  const failure = await failureOf(folder, mutation.tests)
  writeFileSync(join(folder, mutation.file), source)
  t.not(failure, undefined, `without "${mutation.check}" ${mutation.tests.join(', ')} fails`)
  rows[index] = `| ${mutation.check} | ${mutation.tests.join(', ')} | ${failure ?? '**nothing**'} |`
}

const left = wanted.keys()
await Promise.all(folders.map(async folder => {
  for (const index of left) await tryMutation(folder, index)
}))
t.comment(
  `\n| without this check | fails | by this fact first |\n| --- | --- | --- |\n${rows.join('\n')}`
)
