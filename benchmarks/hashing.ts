import { setTimeout as delay } from 'node:timers/promises'
import { hello, steadily } from '../test/fixtures/load/flood.ts'
import { type TimedReply, ask } from '../test/fixtures/clients/timed-request.ts'
import { createClient } from '../test/fixtures/clients/token-client.ts'
import { startChild } from './child.ts'
import { type Settings, fixed, percentile, spread, table } from './harness.ts'
import type { Report } from './report.ts'
import type { Scope } from './scope.ts'

/** Guarded requests a second, whether or not those before them are answered. */
const PER_SECOND = 200
/**
 * People who log in at a time, each again as soon as they are answered: none, some, and more than
 * the demo takes.
 */
const CROWDS = [0, 8, 200]

/**
 * What came of the guarded requests and of the logins in one round. Event loop delay in
 * milliseconds.
 */
interface Round { guarded: TimedReply[], logins: TimedReply[], seconds: number, loop: number }

/** What the hashing of passwords does to the requests of those who are logged in already. */
export default async function hashing (t: Scope, { quick }: Settings): Promise<Report> {
  const { rounds, ms } = quick ? { rounds: 1, ms: 200 } : { rounds: 5, ms: 2000 }
  const demo = await startDemo(t)
  const { pair } = await createClient(demo.url)
  const measured: Round[][] = CROWDS.map(() => [])
  // The first warms up and does not count.
  for (let round = quick ? 1 : 0; round <= rounds; round++) {
    for (const [index, crowd] of CROWDS.entries()) {
      console.error(`hashing: ${crowd} logins at a time, round ${round} of ${rounds}`)
      const result = await oneRound(demo, pair.access, crowd, ms)
      if (round > 0) measured[index]?.push(result)
    }
  }
  const others = measured
    .flat()
    .flatMap(({ guarded, logins }) => [
      ...guarded.filter(({ status }) => status !== 200),
      ...logins.filter(reply => !isLogin(reply) && !isRefused(reply))
    ])
  return {
    text: `The demo (Argon2id, 19 MiB, 2 passes, memory store) is asked for \`GET /hello/\` ${PER_SECOND} times a second while so many people log in at a time, each again once answered; after a 503 they wait for the second that \`Retry-After\` says, or two. Median (least-most) of ${rounds} rounds of ${fixed(ms / 1000, 1)} s in turn. The event loop delay is that of the server; the millisecond between two looks at it is in it.

${table(
  [
    'logins at a time', '/hello/ p50 ms', '/hello/ p99 ms', 'event loop delay p99 ms', 'logins/s',
    'login p50 ms', 'login p99 ms', '503 with Retry-After'
  ],
  measured.map((rounds, index) => row(CROWDS[index] as number, rounds))
)}
The hashes are made in the thread pool, and the demo leaves a core to the event loop (\`example/password-hashes.ts\`): logins wait for each other, guarded requests do not wait for them. How many logins there are in a second is a matter of cores, and those who would wait for too long are turned away.
`,
    figures: [{
      what:
        'answers to a flood of logins but a pair, or a 503 with `Retry-After`; guarded requests ' +
        'that fail under it',
      bound: 'none',
      measured: others.length === 0 ? 'none' : `${others.length}`,
      isReached: others.length === 0
    }]
  }
}

async function oneRound (
  { url, loopDelay }: Demo, access: string, crowd: number, ms: number
): Promise<Round> {
  await loopDelay()
  const begun = performance.now()
  const end = begun + ms
  const stop = steadily(PER_SECOND, () => awaitedLater(hello(url, access)))
  const crowds = awaitedLater(
    Promise.all(Array.from({ length: crowd }, () => logInUntil(end, url)))
  )
  await delay(ms)
  const [guarded, loop] = [await stop(), await loopDelay()]
  const logins = (await crowds).flat()
  return { guarded, logins, seconds: (performance.now() - begun) / 1000, loop }
}

/** A promise whose rejection is not unhandled before it is awaited. */
function awaitedLater<T> (promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}

async function logInUntil (end: number, url: string): Promise<TimedReply[]> {
  const replies: TimedReply[] = []
  const pause = async (ms: number): Promise<void> =>
    delay(Math.min(ms, Math.max(0, end - performance.now())))
  // Not all of them in the same millisecond.
  await pause((end - performance.now()) / 2 * Math.random())
  while (performance.now() < end) {
    const reply = await ask(url, {
      path: '/api/token/',
      body: { username: 'vitor', password: '123' }
    })
    replies.push(reply)
    if (isRefused(reply)) await pause(Number(reply.retryAfter) * 1000 * (1 + Math.random()))
  }
  return replies
}

const isLogin = ({ status }: TimedReply): boolean => status === 200
const isRefused = ({ status, retryAfter }: TimedReply): boolean =>
  status === 503 && Number(retryAfter) > 0

function row (crowd: number, rounds: Round[]): string[] {
  const times = (replies: TimedReply[]): number[] => replies.map(({ took }) => took)
  const cell = (value: (round: Round) => number, digits = 1): string =>
    spread(rounds.map(value), digits)
  return [
    crowd === 0 ? 'none' : `${crowd}`,
    ...[0.5, 0.99].map(share => cell(({ guarded }) => percentile(times(guarded), share))),
    cell(({ loop }) => loop),
    ...crowd === 0
      ? ['-', '-', '-', '-']
      : [
          cell(({ logins, seconds }) => logins.filter(isLogin).length / seconds),
          ...[0.5, 0.99].map(share =>
            cell(({ logins }) => percentile(times(logins.filter(isLogin)), share), 0)
          ),
          fixed(rounds.flatMap(({ logins }) => logins.filter(isRefused)).length)
        ]
  ]
}

/** `loopDelay` gives the 99th percentile since it was asked last. */
interface Demo { url: string, loopDelay(): Promise<number> }

async function startDemo (t: Scope): Promise<Demo> {
  const { said, ask } = await startChild(t, 'servers/demo.js')
  return { url: `http://127.0.0.1:${said}`, loopDelay: async () => await ask({}) as number }
}
