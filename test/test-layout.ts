import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import {
  CONFIGS, filesOfSuite, processesOf, readConfig, typescriptIn
} from './fixtures/suite/files.ts'

/** Test files that run in a process of their own, and the reason. */
const ALONE: Record<string, string> = {
  'test/integration/package.ts': 'It waits for npm, and the suites can run meanwhile.',
  'test/integration/docs-code.ts': 'It replaces fetch and the environment.',
  'test/services/httpie/docs-commands.ts': 'It replaces the environment of what it starts.',
  'test/integration/docs-types.ts': 'The compiler blocks its process for seconds.',
  'test/recipes/type-check.ts': 'The compiler blocks its process for seconds.',
  'test/integration/token-corpus.ts': 'It waits for a child that measures single answers.',
  'test/store-contract.ts': 'It measures how long the event loop is blocked.',
  'test/services/redis/workers.ts': 'It takes as long as the other tests of its folder.'
}

/** Sources that no test in this process can load. */
const UNTESTED: Record<string, string> = {
  'plugin/cli/bin.ts': 'The test of the package runs it.'
}

/** Fixtures that start a program which `npm test` must do without. */
const NEEDS_PROGRAM =
  /fixtures\/servers\/(apache|chromium|django|foreman|nginx|pgbouncer|postgres|pyjwt|redis|redis-cluster|store-urls)\.ts|fixtures\/(clients\/python-client|oauth\/python-app)\.ts/

const isSuite = (file: string): boolean => file.startsWith('test/suites/')
const isTest = (file: string): boolean => !/^test\/(fixtures|mutations|suites)\//.test(file)

/** The test files that a command runs, alone or in a suite. */
const filesOf = (config: string): string[] =>
  processesOf(config).flatMap(file => isSuite(file) ? filesOfSuite(file) : [file])

t.test('each test file runs in one place, of one command', async t => {
  const excluded = Object.values(CONFIGS).flatMap(config => readConfig(config).exclude ?? [])
  t.same(excluded, ['test/load/benchmarks.ts'])
  const run = Object.values(CONFIGS).flatMap(filesOf)
  for (const file of typescriptIn('test', true).filter(isTest)) {
    const times = run.filter(name => name === file).length
    t.equal(times, excluded.includes(file) ? 0 : 1, file)
  }
  t.same(run.filter(file => !existsSync(file)), [])
})

t.test('each suite has a folder, and belongs to a command', async t => {
  const run = Object.values(CONFIGS).flatMap(processesOf)
  for (const suite of typescriptIn('test/suites', true)) {
    t.ok(run.includes(suite), suite)
    t.ok(filesOfSuite(suite).length > 0, suite)
  }
})

t.test('a test file that runs alone has a reason', async t => {
  const named = Object.values(CONFIGS).flatMap(config => readConfig(config).include)
    .filter(name => !name.includes('*'))
  t.same(named.sort(), Object.keys(ALONE).sort())
})

t.test('npm test needs no program but Node and npm', async t => {
  for (const file of filesOf(CONFIGS['npm test'])) {
    t.notMatch(readFileSync(file, 'utf8'), NEEDS_PROGRAM, file)
  }
})

t.test('a fixture imports no test from tap, since a suite has one for each file', async t => {
  const importing = typescriptIn('test/fixtures', true)
    .filter(file => /^import t\b.* from 'tap'$/m.test(readFileSync(file, 'utf8')))
  t.same(importing, ['test/fixtures/suite/run.ts'])
})

t.test('each source has a test of its name, or one that is listed', async t => {
  const map = new URL('coverage-map.js', import.meta.url).href
  const { SERVICE_SOURCES, MORE_SOURCES } = await import(map) as {
    SERVICE_SOURCES: Record<string, string>, MORE_SOURCES: Record<string, string[]>
  }
  const listed = new Map(Object.entries(SERVICE_SOURCES))
  for (const [test, sources] of Object.entries(MORE_SOURCES)) {
    for (const source of sources) listed.set(source, test)
  }
  for (const source of typescriptIn('plugin', true)) {
    const test = listed.get(source) ?? source.replace(/^plugin\//, 'test/')
    t.equal(existsSync(test), !(source in UNTESTED), source)
  }
  const stale = [...listed.keys(), ...Object.keys(UNTESTED)].filter(source => !existsSync(source))
  t.same(stale, [])
})
