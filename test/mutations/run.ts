import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { type Mutation, broken, mutations } from './list.ts'

/** What a copy of the project needs to run a test that starts no server of the build. */
const COPIED = ['plugin', 'example', 'test', 'package.json', 'tsconfig.json', 'README.md', 'SECURITY.md']

/** Runs the tests of a mutation in a copy of the project that has it: the first fact that failed, or undefined. */
async function failureOf (mutation: Mutation): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'simplejwt-mutation-'))
  try {
    for (const name of COPIED) cpSync(name, join(folder, name), { recursive: true })
    symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'))
    writeFileSync(join(folder, mutation.file), broken(mutation, readFileSync(mutation.file, 'utf8')))
    const tap = spawn(process.execPath, [join('node_modules', 'tap', 'dist', 'esm', 'run.mjs'), '--disable-coverage', '--reporter=tap', ...mutation.tests], { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] })
    const [output, [code]] = await Promise.all([text(tap.stdout), once(tap, 'exit')])
    return code === 0 ? undefined : /^ +not ok \d+ - (?!.* # TODO)(.*?)(?: # time=.*)?$/m.exec(output)?.[1] ?? 'the test ended'
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const chosen = process.env.MUTATION
const table: string[] = []

for (const mutation of mutations.filter(({ check }) => chosen === undefined || check.includes(chosen))) {
  const failure = await failureOf(mutation)
  t.not(failure, undefined, `without "${mutation.check}" ${mutation.tests.join(', ')} fails`)
  table.push(`| ${mutation.check} | ${mutation.tests.join(', ')} | ${failure ?? '**nothing**'} |`)
}
t.comment(`\n| without this check | fails | by this fact first |\n| --- | --- | --- |\n${table.join('\n')}`)
