import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { broken, mutations } from './list.ts'

/** What a copy of the project needs to run a test that starts no server of the build. */
const COPIED = [
  'plugin', 'docs', 'example', 'test', 'package.json', 'tsconfig.json', 'README.md', 'SECURITY.md'
]

/** One copy for all, so that nothing is ever broken here. */
const folder = mkdtempSync(join(tmpdir(), 'simplejwt-mutations-'))
t.after(() => rmSync(folder, { recursive: true, force: true }))
for (const name of COPIED) cpSync(name, join(folder, name), { recursive: true })
symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'))

/**
 * Runs tests there. The first fact that failed, if one did.
 * @throws Error if they fail without one: a file that cannot be loaded is no check that was missed
 */
async function failureOf (tests: string[]): Promise<string | undefined> {
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
const table: string[] = []

t.equal(
  await failureOf([...new Set(wanted.flatMap(({ tests }) => tests))]),
  undefined,
  'as the package is, all of these tests pass'
)

for (const mutation of wanted) {
  const source = readFileSync(mutation.file, 'utf8')
  writeFileSync(join(folder, mutation.file), broken(mutation, source))
  const failure = await failureOf(mutation.tests)
  writeFileSync(join(folder, mutation.file), source)
  t.not(failure, undefined, `without "${mutation.check}" ${mutation.tests.join(', ')} fails`)
  table.push(`| ${mutation.check} | ${mutation.tests.join(', ')} | ${failure ?? '**nothing**'} |`)
}
t.comment(
  `\n| without this check | fails | by this fact first |\n| --- | --- | --- |\n${table.join('\n')}`
)
