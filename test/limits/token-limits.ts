import fastify, { type FastifyRequest } from 'fastify'
import t from 'tap'
import { SimpleJwtError } from '../../plugin/errors.ts'
import type { SimpleJwtEvent } from '../../plugin/events.ts'
import { createRateLimiter } from '../../plugin/limits/rate-limiter.ts'
import type { CountedToken, TokenRoute } from '../../plugin/limits/token-limits.ts'
import type { Counters } from '../../plugin/stores/store.ts'
import { MINUTE, SECOND, createClock } from '../fixtures/app.ts'
import { LIMITS } from '../fixtures/rate-limiter.ts'
import { countingStore } from '../fixtures/stores/counting-store.ts'

const ROUTES: TokenRoute[] = ['refresh', 'verify', 'blacklist', 'sessions']
const TOKEN: CountedToken = { sid: 's1', jti: 'j1', user_id: '7' }

/** The token limits, each of 3 a minute. `good` and `refused` give the status: 200 or 429. */
async function build (
  t: { after(close: () => unknown): void }, counters?: Counters, reportFailure = () => {}
) {
  const events: SimpleJwtEvent[] = []
  const clock = createClock()
  const { perAddress, refreshPerAddress, refreshPerSession } = await createRateLimiter({
    limits: LIMITS,
    counters,
    emit: event => { events.push(event) },
    reportFailure,
    now: clock
  })
  const app = fastify()
  t.after(() => app.close())
  let counted: (request: FastifyRequest) => Promise<void>
  app.get('/', { onRequest: async request => counted(request) }, async () => 'passed')
  const send = async (count: typeof counted, remoteAddress = '192.0.2.1'): Promise<number> => {
    counted = count
    return (await app.inject({ url: '/', remoteAddress })).statusCode
  }
  return {
    clock,
    events,
    good: (route: TokenRoute, token = TOKEN, address?: string) =>
      send(async request => refreshPerSession(route, token, request), address),
    refused: (address?: string) => send(refreshPerAddress, address),
    refreshPerSession,
    /** A separate limit of `max` a minute. */
    limit: (what: string, max: number) => {
      const count = perAddress(what, max)
      return (address?: string) => send(count, address)
    }
  }
}

const times = async (count: number, send: () => Promise<number>): Promise<number[]> => {
  const statuses: number[] = []
  for (let index = 0; index < count; index++) statuses.push(await send())
  return statuses
}

t.test('good tokens: each route counts a session for itself, at any address', async t => {
  const { good, clock } = await build(t)
  for (const route of ROUTES) {
    let address = 0
    const statuses = await times(4, () => good(route, TOKEN, `192.0.2.${++address}`))
    t.same(statuses, [200, 200, 200, 429], route)
    t.equal(await good(route, { ...TOKEN, sid: 's2' }), 200, 'another session of the same user')
  }
  clock.advance(MINUTE)
  t.equal(await good('verify'), 200)
})

t.test('good tokens: a 429 at verify says nothing of the refreshes of the session', async t => {
  const { good } = await build(t)
  await times(3, () => good('refresh'))
  t.same(await times(3, () => good('verify')), [200, 200, 200])
})

t.test('good tokens: one without sid counts by its jti, however long', async t => {
  const keys: string[] = []
  const { increment } = countingStore().counters as Extract<Counters, { increment: unknown }>
  const { good } = await build(t, {
    increment: (requests, ...more) => {
      keys.push(...requests.keys())
      return increment(requests, ...more)
    }
  })
  const foreign = { jti: 'j'.repeat(8000), user_id: '7' }
  t.same(await times(4, () => good('refresh', foreign)), [200, 200, 200, 429])
  t.equal(await good('refresh', { ...foreign, jti: 'another' }), 200)
  t.ok(keys.every(key => key.length < 100))
})

t.test('good tokens: a call of the host without a request is not counted', async t => {
  const { refreshPerSession, good } = await build(t)
  for (let count = 0; count < 9; count++) await refreshPerSession('refresh', TOKEN, undefined)
  t.equal(await good('refresh'), 200)
})

t.test('good tokens: only shared counters make a request wait', async t => {
  const request = { ip: '192.0.2.1' } as FastifyRequest
  const here = await build(t)
  t.equal(here.refreshPerSession('refresh', TOKEN, request), undefined)
  const everywhere = await build(t, countingStore().counters)
  t.ok(everywhere.refreshPerSession('refresh', TOKEN, request) instanceof Promise)
})

t.test('refused requests: count by address, and not against good tokens', async t => {
  const { refused, good, clock } = await build(t)
  t.same(await times(4, () => refused()), [200, 200, 200, 429])
  t.equal(await refused('192.0.2.2'), 200)
  t.equal(await good('refresh'), 200)
  clock.advance(MINUTE)
  t.equal(await refused(), 200)
})

t.test('perAddress: counts each address, apart from the other limits', async t => {
  const { limit, refused, clock, events } = await build(t)
  const [oauth, other] = [limit('oauthPerAddress', 2), limit('otherPerAddress', 2)]
  t.same(await times(3, () => oauth()), [200, 200, 429])
  t.same(await times(3, () => other()), [200, 200, 429])
  t.equal(await oauth('192.0.2.2'), 200)
  t.same(await times(4, () => refused()), [200, 200, 200, 429])
  const address = '192.0.2.1'
  t.same(events.map(({ what }) => what), [
    'oauthPerAddress', 'otherPerAddress', 'refreshPerAddress'
  ])
  t.match(events[0], { type: 'throttled', address })
  clock.advance(MINUTE)
  t.equal(await oauth(), 200)
})

t.test('perAddress: processes with one store share it', async t => {
  const { counters } = countingStore()
  const [here, there] = [await build(t, counters), await build(t, counters)]
  const [first, second] = [here.limit('oauthPerAddress', 3), there.limit('oauthPerAddress', 3)]
  t.same(await times(2, () => first()), [200, 200])
  t.same(await times(2, () => second()), [200, 429])
})

t.test('perAddress: does not count without rate limits', async t => {
  const { perAddress } = await createRateLimiter({
    limits: false, counters: undefined, emit: () => {}, reportFailure: () => {}, now: createClock()
  })
  const count = perAddress('oauthPerAddress', 1)
  for (let times = 0; times < 3; times++) {
    await t.resolves(count({ ip: '192.0.2.1' } as FastifyRequest))
  }
})

t.test('throttled event: names the limit, and the session of a good token', async t => {
  const { refused, good, events } = await build(t)
  await times(4, () => refused())
  await times(4, () => good('verify'))
  await times(4, () => good('verify', { jti: 'foreign', user_id: '8' }))
  const address = '192.0.2.1'
  t.same(events, [
    { type: 'throttled', what: 'refreshPerAddress', address },
    { type: 'throttled', what: 'refreshPerSession', userId: '7', sid: 's1', address },
    { type: 'throttled', what: 'refreshPerSession', userId: '8', sid: 'foreign', address }
  ])
})

t.test('token limits: the 429 has Retry-After', async t => {
  const { refreshPerSession, clock } = await build(t)
  const request = { ip: '192.0.2.1' } as FastifyRequest
  for (let count = 0; count < 3; count++) await refreshPerSession('verify', TOKEN, request)
  clock.advance(15.5 * SECOND)
  const error = t.throws(() => refreshPerSession('verify', TOKEN, request))
  t.ok(error instanceof SimpleJwtError)
  t.match(error, { statusCode: 429, headers: { 'retry-after': '45' } })
})

t.test('token limits: two processes with one store share them', async t => {
  const { counters } = countingStore()
  const [here, there] = [await build(t, counters), await build(t, counters)]
  t.same(await times(2, () => here.good('verify')), [200, 200])
  t.same(await times(2, () => there.good('verify')), [200, 429])
  t.same(await times(2, () => here.refused()), [200, 200])
  t.same(await times(2, () => there.refused()), [200, 429])
})

t.test('token limits: what the local counters refuse never reaches the store', async t => {
  let asked = 0
  const { increment } = countingStore().counters as Extract<Counters, { increment: unknown }>
  const { good, refused } = await build(t, {
    increment: (...query) => {
      asked++
      return increment(...query)
    }
  })
  await times(50, () => good('verify'))
  await times(50, () => refused())
  t.equal(asked, 6)
})

t.test('token limits: fall back to the local counters without the store', async t => {
  let failures = 0
  const counters = { increment: async () => { throw new Error('down') } }
  const { good, refused } = await build(t, counters, () => { failures++ })
  t.same(await times(4, () => good('verify')), [200, 200, 200, 429])
  t.same(await times(4, () => refused()), [200, 200, 200, 429])
  t.equal(failures, 1)
})
