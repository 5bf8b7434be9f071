import { setTimeout as delay } from 'node:timers/promises'
import fastify from 'fastify'
import t, { type Test } from 'tap'
import simplejwt from '../../plugin/index.ts'
import { counted, hello, startFlooder, steadily } from '../fixtures/load/flood.ts'
import { tokenOf } from '../fixtures/load/key-traffic.ts'
import { newKey } from '../fixtures/servers/resource-server.ts'
import { type Served, serveKeys } from '../fixtures/servers/serve.ts'
import type { TimedReply } from '../fixtures/clients/timed-request.ts'

/** The least time between two fetches, in milliseconds. */
const COOLDOWN = 10_000
const TOTAL = 10_000
/** Requests a second: of good tokens, and of forged ones at a rate that the machine can carry. */
const GOOD = 100
const FORGED = 200
const ROUNDS = 6

interface Flooded { url: string, issuer: Served, good: string, mostFetches(): number }

/** A resource server in this process, whose issuer counts what it is asked for. */
async function start (t: Test): Promise<Flooded> {
  const key = newKey()
  const issuer = await serveKeys(t, [key], { 'cache-control': 'max-age=300' })
  const app = fastify()
  t.after(() => app.close())
  await app.register(simplejwt, { jwksUrl: issuer.url })
  app.get('/hello/', { onRequest: app.authenticate }, async () => ({}))
  const begun = performance.now()
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    url,
    issuer,
    good: await tokenOf(key),
    mostFetches: () => 1 + Math.floor((performance.now() - begun) / COOLDOWN)
  }
}

const p99 = (replies: TimedReply[]): number =>
  replies.map(({ took }) => took).sort((a, b) => a - b)[Math.floor(replies.length * 0.99)] as number

t.test('a flood of unknown kids gets 401s, a fetch per cooldown, and good tokens pass', async t => {
  const flooder = await startFlooder(t)
  const { url, issuer, good, mostFetches } = await start(t)
  const begun = performance.now()
  const stop = steadily(GOOD, () => hello(url, good))
  const forged = await flooder.flood(url, TOTAL)
  const seconds = (performance.now() - begun) / 1000
  const replies = await stop()
  t.comment(
    `${TOTAL} forged tokens in ${seconds.toFixed(1)} s, ${Math.round(TOTAL / seconds)} a ` +
      `second: ${JSON.stringify(forged)}; ` +
      `good ones: ${JSON.stringify(counted(replies))}, p99 ${p99(replies).toFixed(1)} ms; the ` +
      `issuer was asked ${issuer.count} times`
  )
  t.same(forged, { '401 token_not_valid': TOTAL })
  t.same(Object.keys(counted(replies)), ['200 '])
  t.ok(issuer.count <= mostFetches())
})

t.test('a flood that the machine can carry does not slow good tokens down', async t => {
  const flooder = await startFlooder(t)
  const { url, issuer, good, mostFetches } = await start(t)
  const sendGood = async (): Promise<TimedReply[]> => {
    const stop = steadily(GOOD, () => hello(url, good))
    await delay(1000)
    return stop()
  }

  /**
   * Whether good tokens take as long during the flood as without. On a machine that is busy with
   * something else both take many milliseconds, so some are granted.
   */
  async function takesAsLong (): Promise<boolean> {
    const [without, during]: [TimedReply[], TimedReply[]] = [[], []]
    for (let round = 0; round < ROUNDS; round++) {
      without.push(...await sendGood())
      const stop = flooder.trickle(url, FORGED)
      during.push(...await sendGood())
      t.same(Object.keys(await stop()), ['401 token_not_valid'])
    }
    t.same(Object.keys(counted([...without, ...during])), ['200 '])
    t.comment(
      `p99 of ${without.length} good tokens: ${p99(without).toFixed(2)} ms, and of ` +
        `${during.length} beside ${FORGED} forged ones a second: ${p99(during).toFixed(2)} ms; ` +
        `the issuer was asked ${issuer.count} times`
    )
    return p99(during) < Math.max(2 * p99(without), 15)
  }

  await sendGood()
  // What else the machine does comes and goes; what the flood does would be there each time.
  t.ok(await takesAsLong() || await takesAsLong() || await takesAsLong())
  t.ok(issuer.count <= mostFetches())
})
