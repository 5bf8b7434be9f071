import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, statSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { built } from '../fixtures/servers/built.ts'

/**
 * One of each kind: in process with the heap, with the demo server, and over all stores under load.
 * All benchmarks would take minutes.
 */
const SOME = ['cache-size', 'hashing', 'refresh']

/**
 * A run that is under way. `ended` resolves once it is over and what it has left behind, if
 * anything, was found and killed.
 */
interface Run {
  child: ChildProcess
  said: { stdout: string, stderr: string }
  ended: Promise<{ code: number | null, leftBehind: boolean }>
}

/**
 * Starts `npm run bench` as a group of processes of its own, so that none of them is overlooked.
 */
function start (t: Test, ...args: string[]): Run {
  const child = spawn(process.execPath, [built('dist/benchmarks/run.js'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true
  })
  const said = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      said[stream] += text
    })
  }
  const closed = once(child, 'close')
  t.after(() => killGroup(child))
  return {
    child,
    said,
    ended: once(child, 'exit').then(async ([code]) => {
      const deadline = performance.now() + 2000
      while (isRunning(child) && performance.now() < deadline) await delay(20)
      const leftBehind = killGroup(child)
      await closed
      return { code: code as number | null, leftBehind }
    })
  }
}

const isRunning = (child: ChildProcess): boolean => signalGroup(child, 0)
const killGroup = (child: ChildProcess): boolean => signalGroup(child, 'SIGKILL')

/** Whether there was anybody to signal. */
function signalGroup ({ pid }: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-(pid as number), signal)
  } catch {
    return false
  }
}

const pages = (): unknown =>
  readdirSync('benchmarks')
    .filter(name => /\.(md|svg)$/.test(name))
    .map(name => [name, statSync(`benchmarks/${name}`).mtimeMs])

t.test(`--quick: prints a table for ${SOME.join(', ')}, and writes no page`, async t => {
  const before = pages()
  const { said, ended } = start(t, '--quick', '--count', '8', ...SOME)
  if (!t.same(await ended, { code: 0, leftBehind: false })) t.comment(said.stderr)
  t.same(pages(), before)
  const parts = [...SOME, 'Bounds']
  t.same([...said.stdout.matchAll(/^## (.*)$/gm)].map(([, name]) => name), parts)
  const [head = '', ...reports] = said.stdout.split(/^## /m)
  t.match(head, /^\| machine [^]*\| CPU /)
  for (const [index, report] of reports.entries()) {
    t.match(report, /^\| .*\|\n\| ---.*\|\n\| .*\d.*\|\n/m, `${parts[index]} has a table`)
    t.notMatch(
      report, /NaN|Infinity|null|undefined|\[object|FAILED/, `${parts[index]} has measured all of it`
    )
  }
})

t.test('--check: exits with 1 for a missed bound, which is only printed otherwise', async t => {
  // One session alone has to carry all that a store has for a million.
  const missed = ['--quick', '--count', '1', 'sessions-memory']
  const [told, checked] = [start(t, ...missed), start(t, ...missed, '--check')]
  t.same([await told.ended, await checked.ended].map(({ code }) => code), [0, 1])
  for (const { said: { stdout } } of [told, checked]) t.match(stdout, ', missed**')
})

t.test('a wrong command line prints the usage and exits with 1', async t => {
  const wrong = [
    ['nothing'], ['toString'], ['--count', '0'], ['--count', 'many'], ['--fast'], ['--node', 'no']
  ]
  await Promise.all(wrong.map(async args => {
    const { said, ended } = start(t, ...args)
    t.equal((await ended).code, 1, args.join(' '))
    t.equal(said.stdout, '')
    t.match(
      said.stderr,
      /^\S.*\n\nnpm run bench -- \[NAME\.\.\.\] \[--count N\] \[--node PATH\] \[--quick\] \[--check\]\n/
    )
  }))
})

t.test('SIGTERM ends the run and the servers that it started', async t => {
  const { child, said, ended } = start(t, '--quick', 'hashing')
  while (!said.stderr.includes('hashing: 8 logins')) await delay(5)
  child.kill('SIGTERM')
  t.same(await ended, { code: 143, leftBehind: false })
})
