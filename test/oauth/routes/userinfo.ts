import t from 'tap'
import { SECOND } from '../../fixtures/app.ts'
import { type TokenApp, buildTokenApp } from '../../fixtures/oauth/token-app.ts'

const URL = '/oauth/userinfo'

const ask = ({ app }: TokenApp, access: string, method: 'GET' | 'POST' = 'GET', more = {}) =>
  app.inject({ method, url: URL, headers: { authorization: `Bearer ${access}` }, ...more })

const openid = async (built: TokenApp): Promise<string> =>
  (await built.tokens({ scope: 'openid photos:read' })).access_token

t.test('userinfo: GET and POST answer the same, with and without a slash', async t => {
  const built = await buildTokenApp(t, {}, { userinfo: async () => ({ name: 'Vitor' }) })
  const access = await openid(built)
  for (const method of ['GET', 'POST'] as const) {
    for (const url of [URL, `${URL}/`]) {
      const { statusCode, headers, body } = await ask(built, access, method, { url })
      t.same([statusCode, body], [200, '{"sub":"1","name":"Vitor"}'], `${method} ${url}`)
      t.match(headers, {
        'content-type': 'application/json; charset=utf-8',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'access-control-allow-origin': '*'
      })
    }
  }
})

t.test('userinfo: POST takes an empty form too', async t => {
  const built = await buildTokenApp(t)
  const { statusCode } = await ask(built, await openid(built), 'POST', {
    headers: {
      authorization: `Bearer ${await openid(built)}`,
      'content-type': 'application/x-www-form-urlencoded'
    },
    payload: ''
  })
  t.equal(statusCode, 200)
})

t.test('userinfo: refuses with a challenge', async t => {
  const built = await buildTokenApp(t)
  const { access_token: photos } = await built.tokens()
  const missing = await built.app.inject(URL)
  t.same([missing.statusCode, missing.headers['www-authenticate']], [401, 'Bearer realm="api"'])
  t.equal(missing.headers['access-control-allow-origin'], '*')
  const bad = await ask(built, 'x')
  t.equal(bad.statusCode, 401)
  t.match(bad.headers['www-authenticate'], 'error="invalid_token"')
  const other = await ask(built, photos)
  t.equal(other.statusCode, 403)
  t.match(other.headers['www-authenticate'], 'error="insufficient_scope", scope="openid"')
  const own = await ask(built, (await built.login()).access)
  t.equal(own.statusCode, 403)
})

t.test('userinfo: a token in the body or the query is no token', async t => {
  const built = await buildTokenApp(t)
  const token = await openid(built)
  const inBody = await built.app.inject({
    method: 'POST',
    url: URL,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: `access_token=${token}`
  })
  const inQuery = await built.app.inject(`${URL}?access_token=${token}`)
  t.same([inBody.statusCode, inQuery.statusCode], [401, 401])
})

t.test('userinfo: reads the header only, whatever extractToken reads', async t => {
  const built = await buildTokenApp(t, {
    extractToken: ({ headers }) => headers['x-token'] as string | undefined
  })
  const access = await openid(built)
  t.equal((await ask(built, access)).statusCode, 200)
  const headers = { 'x-token': access }
  t.equal((await built.app.inject({ url: URL, headers })).statusCode, 401)
})

t.test('userinfo: refuses another scheme, and more than one token', async t => {
  const built = await buildTokenApp(t)
  const access = await openid(built)
  for (const authorization of [`Basic ${access}`, 'Bearer', `Bearer ${access} x`]) {
    t.equal((await ask(built, access, 'GET', { headers: { authorization } })).statusCode, 401)
  }
})

t.test('userinfo: a revoked session is a 401 at once', async t => {
  const built = await buildTokenApp(t)
  const access = await openid(built)
  t.equal((await ask(built, access)).statusCode, 200)
  await built.app.oauth.disconnect(1, 'photo-printer')
  t.match((await ask(built, access)).json(), { messages: [{ message: 'Token is blacklisted' }] })
})

t.test('userinfo: a fault of the host is a 500, which no cache keeps', async t => {
  const built = await buildTokenApp(t, {}, {
    userinfo: () => { throw new Error('the database is away') }
  })
  const { statusCode, headers } = await ask(built, await openid(built))
  t.same([statusCode, headers['cache-control']], [500, 'no-store'])
})

t.test('userinfo: pages of any origin may ask', async t => {
  const { app } = await buildTokenApp(t)
  const { statusCode, headers } = await app.inject({ method: 'OPTIONS', url: URL })
  t.equal(statusCode, 204)
  t.match(headers, {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'GET, POST',
    'access-control-allow-headers': 'authorization, content-type'
  })
})

t.test('userinfo: refused requests of an address are limited, good ones are not', async t => {
  const built = await buildTokenApp(t, { rateLimit: {} }, { rateLimit: 4 })
  // The authorization request counts too.
  const access = await openid(built)
  for (let count = 0; count < 3; count++) t.equal((await ask(built, 'x')).statusCode, 401)
  const { statusCode, headers } = await ask(built, 'x')
  t.equal(statusCode, 429)
  t.ok(Number(headers['retry-after']) > 0)
  t.equal((await ask(built, access)).statusCode, 200)
  built.clock.advance(61 * SECOND)
  t.equal((await ask(built, 'x')).statusCode, 401)
})
