import { setImmediate } from 'node:timers/promises'
import fastify, { type FastifyRequest } from 'fastify'
import t from 'tap'
import { createRegistration } from '../plugin/registration.ts'
import { generateKey } from '../plugin/keys/generate-key.ts'
import type { SimpleJwtOptions } from '../plugin/options.ts'
import { resolveOptions } from '../plugin/resolve-options.ts'
import { memoryStore } from '../plugin/stores/memory.ts'
import { DAY, MINUTE, SECOND, SECRET, START, createClock } from './fixtures/app.ts'
import { buildRegistration } from './fixtures/registration.ts'
import { accessClaims, decode, sign } from './fixtures/tokens/jwt.ts'
import { remember } from './fixtures/tokens/remember.ts'
import { createLogLines } from './fixtures/log-lines.ts'
import { serve } from './fixtures/servers/serve.ts'
import { refreshClaimsOf, storeThat } from './fixtures/stores/session.ts'

t.test('the parts of a registration go by its options', async t => {
  const { registration, clock } = await buildRegistration(t, {
    realm: 'staff',
    issuer: 'us',
    audience: 'them',
    accessTokenLifetime: 60,
    refreshTokenLifetime: '1h',
    sessionLifetime: '2h',
    leeway: 10
  })
  const session = await registration.sessions.start('1', { userAgent: null, address: null })
  t.match(session, {
    issuedAt: START,
    expiresAt: START + 60 * MINUTE,
    endsAt: START + 120 * MINUTE
  })
  const access = registration.tokens.mintAccess(session, {})
  t.match(decode(access).payload, { iss: 'us', aud: 'them', exp: START / 1000 + 60 })
  clock.advance(69 * SECOND)
  t.match(registration.tokens.verifyAccess(access), { user_id: '1' })
  clock.advance(SECOND)
  t.equal(registration.tokens.verifyAccess(access), 'Token is expired')
  t.same(registration.unauthorized.noCredentials().headers, {
    'www-authenticate': 'Bearer realm="staff"'
  })
})

t.test('the cache of verified tokens and the list of ended sessions give leeway too', async t => {
  const { registration, clock } = await buildRegistration(t, { leeway: 10 })
  const claims = registration.tokens.verifyAccess(sign(accessClaims()))
  remember(registration.cache, 'token', claims)
  clock.advance(5 * MINUTE + 9 * SECOND)
  t.equal(registration.cache.get('token', clock()), claims)

  const { now } = performance
  t.after(() => { performance.now = now })
  performance.now = () => 0
  registration.revocations.add('sid', START)
  for (const [at, expected] of [[5 * MINUTE + 20 * SECOND, true], [6 * MINUTE, false]] as const) {
    performance.now = () => at
    registration.revocations.prune()
    t.equal(registration.revocations.has('sid'), expected)
  }
})

t.test('sessions, list and store are about the same sessions', async t => {
  const { registration } = await buildRegistration(t)
  const session = await registration.sessions.start('1', { userAgent: null, address: null })
  t.same(await registration.sessions.find(session.sid), session)
  await registration.sessions.revoke(session.sid)
  t.ok(registration.revocations.has(session.sid))
  t.match(await registration.sessions.find(session.sid), { revokedAt: START })
})

t.test('a store failure is logged with verb and error, emitted and answered 503', async t => {
  const { log, lines } = createLogLines()
  const app = fastify({ loggerInstance: log })
  t.after(() => app.close())
  const events: unknown[] = []
  const options = {
    secret: SECRET,
    verifyCredentials: () => null,
    store: storeThat(async () => {
      throw new Error('ECONNREFUSED')
    }),
    onEvent: event => {
      events.push(event)
    }
  } satisfies SimpleJwtOptions
  const registration = await createRegistration(app, resolveOptions(options))
  await t.rejects(registration.sessions.start('1', { userAgent: null, address: null }), {
    statusCode: 503,
    code: 'store_unavailable',
    headers: { 'retry-after': '1' }
  })
  t.same(events, [{ type: 'store_failed', what: 'create' }])
  t.match(lines, [
    {
      level: 50,
      msg: 'the session store failed',
      verb: 'create',
      err: { message: 'ECONNREFUSED' }
    },
    { level: 40, msg: 'simplejwt store_failed', event: { what: 'create' } }
  ])
  t.notMatch(JSON.stringify(lines), new RegExp(SECRET))
})

t.test('every rotation has a deadline', async t => {
  const memory = memoryStore()
  const deadlines: number[] = []
  const { registration } = await buildRegistration(t, {
    store: {
      ...memory,
      rotate: rotation => {
        deadlines.push(rotation.deadline)
        return memory.rotate(rotation)
      }
    }
  })
  await registration.sessions.rotate(
    refreshClaimsOf(await registration.sessions.start('1', { userAgent: null, address: null }))
  )
  t.ok(
    Math.abs((deadlines[0] as number) - Date.now() - 500) <= 500,
    'within a second from now, on the wall clock'
  )
})

t.test('one address gets only its share of the calls to the store', async t => {
  const answers: ((session: null) => void)[] = []
  const find = () => new Promise<null>(resolve => { answers.push(resolve) })
  const { registration } = await buildRegistration(t, { store: { ...memoryStore(), find } })
  const from = (address: string, sid: string) =>
    registration.inShare({ ip: address } as FastifyRequest, () => registration.sessions.find(sid))

  const flood = Array.from({ length: 150 }, (_, index) => from('192.0.2.1', `sid-${index}`))
  await setImmediate()
  t.equal(answers.length, 100)
  const neighbour = from('192.0.2.2', 'sid')
  await setImmediate()
  t.equal(answers.length, 101)
  const answerAll = (): void => { for (const answer of answers.splice(0)) answer(null) }
  answerAll()
  await setImmediate()
  answerAll()
  t.same(await Promise.all([...flood, neighbour]), Array(151).fill(null))
})

t.test('a failure of the shared counters shortens the next deadline of their store', async t => {
  const memory = memoryStore()
  const left: number[] = []
  const rotate: typeof memory.rotate = rotation => {
    left.push(rotation.deadline - Date.now())
    return memory.rotate(rotation)
  }
  const { registration, events } = await buildRegistration(t, {
    rateLimit: {},
    store: {
      ...memory,
      rotate,
      counters: {
        increment: async () => {
          throw new Error('down')
        }
      }
    }
  })
  const app = fastify()
  t.after(() => app.close())
  app.get('/', async request =>
    registration.rateLimiter.login(request, 'vitor').loginPerAddress())
  const claims = refreshClaimsOf(
    await registration.sessions.start('1', { userAgent: null, address: null })
  )
  await registration.sessions.rotate(claims)
  t.equal((await app.inject('/')).statusCode, 200)
  await registration.sessions.rotate(claims)
  t.ok(left[0] as number > 250 && left[1] as number <= 250, left.join())
  t.same(events, [{ type: 'store_failed', what: 'increment' }])
})

t.test('two registrations share neither keys nor sessions nor caches nor lists', async t => {
  const [one, two] = [
    await buildRegistration(t),
    await buildRegistration(t, { secret: 'another secret of thirty-two byte' })
  ]
  const session = await one.registration.sessions.start('1', { userAgent: null, address: null })
  await one.registration.sessions.revoke(session.sid)
  remember(one.registration.cache, 'token', accessClaims())
  t.equal(
    two.registration.tokens.verifyRefresh(one.registration.tokens.mintRefresh(session, {})),
    'Token is invalid'
  )
  t.equal(await two.registration.sessions.find(session.sid), null)
  t.equal(two.registration.cache.get('token', START), undefined)
  t.notOk(two.registration.revocations.has(session.sid))
})

t.test('the limits count by the clock of the options', async t => {
  const clock = createClock()
  const { registration } = await buildRegistration(t, {
    rateLimit: { loginPerAddress: 1 },
    now: clock
  })
  const app = fastify()
  t.after(() => app.close())
  app.get('/', async request =>
    registration.rateLimiter.login(request, 'vitor').loginPerAddress())
  const status = async () => (await app.inject('/')).statusCode
  t.same([await status(), await status()], [200, 429])
  clock.advance(DAY)
  t.equal(await status(), 200)
})

t.test('remote keys fill the key ring and clear the cache of verified tokens', async t => {
  const { kty, kid, alg, crv, x } = generateKey('EdDSA')
  const { url } = await serve(t, (_request, response) => {
    response.end(JSON.stringify({ keys: [{ kty, kid, alg, crv, x }] }))
  })
  const app = fastify()
  t.after(() => app.close())
  const events: unknown[] = []
  const registration = await createRegistration(
    app,
    resolveOptions({
      jwksUrl: url.replace(/\/?$/, '/jwks.json'),
      onEvent: event => {
        events.push(event)
      }
    })
  )
  remember(registration.cache, 'token', accessClaims({ exp: Infinity }))
  t.ok(registration.cache.get('token', Date.now()))
  await registration.remoteKeys?.start()
  registration.remoteKeys?.stop()
  t.ok(registration.keys.knows('EdDSA', kid))
  t.equal(registration.cache.get('token', Date.now()), undefined)
  t.same(events, [{ type: 'keys_changed' }])
})
