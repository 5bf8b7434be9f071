import t from 'tap'
import { connect, type AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import fastify, { type FastifyRequest } from 'fastify'
import simplejwt from '../../plugin/index.ts'
import { generateKey } from '../../plugin/keys/generate-key.ts'
import { SECOND, SECRET, START, type TestApp, type TestUser, buildApp } from '../fixtures/app.ts'
import { accessClaims, refreshClaims, sign } from '../fixtures/tokens/jwt.ts'

const NOT_PROVIDED = '{"detail":"Authentication credentials were not provided."}'
const TWO_VALUES =
  '{"detail":"Authorization header must contain two space-delimited ' +
  'values","code":"bad_authorization_header"}'
const refused = (message: string): string =>
  `{"detail":"Given token not valid for any token type","code":"token_not_valid","messages":[{"token_class":"AccessToken","token_type":"access","message":"${message}"}]}`

/** Asks /hello/ over a raw socket: header lines go out as they are written here. */
async function raw (
  { app }: TestApp, ...lines: string[]
): Promise<{ status: number, challenge: string | undefined, body: string }> {
  if (!app.server.listening) await app.listen({ host: '127.0.0.1', port: 0 })
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
  socket.end(
    ['GET /hello/ HTTP/1.1', 'Host: x', 'Connection: close', ...lines, '', ''].join('\r\n')
  )
  const answer = await text(socket)
  const [head = '', body = ''] = answer.split('\r\n\r\n')
  return {
    status: Number(head.slice(9, 12)),
    challenge: /^www-authenticate: (.*)$/im.exec(head)?.[1],
    body
  }
}

t.test('authenticate: accepts an access token and sets request.user to frozen claims', async t => {
  const { app, login, hello } = await buildApp(t)
  app.get('/claims/', { onRequest: app.authenticate }, async request => ({
    frozen: Object.isFrozen(request.user),
    ...request.user
  }))
  const { access } = await login()
  t.equal((await hello(access)).body, '{"message":"Hello, World!"}')
  for (const seen of ['first', 'again', 'known']) {
    const reply = await app.inject({
      url: '/claims/',
      headers: { authorization: `Bearer ${access}` }
    })
    t.match(
      reply.json(),
      { frozen: true, token_type: 'access', user_id: '1', exp: START / 1000 + 300 },
      seen
    )
  }
})

t.test('authenticate: reads the Authorization header to the letter', async t => {
  const test = await buildApp(t)
  const { access } = await test.login()
  const cases: [what: string, lines: string[], status: number, body: string, error?: string][] = [
    ['absent', [], 401, NOT_PROVIDED],
    ['empty', ['Authorization:'], 401, NOT_PROVIDED],
    ['another scheme', ['Authorization: Basic dml0b3I6MTIz'], 401, NOT_PROVIDED],
    ['a bare token', [`Authorization: ${access}`], 401, NOT_PROVIDED],
    ['scheme alone', ['Authorization: Bearer'], 401, TWO_VALUES, 'invalid_request'],
    ['scheme and spaces', ['Authorization: Bearer   '], 401, TWO_VALUES, 'invalid_request'],
    ['three parts', [`Authorization: Bearer ${access} x`], 401, TWO_VALUES, 'invalid_request'],
    [
      'a list',
      [`Authorization: Bearer ${access}, Bearer ${access}`],
      401,
      TWO_VALUES,
      'invalid_request'
    ],
    ['a tab between', [`Authorization: Bearer\t${access}`], 401, TWO_VALUES, 'invalid_request'],
    [
      'a tab and a space', [`Authorization: Bearer \t${access}`], 401, TWO_VALUES, 'invalid_request'
    ],
    [
      'two headers',
      [`Authorization: Bearer ${access}`, `authorization: Bearer ${access}`],
      401,
      TWO_VALUES,
      'invalid_request'
    ],
    [
      'two headers, one of them Basic',
      [`Authorization: Bearer ${access}`, 'AUTHORIZATION: Basic x'],
      401,
      TWO_VALUES,
      'invalid_request'
    ],
    ['one space', [`Authorization: Bearer ${access}`], 200, '{"message":"Hello, World!"}'],
    ['more spaces', [`Authorization:  Bearer   ${access}  `], 200, '{"message":"Hello, World!"}'],
    ['any case', [`AUTHORIZATION: bEARER ${access}`], 200, '{"message":"Hello, World!"}']
  ]
  // Once more, now that the token is known.
  for (const [what, lines, status, body, error] of [...cases, ...cases]) {
    const answer = await raw(test, ...lines)
    t.equal(answer.body, body, what)
    t.equal(answer.status, status, what)
    t.equal(
      answer.challenge,
      status === 200
        ? undefined
        : `Bearer realm="api"${error === undefined ? '' : `, error="${error}"`}`,
      what
    )
  }
  t.equal(
    (await test.app.inject(`/hello/?token=${access}`)).body,
    NOT_PROVIDED,
    'a token in the URL is not looked at'
  )
})

t.test('authenticate: refuses a token in the words of SimpleJWT', async t => {
  const { app, hello } = await buildApp(t)
  const cases: [what: string, token: string, body: string][] = [
    ['garbage', 'x', refused('Token is invalid')],
    [
      'a bad signature',
      sign(accessClaims(), undefined, 'another secret, of the same length'),
      refused('Token is invalid')
    ],
    [
      'unsigned',
      sign(accessClaims(), { alg: 'none' }).replace(/[^.]*$/, ''),
      refused('Token is invalid')
    ],
    ['HS512', sign(accessClaims(), { alg: 'HS512', typ: 'JWT' }), refused('Token is invalid')],
    ['not yet', sign(accessClaims({ nbf: START / 1000 + 1 })), refused('Token is invalid')],
    [
      'issued in the future',
      sign(accessClaims({ iat: START / 1000 + 61 })),
      refused('Token is invalid')
    ],
    [
      'expired',
      sign(accessClaims({ iat: START / 1000 - 60, exp: START / 1000 })),
      refused('Token is expired')
    ],
    ['a refresh token', sign(refreshClaims()), refused('Token has wrong type')],
    [
      'a sliding token',
      sign(accessClaims({ token_type: 'sliding' })),
      refused('Token has wrong type')
    ],
    ['no type', sign(accessClaims({ token_type: undefined })), refused('Token has no type')],
    ['no jti', sign(accessClaims({ jti: undefined })), refused('Token has no id')],
    ['no exp', sign(accessClaims({ exp: undefined })), refused("Token has no 'exp' claim")],
    [
      'no user',
      sign(accessClaims({ user_id: undefined })),
      '{"detail":"Token contained no recognizable user identification","code":"token_not_valid"}'
    ],
    [
      'user null',
      sign(accessClaims({ user_id: null })),
      '{"detail":"User not found","code":"user_not_found"}'
    ],
    ['user of an odd kind', sign(accessClaims({ user_id: { id: 1 } })), refused('Token is invalid')]
  ]
  for (const [what, token, body] of cases) {
    const reply = await hello(token)
    t.equal(reply.body, body, what)
    t.equal(reply.statusCode, 401, what)
    t.equal(reply.headers['www-authenticate'], 'Bearer realm="api", error="invalid_token"', what)
  }
  t.equal((await app.inject({ method: 'HEAD', url: '/hello/' })).body, '', 'HEAD has no body')
})

t.test('authenticate: turns an integer user_id of another server into a string', async t => {
  const { app } = await buildApp(t)
  app.get('/id/', { onRequest: app.authenticate }, async request => request.user)
  const reply = await app.inject({
    url: '/id/',
    headers: { authorization: `Bearer ${sign(accessClaims({ user_id: 1 }))}` }
  })
  t.match(reply.json(), { user_id: '1' })
})

t.test('authenticate: rejects a token from the second of its exp, cached or not', async t => {
  for (const verificationCache of [10, 0]) {
    const { login, hello, clock } = await buildApp(t, { verificationCache })
    const { access } = await login()
    clock.advance(300 * SECOND - 1)
    for (let count = 0; count < 3; count++) t.equal((await hello(access)).statusCode, 200)
    clock.advance(1)
    t.equal((await hello(access)).body, refused('Token is expired'))
  }
})

t.test('authenticate: rejects a revoked session at once unless revocation is off', async t => {
  for (const [revocation, status] of [['list', 401], ['store', 401], ['off', 200]] as const) {
    const { app, login, hello } = await buildApp(t, { revocation })
    const { access } = await login()
    t.equal((await hello(access)).statusCode, 200)
    await app.tokens.revokeUser(1)
    t.equal((await hello(access)).statusCode, status, revocation)
  }
})

t.test('authenticate: answers 500 if a hook makes request.user read-only', async t => {
  for (const revocation of ['list', 'store'] as const) {
    const app = fastify()
    t.after(() => app.close())
    app.addHook('onRequest', async request => {
      Object.defineProperty(request, 'user', { get: () => null })
    })
    await app.register(simplejwt, { secret: SECRET, verifyCredentials: () => null, revocation })
    app.get('/hello/', { onRequest: app.authenticate }, async () => 'hello')
    const { access } = await app.tokens.issue({ id: 1 })
    t.equal(
      (await app.inject({ url: '/hello/', headers: { authorization: `Bearer ${access}` } }))
        .statusCode,
      500
    )
  }
})

t.test('authenticate: waits for a key that it must fetch, then caches the token', async t => {
  const issuer = await buildApp(t, {
    keys: [{ algorithm: 'EdDSA', privateKey: generateKey('EdDSA') }]
  })
  await issuer.app.listen({ host: '127.0.0.1', port: 0 })
  const { access } = await issuer.login()
  const app = fastify()
  t.after(() => app.close())
  await app.register(simplejwt, {
    jwksUrl: `http://127.0.0.1:${(issuer.app.server.address() as AddressInfo).port}/.well-known/jwks.json`,
    now: issuer.clock
  })
  app.get('/hello/', { onRequest: app.authenticate }, async request => request.user.user_id)
  for (const seen of ['first', 'again', 'known']) {
    const reply = await app.inject({
      url: '/hello/',
      headers: { authorization: `Bearer ${access}` }
    })
    t.same([reply.statusCode, reply.body], [200, '1'], seen)
  }
})

t.test('the guard can be awaited, and then throws', async t => {
  const { app, login } = await buildApp(t)
  app.get(
    '/awaited/',
    {
      onRequest: async (request, reply) => {
        await app.authenticate(request, reply)
      }
    },
    async request => request.user.user_id
  )
  const { access } = await login()
  t.equal(
    (await app.inject({ url: '/awaited/', headers: { authorization: `Bearer ${access}` } })).body,
    '1'
  )
  t.equal((await app.inject('/awaited/')).body, NOT_PROVIDED)
  await t.rejects(
    app.authenticate({ headers: {}, raw: { rawHeaders: [] } } as unknown as FastifyRequest),
    { statusCode: 401, code: 'not_authenticated' }
  )
})

t.test('authenticateUser: sets request.account, and request.user to the claims', async t => {
  const test = await buildApp(t, {
    findUser: async id => test.users.find(user => String(user.id) === id) ?? null
  })
  test.app.get('/me/', { onRequest: test.app.authenticateUser }, async request => ({
    name: (request.account as TestUser).name, user_id: request.user.user_id
  }))
  const { access } = await test.login()
  const me = () => test.app.inject({ url: '/me/', headers: { authorization: `Bearer ${access}` } })
  t.equal((await me()).body, '{"name":"vitor","user_id":"1"}')
  test.users[0]!.isActive = false
  t.equal((await me()).body, '{"detail":"User is inactive","code":"user_inactive"}')
  test.users.shift()
  const gone = await me()
  t.equal(gone.body, '{"detail":"User not found","code":"user_not_found"}')
  t.equal(gone.headers['www-authenticate'], 'Bearer realm="api", error="invalid_token"')
  t.equal((await test.app.inject('/me/')).body, NOT_PROVIDED)
})

t.test('without findUser there is no authenticateUser', async t => {
  const { app } = await buildApp(t)
  t.notOk(app.hasDecorator('authenticateUser'))
})
