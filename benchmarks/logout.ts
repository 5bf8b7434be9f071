import { setTimeout as delay } from 'node:timers/promises'
import type { TokenPair } from '../plugin/index.ts'
import { hello, login, post } from '../test/fixtures/clients/demo-client.ts'
import { type Demo, startDemo } from '../test/fixtures/servers/demo.ts'
import { sharedStores } from '../test/fixtures/servers/store-urls.ts'
import { type Settings, fixed, percentile, table } from './harness.ts'
import { type Report, atMost } from './report.ts'
import { type Scope, rowsOf } from './scope.ts'

const ENV = {
  JWT_SECRET: 'a secret that both processes know',
  RATE_LIMIT: 'off',
  LOG_LEVEL: 'info'
}

/** Sessions that are ended side by side. */
const SIDE_BY_SIDE = 8
/** Milliseconds between an answer of the other process and the next question. */
const POLL = 2
/**
 * The longest pause before a logout, in milliseconds: at random, so that logouts do not keep step
 * with the other's reading.
 */
const PAUSE = 800
/** Milliseconds after which a token is taken to be good for ever. */
const FOR_EVER = 10_000

/** How long after a logout in one process another refuses the access token. */
export default async function logout (
  t: Scope,
  { quick, count = quick ? 16 : 200 }: Settings
): Promise<Report> {
  const text = `Milliseconds from the moment that a logout is sent to one process until another has refused the access token, which it is asked again ${POLL} ms after each answer (the last column: how long it was from one question to the next). ${SIDE_BY_SIDE} sessions side by side; REVOCATION_INTERVAL is the default, 1 s.\n\n`
  let longest = 0
  const rows = await rowsOf(t, sharedStores, async (t, { name, start }) => {
    console.error(`logout: ${name}`)
    const env = { ...ENV, STORE_URL: await start(t) }
    const [here, there] = await Promise.all([startDemo(t, env), startDemo(t, env)])
    const { times, questions } = await reachAll(here, there, count)
    const between = times.reduce((sum, time) => sum + time, 0) / questions
    longest = Math.max(longest, ...times)
    return [
      [
        `${times.length}`,
        ...[percentile(times, 0.5), percentile(times, 0.99), Math.max(...times)].map(time =>
          fixed(time)
        ),
        fixed(between, 1)
      ]
    ]
  })
  return {
    text:
      text +
      table(['store', 'logouts', 'p50 ms', 'p99 ms', 'max ms', 'ms between questions'], rows),
    // Where no store was there nothing was measured, and nothing is reached.
    figures: [
      atMost(
        'from a logout in one process to the refusal in another',
        1000,
        longest || Infinity,
        value => `${fixed(value)} ms`
      )
    ]
  }
}

/** How long each logout took to arrive, and how often that was asked. */
interface Reach { times: number[], questions: number }

async function reachAll (here: Demo, there: Demo, count: number): Promise<Reach> {
  // All logins first: hashing passwords would hold up what is measured.
  const tokens: TokenPair[] = []
  await sideBySide(count, async () => { tokens.push(await login(here.url)) })

  const reach: Reach = { times: [], questions: 0 }
  await sideBySide(count, async index => {
    const pair = tokens[index] as TokenPair
    if ((await hello(there.url, pair.access)) !== 200) {
      throw new Error('the other process does not know the login')
    }
    await delay(Math.random() * PAUSE)
    await measure(here, there, pair, reach)
  })
  return reach
}

/** Does something as often as `count` says, SIDE_BY_SIDE at a time. */
async function sideBySide (count: number, work: (index: number) => Promise<void>): Promise<void> {
  let begun = 0
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, async () => {
    while (begun < count) await work(begun++)
  }))
}

/** Logs out here, and notes the milliseconds after which it is known there. */
async function measure (
  here: Demo, there: Demo, { access, refresh }: TokenPair, reach: Reach
): Promise<void> {
  const sentAt = performance.now()
  const refused = async (): Promise<void> => {
    for (reach.questions++; await hello(there.url, access) !== 401; reach.questions++) {
      if (performance.now() - sentAt > FOR_EVER) {
        throw new Error('the logout did not reach the other process')
      }
      await delay(POLL)
    }
    reach.times.push(performance.now() - sentAt)
  }
  const [reply] = await Promise.all([
    post(`${here.url}/api/token/blacklist/`, { refresh }), refused()
  ])
  await reply.arrayBuffer()
  if (!reply.ok) throw new Error(`the logout was answered ${reply.status}`)
}
