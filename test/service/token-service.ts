import type { FastifyReply, FastifyRequest } from 'fastify'
import t from 'tap'
import { SimpleJwtError } from '../../plugin/errors.ts'
import type { KeyInput } from '../../plugin/keys/key-options.ts'
import { memoryStore } from '../../plugin/stores/memory.ts'
import type { SessionStore } from '../../plugin/stores/store.ts'
import { createTokenService } from '../../plugin/service/token-service.ts'
import { DAY, MINUTE, SECRET, START, buildApp } from '../fixtures/app.ts'
import { buildRegistration } from '../fixtures/registration.ts'
import { session } from '../fixtures/stores/session.ts'
import { accessClaims, decode, refreshClaims, sign } from '../fixtures/tokens/jwt.ts'
import { inputOf, pairOf, publicInputOf, signAs } from '../fixtures/tokens/keys.ts'

const blacklisted = {
  statusCode: 401,
  code: 'token_not_valid',
  body: { detail: 'Token is blacklisted' }
}
const sidOf = (token: string): string => decode(token).payload.sid as string

t.test('issue logs a user in by other means', async t => {
  const { app, hello, events } = await buildApp(t)
  const { access, refresh } = await app.tokens.issue({ id: 7 })
  t.equal((await hello(access)).statusCode, 200)
  t.match(await app.tokens.sessions(7), [
    { sid: sidOf(refresh), userId: '7', userAgent: null, address: null }
  ])
  t.same(events, [{ type: 'login', userId: '7', sid: sidOf(refresh) }])
})

t.test('issue refuses a user who is not active and a user without an id', async t => {
  const { app } = await buildApp(t)
  await t.rejects(app.tokens.issue({ id: 7, isActive: false }), {
    statusCode: 401,
    code: 'no_active_account'
  })
  await t.rejects(app.tokens.issue({} as { id: number }), { name: 'TypeError' })
  t.same(await app.tokens.sessions(7), [])
})

t.test('verify gives the claims of either kind of token while its session goes on', async t => {
  const { app } = await buildApp(t)
  const { access, refresh } = await app.tokens.issue({ id: 7 })
  t.same(await app.tokens.verify(access), decode(access).payload)
  t.same(await app.tokens.verify(refresh), decode(refresh).payload)
  await app.tokens.revokeSession(sidOf(access))
  await t.rejects(app.tokens.verify(access), blacklisted)
  await t.rejects(app.tokens.verify(refresh), blacklisted)
})

t.test('refresh exchanges a refresh token, revoke ends its session', async t => {
  const { app, clock } = await buildApp(t)
  const { refresh: first } = await app.tokens.issue({ id: 7 })
  clock.advance(MINUTE)
  const { access, refresh: second } = (await app.tokens.refresh(first)) as {
    access: string
    refresh: string
  }
  t.match(await app.tokens.verify(access), { user_id: '7', iat: START / 1000 + 60 })
  await app.tokens.revoke(second)
  for (const refused of [
    () => app.tokens.refresh(second),
    () => app.tokens.revoke(second),
    () => app.tokens.verify(access)
  ]) {
    await t.rejects(async () => {
      await refused()
    }, blacklisted)
  }
})

t.test('revoke: a spent token revokes its session and is refused as reuse', async t => {
  const { app, clock, events } = await buildApp(t)
  const { refresh } = await app.tokens.issue({ id: 7 })
  await app.tokens.refresh(refresh)
  clock.advance(MINUTE)
  await t.rejects(app.tokens.revoke(refresh), blacklisted)
  t.match(events.at(-1), { type: 'reuse_detected', userId: '7', sid: sidOf(refresh) })
  t.same(await app.tokens.sessions(7), [])
})

t.test('without rotation refresh gives an access token alone', async t => {
  const { app } = await buildApp(t, { rotateRefreshTokens: false })
  const { refresh } = await app.tokens.issue({ id: 7 })
  t.same(Object.keys(await app.tokens.refresh(refresh)), ['access'])
  t.same(Object.keys(await app.tokens.refresh(refresh)), ['access'])
})

t.test('issue: takes the request and the options of the session', async t => {
  const { app } = await buildApp(t)
  app.get('/issue', async request => app.tokens.issue({ id: 7 }, {
    request, claims: { mfa: true }, sessionLifetime: '1m'
  }))
  const headers = { 'user-agent': 'a browser' }
  const { access, refresh } = (await app.inject({ url: '/issue', headers })).json()
  t.match(decode(access).payload, { mfa: true, exp: START / 1000 + 60 })
  t.equal(decode(refresh).payload.exp, START / 1000 + 60)
  t.match(await app.tokens.sessions(7), [{ userAgent: 'a browser', address: '127.0.0.1' }])
  await t.rejects(app.tokens.issue({ id: 7 }, { request: undefined, remember: true } as object), {
    message: 'option "issue().remember" is not known'
  })
})

t.test('refresh: an event names the address of the last rotation, if it is another', async t => {
  const { app, post, login, events } = await buildApp(t, { reuseInterval: 0 })
  const { refresh } = await login()
  await post('/api/token/refresh/', { refresh })
  await post('/api/token/refresh/', { refresh }, { remoteAddress: '203.0.113.1' })
  t.match(events.at(-1), { type: 'reuse_detected', rotatedAddress: '127.0.0.1' })
  t.equal((await app.tokens.sessions(1)).length, 0)
})

t.test('without rotation refresh refuses a token of a revoked session', async t => {
  const { app } = await buildApp(t, { rotateRefreshTokens: false })
  const { refresh } = await app.tokens.issue({ id: 7 })
  await app.tokens.revokeUser(7)
  await t.rejects(app.tokens.refresh(refresh), blacklisted)
})

t.test('verify, refresh and revoke: reject a bad token with a SimpleJwtError', async t => {
  const { app } = await buildApp(t)
  const bad = [
    '',
    'x',
    '..',
    '💥',
    '\0',
    sign('null'),
    sign(accessClaims({ exp: 1 })),
    sign(refreshClaims({ exp: 1 })),
    sign(accessClaims(), { alg: 'none' }),
    sign(refreshClaims({ sid: 'unknown' }))
  ]
  for (const act of [app.tokens.verify, app.tokens.refresh, app.tokens.revoke]) {
    for (const token of bad) {
      const error = await act(token).then(() => undefined, (error: unknown) => error)
      t.ok(error instanceof SimpleJwtError && error.statusCode === 401, JSON.stringify(token))
    }
  }
})

t.test('revokeSession ends a session once, an expired one too', async t => {
  const { app, clock, events } = await buildApp(t)
  const { access } = await app.tokens.issue({ id: 7 })
  t.equal(await app.tokens.revokeSession(sidOf(access)), true)
  t.equal(await app.tokens.revokeSession(sidOf(access)), false)
  t.equal(await app.tokens.revokeSession('unknown'), false)
  t.same(events.slice(1), [{ type: 'revoked', userId: '7', sid: sidOf(access) }])
  const { access: late } = await app.tokens.issue({ id: 7 })
  clock.advance(DAY)
  t.equal(
    await app.tokens.revokeSession(sidOf(late)), true, 'for its last access token may be good yet'
  )
})

t.test('revokeSession: names the client of a granted session in the event', async t => {
  const store = memoryStore()
  const { app, events } = await buildApp(t, { store })
  const granted = session({ clientId: 'photo-printer', scope: 'photos:read' })
  await store.create(granted)
  t.same(await app.tokens.sessions('1'), [granted])
  const { userId, sid, clientId } = granted
  t.equal(await app.tokens.revokeSession(sid), true)
  t.same(events, [{ type: 'revoked', userId, sid, clientId }])
})

t.test('revokeUser ends all sessions of a user but one, and says how many', async t => {
  const { app, events } = await buildApp(t)
  const [one, two, three] = [
    await app.tokens.issue({ id: 7 }),
    await app.tokens.issue({ id: 7n }),
    await app.tokens.issue({ id: '7' })
  ]
  await app.tokens.issue({ id: 8 })
  t.equal(await app.tokens.revokeUser(7, { except: sidOf(two.access) }), 2)
  t.same(
    events
      .filter(({ type }) => type === 'revoked')
      .map(({ sid, userId }) => [sid, userId])
      .sort(),
    [
      [sidOf(one.access), '7'],
      [sidOf(three.access), '7']
    ].sort()
  )
  await t.rejects(app.tokens.verify(one.access), blacklisted)
  t.match(await app.tokens.verify(two.access), { user_id: '7' })
  t.equal(await app.tokens.revokeUser('7'), 1)
  t.equal(await app.tokens.revokeUser(7n), 0)
  t.equal((await app.tokens.sessions(8)).length, 1)
})

t.test('log out everywhere: the events have the address of the request', async t => {
  const { app, events } = await buildApp(t)
  const { access } = await app.tokens.issue({ id: 7 })
  const headers = { authorization: `Bearer ${access}` }
  await app.inject({ method: 'DELETE', url: '/api/token/sessions/', headers })
  t.match(events.at(-1), { type: 'revoked', sid: sidOf(access), address: '127.0.0.1' })
})

t.test('sessions are the live ones of a user, oldest first', async t => {
  const { app, clock } = await buildApp(t)
  const [one] = [await app.tokens.issue({ id: 7 }), clock.advance(1)]
  const two = await app.tokens.issue({ id: 7 })
  for (const id of [7, '7', 7n]) {
    t.same(
      (await app.tokens.sessions(id)).map(({ sid }) => sid), [sidOf(one.access), sidOf(two.access)]
    )
  }
})

t.test('jwks: lists the public keys in the order of their kids, and no secret', async t => {
  const { app } = await buildApp(t)
  t.same(app.tokens.jwks(), { keys: [] })
  const secret: KeyInput = { algorithm: 'HS256', secret: SECRET }
  await app.tokens.setKeys([
    secret, inputOf('ES256', 'b'), { ...publicInputOf('EdDSA', 'a'), publish: true } as KeyInput,
    publicInputOf('ES384', 'c')
  ])
  t.same(app.tokens.jwks(), {
    keys: [
      ['EdDSA', 'a'],
      ['ES256', 'b']
    ].map(([alg, kid]) => ({
      ...pairOf(alg as 'EdDSA' | 'ES256').publicKey.export({ format: 'jwk' }),
      kid,
      use: 'sig',
      alg
    }))
  })
})

t.test('setKeys takes effect at once, for tokens that were seen before too', async t => {
  const { app, hello, events } = await buildApp(t)
  const { access } = await app.tokens.issue({ id: 7 })
  t.equal((await hello(access)).statusCode, 200)
  await app.tokens.setKeys([
    { kid: 'new', algorithm: 'HS256', secret: 'n'.repeat(32) },
    { algorithm: 'HS256', secret: SECRET }
  ])
  t.equal((await hello(access)).statusCode, 200, 'the old key verifies as long as it is there')
  const { access: newer } = await app.tokens.issue({ id: 7 })
  t.equal(decode(newer).header.kid, 'new')
  await app.tokens.setKeys([{ kid: 'new', algorithm: 'HS256', secret: 'n'.repeat(32) }])
  t.equal((await hello(access)).statusCode, 401)
  t.equal((await hello(newer)).statusCode, 200)
  t.equal(events.filter(({ type }) => type === 'keys_changed').length, 2)
})

t.test('keys that are bad change nothing', async t => {
  const { app, hello, events } = await buildApp(t)
  const { access } = await app.tokens.issue({ id: 7 })
  const bad = [
    undefined,
    null,
    [],
    [null],
    [{ algorithm: 'HS256', secret: 'short' }],
    [{ algorithm: 'none', secret: SECRET }],
    [{ algorithm: 'HS256', secret: SECRET }, { algorithm: 'HS256', secret: '' }]
  ]
  for (const keys of bad) {
    await t.rejects(
      app.tokens.setKeys(keys as never),
      { name: 'TypeError', message: /option "(keys|secret)/ },
      JSON.stringify(keys)
    )
  }
  t.equal((await hello(access)).statusCode, 200)
  t.equal(events.filter(({ type }) => type === 'keys_changed').length, 0)
})

t.test('setKeys: rejects keys of which none can sign, and changes nothing', async t => {
  const { app, hello, events } = await buildApp(t, { keys: [inputOf('ES256', 'a')] })
  const { access } = await app.tokens.issue({ id: 7 })
  await t.rejects(app.tokens.setKeys([publicInputOf('ES256', 'a'), publicInputOf('EdDSA')]), {
    name: 'TypeError',
    message: 'option "keys" must have a key that can sign'
  })
  t.equal((await hello(access)).statusCode, 200)
  t.equal((await hello((await app.tokens.issue({ id: 7 })).access)).statusCode, 200)
  t.same(app.tokens.jwks().keys.map(({ kid }) => kid), ['a'])
  t.notOk(events.some(({ type }) => type === 'keys_changed'))
})

t.test('setKeys: a check that throws changes nothing', async t => {
  const { registration, events } = await buildRegistration(t)
  const tokens = createTokenService(registration)
  const { access } = await tokens.issue({ id: 7 })
  const seen: unknown[] = []
  registration.keyChecks.push(
    keys => { seen.push(keys.map(({ kid }) => kid)) },
    keys => { if (keys[0]?.algorithm === 'HS256') throw new TypeError('a key pair first') }
  )
  const secret = { algorithm: 'HS256', secret: 'n'.repeat(32), kid: 'new' } as const
  await t.rejects(tokens.setKeys([secret, inputOf('ES256', 'pair')]), {
    name: 'TypeError', message: 'a key pair first'
  })
  t.match(await tokens.verify(access), { user_id: '7' })
  t.notOk(events.some(({ type }) => type === 'keys_changed'))
  await tokens.setKeys([inputOf('ES256', 'pair'), secret])
  await t.rejects(tokens.verify(access), { message: 'Token is invalid' })
  t.same(seen, [['new', 'pair'], ['pair', 'new']], 'each check has seen the new keys')
})

t.test('setKeys: keeps users logged in while the old public key remains', async t => {
  const { app, hello, clock } = await buildApp(t, { keys: [inputOf('ES256', 'old')] })
  const { access, refresh } = await app.tokens.issue({ id: 7 })
  await app.tokens.setKeys([inputOf('EdDSA', 'new'), publicInputOf('ES256', 'old')])
  t.equal((await hello(access)).statusCode, 200)
  clock.advance(MINUTE)
  const pair = await app.tokens.refresh(refresh)
  t.match(decode(pair.access).header, { alg: 'EdDSA', kid: 'new' })
  await app.tokens.setKeys([inputOf('EdDSA', 'new')])
  t.equal((await hello(access)).statusCode, 401, 'which is dropped in the end')
  t.equal((await hello(pair.access)).statusCode, 200)
})

t.test('verify-only service: rejects issue and refresh without a store call', async t => {
  const calls: string[] = []
  const store = Object.fromEntries(
    Object.entries(memoryStore()).map(([name, member]: [string, unknown]) => [
      name,
      typeof member !== 'function'
        ? member
        : (...args: unknown[]) => {
            calls.push(name)
            return member(...args)
          }
    ])
  ) as unknown as SessionStore
  const { registration, events } = await buildRegistration(t, {
    secret: undefined,
    keys: [publicInputOf('ES256')],
    verifyCredentials: undefined as never,
    store
  })
  const tokens = createTokenService(registration)
  const onlyVerifies = {
    name: 'Error',
    message:
      'fastify-simplejwt: this registration only verifies tokens. Configure a signing key: ' +
      '"secret", or "keys" with a private key.'
  }
  await t.rejects(tokens.issue({ id: 7 }), onlyVerifies)
  await t.rejects(tokens.attempt({} as FastifyRequest, 'vitor', () => ({ id: 7 })), onlyVerifies)
  await t.rejects(tokens.login({ id: 7 }, {} as FastifyReply), onlyVerifies)
  await t.rejects(tokens.refresh(signAs('ES256', refreshClaims({ sid: 's' }))), onlyVerifies)
  await t.rejects(tokens.refresh('garbage'), onlyVerifies)
  t.same([calls, events], [[], []])
  t.match(await tokens.verify(signAs('ES256', accessClaims())), { user_id: '1' })
  t.same(tokens.jwks(), { keys: [] }, 'the keys are another server\'s to publish')
})

t.test('verify-only service: setKeys accepts any key, and issue still rejects', async t => {
  const { registration, events } = await buildRegistration(t, {
    secret: undefined,
    keys: [publicInputOf('ES256')],
    verifyCredentials: undefined as never
  })
  const tokens = createTokenService(registration)
  await tokens.setKeys([publicInputOf('EdDSA')])
  t.match(await tokens.verify(signAs('EdDSA', accessClaims())), { user_id: '1' })
  await t.rejects(tokens.verify(signAs('ES256', accessClaims())), {
    name: 'SimpleJwtError',
    message: 'Token is invalid'
  })
  await tokens.setKeys([inputOf('EdDSA')])
  await t.rejects(tokens.issue({ id: 7 }), { message: 'only verifies tokens' })
  t.same(tokens.jwks(), { keys: [] })
  t.equal(events.filter(({ type }) => type === 'keys_changed').length, 2)
})

t.test('setKeys: rejects all keys with jwksUrl', async t => {
  const { registration, events } = await buildRegistration(t, {
    secret: undefined,
    jwksUrl: 'https://issuer.example/',
    verifyCredentials: undefined as never
  })
  const tokens = createTokenService(registration)
  for (const keys of [[inputOf('ES256')], [publicInputOf('ES256')], [], undefined]) {
    await t.rejects(tokens.setKeys(keys as KeyInput[]), {
      message:
        'fastify-simplejwt: setKeys() cannot replace the keys of "jwksUrl". Rotate the keys at ' +
        'the issuer.'
    })
  }
  t.same(events, [])
  t.notOk(registration.keys.knows('ES256', undefined))
})

t.test('cacheStatistics: counts the hits, misses and entries of the guard', async t => {
  const { app, login, hello } = await buildApp(t)
  const { access } = await login()
  for (let request = 0; request < 5; request++) await hello(access)
  t.strictSame(app.tokens.cacheStatistics(), { hits: 3, misses: 2, entries: 1 })
})

t.test('sweep: deletes the sessions that are over, and returns their number', async t => {
  const { app, clock } = await buildApp(t)
  const [one] = [await app.tokens.issue({ id: 7 }), await app.tokens.issue({ id: 7 })]
  await app.tokens.revokeSession(sidOf(one.access))
  t.equal(await app.tokens.sweep(), 0)
  clock.advance(6 * MINUTE)
  t.equal(await app.tokens.sweep(), 1)
  clock.advance(DAY)
  t.equal(await app.tokens.sweep(), 1)
})

t.test('sweep: prunes the list of revoked sessions too', async t => {
  const { registration } = await buildRegistration(t)
  let pruned = 0
  const revocations = { ...registration.revocations, prune: () => { pruned++ } }
  await createTokenService({ ...registration, revocations }).sweep()
  t.equal(pruned, 1)
})

t.test('sweep: deletes nothing in verify-only mode', async t => {
  const { registration } = await buildRegistration(t, {
    secret: undefined, keys: [publicInputOf('ES256')], verifyCredentials: undefined
  } as object)
  let sweeps = 0
  const sessions = { ...registration.sessions, sweep: async () => ++sweeps }
  t.equal(await createTokenService({ ...registration, sessions }).sweep(), 0)
  t.equal(sweeps, 0)
})

t.test('sweep: a clock that jumps ahead and back revives no access token', async t => {
  const { app, clock, login, hello, post } = await buildApp(t)
  const { access, refresh } = await login()
  await post('/api/token/blacklist/', { refresh })
  clock.advance(120 * MINUTE)
  await app.tokens.sweep()
  clock.advance(-120 * MINUTE)
  t.equal((await hello(access)).statusCode, 401)
})
