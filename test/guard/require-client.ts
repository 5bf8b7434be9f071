import type { AddressInfo } from 'node:net'
import fastify, { type FastifyRequest } from 'fastify'
import t from 'tap'
import simplejwt, { type SimpleJwtOptions } from '../../plugin/index.ts'
import { generateKey } from '../../plugin/keys/generate-key.ts'
import { registrationOf } from '../../plugin/service/registration-of.ts'
import { SECOND, START, buildApp, createClock } from '../fixtures/app.ts'
import { accessClaims, refreshClaims, sign } from '../fixtures/tokens/jwt.ts'

const DENIED =
  '{"detail":"You do not have permission to perform this action.","code":"permission_denied"}'
const NOT_PROVIDED = '{"detail":"Authentication credentials were not provided."}'
const WRONG_TYPE = /"message":"Token has wrong type"/

type Test = Parameters<typeof buildApp>[0]

const clientClaims = (changes: Record<string, unknown> = {}) => accessClaims({
  token_type: 'client',
  user_id: undefined,
  sub: 'nightly-report',
  client_id: 'nightly-report',
  scope: 'reports:read reports:write',
  ...changes
})

const seen = async ({ client, user }: FastifyRequest) =>
  ({ client, user, isFrozen: Object.isFrozen(client) })

/** An app with a route for clients. */
async function behind (t: Test, scopes: string[], options: Partial<SimpleJwtOptions> = {}) {
  const test = await buildApp(t, options)
  test.app.get('/reports/', { onRequest: test.app.requireClient(...scopes) }, seen)
  const ask = (token: string) =>
    test.app.inject({ url: '/reports/', headers: { authorization: `Bearer ${token}` } })
  return { ...test, ask }
}

t.test('requireClient: sets request.client to frozen claims, and request.user to null', async t => {
  const { app, ask } = await behind(t, ['reports:write'])
  for (let count = 0; count < 3; count++) {
    const reply = await ask(sign(clientClaims()))
    t.match(reply.json(), {
      client: {
        token_type: 'client',
        client_id: 'nightly-report',
        scope: 'reports:read reports:write',
        exp: START / 1000 + 300
      },
      user: null,
      isFrozen: true
    })
    t.notOk('user_id' in reply.json().client)
  }
  t.same(app.tokens.cacheStatistics(), { hits: 0, misses: 0, entries: 0 })
})

t.test('requireClient: leaves no user of an earlier hook', async t => {
  const { app } = await buildApp(t)
  const earlier = async (request: FastifyRequest): Promise<void> => {
    Object.assign(request, { user: { user_id: '1' } })
  }
  app.get('/after/', { onRequest: [earlier, app.requireClient()] }, seen)
  const headers = { authorization: `Bearer ${sign(clientClaims())}` }
  t.equal((await app.inject({ url: '/after/', headers })).json().user, null)
})

t.test('requireClient: refuses every other kind of token with 401, cached or not', async t => {
  const { app, ask, hello, login } = await behind(t, [])
  const { access, refresh } = await login()
  const ofApp = accessClaims({ client_id: 'nightly-report', scope: 'reports:write' })
  const kinds = ['grant', 'code', 'authorization', 'id', 'sliding', 'Client']
    .map(kind => sign(clientClaims({ token_type: kind, user_id: '1' })))
  for (let count = 0; count < 3; count++) {
    for (const token of [access, refresh, sign(ofApp), sign(refreshClaims()), ...kinds]) {
      const reply = await ask(token)
      t.equal(reply.statusCode, 401)
      t.match(reply.body, WRONG_TYPE)
    }
    t.equal((await hello(access)).statusCode, 200)
  }
  t.ok(app.tokens.cacheStatistics().entries > 0, 'the access token is in the cache')
})

t.test('requireClient: the token of a client opens no other guard', async t => {
  const { app, ask } = await behind(t, [], { findUser: id => ({ id }) })
  const guards = {
    '/authenticate': app.authenticate,
    '/optional': app.authenticateOptional,
    '/user': app.authenticateUser,
    '/claims': app.requireClaims({ scope: 'reports:write' }),
    '/scope': app.requireScope('reports:write')
  }
  for (const [url, onRequest] of Object.entries(guards)) app.get(url, { onRequest }, seen)
  for (const userId of [undefined, '1']) {
    const token = sign(clientClaims({ user_id: userId }))
    for (const seen of ['first', 'again', 'known']) {
      t.equal((await ask(token)).statusCode, 200)
      for (const url of [...Object.keys(guards), '/api/token/sessions/']) {
        const reply = await app.inject({ url, headers: { authorization: `Bearer ${token}` } })
        t.match(reply, { statusCode: 401, body: WRONG_TYPE }, `${url} ${seen}`)
      }
    }
  }
})

t.test('requireClient: answers 401 for a missing, bad or expired token', async t => {
  const { app, ask, clock } = await behind(t, [])
  t.match(await app.inject('/reports/'), {
    statusCode: 401, body: NOT_PROVIDED, headers: { 'www-authenticate': 'Bearer realm="api"' }
  })
  const basic = { authorization: 'Basic bmlnaHRseTp4' }
  t.equal((await app.inject({ url: '/reports/', headers: basic })).body, NOT_PROVIDED)
  t.equal((await ask('a b')).statusCode, 401)
  for (const bad of [
    'x',
    sign(clientClaims(), undefined, 'another secret of thirty-two byte'),
    sign(clientClaims({ client_id: undefined })),
    sign(clientClaims({ client_id: 7 })),
    sign(clientClaims({ scope: undefined })),
    sign(clientClaims({ scope: ['reports:write'] }))
  ]) {
    const reply = await ask(bad)
    t.match(reply.body, /Token is invalid/)
    t.equal(reply.headers['www-authenticate'], 'Bearer realm="api", error="invalid_token"')
  }
  const token = sign(clientClaims())
  clock.advance(300 * SECOND - 1)
  t.equal((await ask(token)).statusCode, 200)
  clock.advance(1)
  t.match((await ask(token)).body, /Token is expired/)
})

t.test('requireClient: the token must have all of the scopes', async t => {
  const cases: [scopes: string[], scope: string, status: number][] = [
    [[], '', 200],
    [['reports:read'], 'reports:read', 200],
    [['reports:read', 'reports:write'], 'reports:write reports:read', 200],
    [['reports:read', 'reports:write'], 'reports:write', 403],
    [['reports:read', 'reports:write'], 'reports:read', 403],
    [['reports:read'], 'reports:reader', 403],
    [['reports:read'], '', 403]
  ]
  for (const [scopes, scope, status] of cases) {
    const { ask } = await behind(t, scopes)
    const reply = await ask(sign(clientClaims({ scope })))
    t.equal(reply.statusCode, status, JSON.stringify({ scopes, scope }))
    if (status === 200) continue
    t.equal(reply.body, DENIED)
    t.equal(
      reply.headers['www-authenticate'],
      `Bearer realm="api", error="insufficient_scope", scope="${scopes.join(' ')}"`
    )
  }
})

t.test('requireClient: takes the token of extractToken, and can be awaited', async t => {
  const { app } = await buildApp(t, { extractToken: ({ headers }) => headers['x-token'] as string })
  const guard = app.requireClient('reports:write')
  app.get('/awaited', async (request, reply) => {
    await guard(request, reply)
    return request.client.client_id
  })
  const ask = (token: string) => app.inject({ url: '/awaited', headers: { 'x-token': token } })
  t.equal((await ask(sign(clientClaims()))).body, 'nightly-report')
  t.equal((await ask(sign(clientClaims({ scope: '' })))).body, DENIED)
  t.equal((await app.inject('/awaited')).body, NOT_PROVIDED)
})

t.test('requireClient: waits for a key that it must fetch', async t => {
  const issuer = await buildApp(t, {
    keys: [{ algorithm: 'EdDSA', privateKey: generateKey('EdDSA') }], audience: 'reports'
  })
  await issuer.app.listen({ host: '127.0.0.1', port: 0 })
  const tokens = registrationOf(issuer.app.tokens)?.tokens
  const mint = (kind: 'client' | 'access') => tokens?.mintForClient(kind, {
    exp: START / 1000 + 300,
    iat: START / 1000,
    jti: 'x',
    aud: 'reports',
    client_id: 'nightly-report',
    scope: 'reports:write',
    ...(kind === 'access' && { user_id: '1' })
  }, 'at+jwt')
  for (const [kind, status] of [['client', 200], ['access', 401]] as const) {
    const app = fastify()
    t.after(() => app.close())
    await app.register(simplejwt, {
      jwksUrl: `http://127.0.0.1:${(issuer.app.server.address() as AddressInfo).port}/.well-known/jwks.json`,
      audience: 'reports',
      now: createClock()
    })
    app.get('/reports/', { onRequest: app.requireClient('reports:write') }, seen)
    for (const when of ['first', 'again']) {
      const headers = { authorization: `Bearer ${mint(kind)}` }
      t.equal((await app.inject({ url: '/reports/', headers })).statusCode, status, when)
    }
  }
})
