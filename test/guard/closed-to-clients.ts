import t from 'tap'
import type { FastifyInstance } from 'fastify'
import type { SimpleJwtOptions } from '../../plugin/index.ts'
import { memoryStore } from '../../plugin/stores/memory.ts'
import { type TestApp, buildApp } from '../fixtures/app.ts'
import { accessClaims, sign } from '../fixtures/tokens/jwt.ts'

const DENIED =
  '{"detail":"You do not have permission to perform this action.","code":"permission_denied"}'
const NO_SCOPE = 'Bearer realm="api", error="insufficient_scope"'
const OF_CLIENT = { client_id: 'photo-printer', scope: 'photos:read photos:write' }

type Test = Parameters<typeof buildApp>[0]

const routes = (app: FastifyInstance): Record<string, object> => ({
  '/authenticate': { onRequest: app.authenticate },
  '/optional': { onRequest: app.authenticateOptional },
  '/user': { onRequest: app.authenticateUser },
  '/claims': { onRequest: app.requireClaims({ user_id: '1' }) },
  '/client-claims': { onRequest: app.requireClaims({ client_id: 'photo-printer' }) },
  '/function': { onRequest: app.requireClaims(() => true) },
  '/default': {}
})

/** An app with a route behind each guard that is closed to clients. */
async function build (t: Test, options: Partial<SimpleJwtOptions> = {}) {
  const finds: string[] = []
  const test = await buildApp(t, {
    findUser: id => {
      finds.push(id)
      return { id }
    },
    guardByDefault: true,
    ...options
  })
  const closed = routes(test.app)
  for (const [url, route] of Object.entries(closed)) {
    test.app.get(url, route, async () => 'open')
  }
  const urls = [...Object.keys(closed), '/hello/', '/api/token/sessions/']
  const ask = (url: string, token: string, method: 'GET' | 'DELETE' = 'GET') =>
    test.app.inject({ method, url, headers: { authorization: `Bearer ${token}` } })
  return { ...test, ask, urls, finds }
}

/** The claims of an access token that a client would have of a session. */
const ofClient = async ({ login }: TestApp, changes: object = {}): Promise<string> => {
  const { access } = await login()
  const [, payload] = access.split('.')
  const claims = JSON.parse(Buffer.from(payload as string, 'base64url').toString())
  return sign({ ...claims, ...OF_CLIENT, ...changes })
}

const REVOCATIONS: Partial<SimpleJwtOptions>[] = [
  {}, { verificationCache: 0 }, { store: memoryStore(), revocation: 'store' }, { revocation: 'off' }
]

for (const options of REVOCATIONS) {
  const by = `with ${JSON.stringify({ ...options, store: undefined })}`
  t.test(`the token of a client opens no route that names no scope, ${by}`, async t => {
    const test = await build(t, options)
    const { app, ask, urls, finds } = test
    const token = await ofClient(test)
    for (const url of urls) {
      for (const seen of ['first', 'again', 'known', 'known again']) {
        const reply = await ask(url, token)
        t.strictSame(
          [reply.statusCode, reply.body, reply.headers['www-authenticate']],
          [403, DENIED, NO_SCOPE],
          `${url} ${seen}`
        )
      }
    }
    t.equal(app.tokens.cacheStatistics().hits > 0, options.verificationCache !== 0)
    t.same(finds, [], 'no user is looked up')
    const own = (await test.login()).access
    for (const url of urls.filter(url => url !== '/client-claims')) {
      t.equal((await ask(url, own)).statusCode, 200, `${url} is open to the user`)
    }
  })
}

t.test('the token of a client revokes no session of its user', async t => {
  const test = await build(t)
  const { app, ask } = test
  const token = await ofClient(test)
  const [session] = await app.tokens.sessions(1)
  for (const url of ['/api/token/sessions/', `/api/token/sessions/${session?.sid}/`]) {
    t.equal((await ask(url, token, 'DELETE')).statusCode, 403, url)
  }
  t.equal((await app.tokens.sessions(1)).length, 1)
})

t.test('a revoked token of a client is a 401 before it is a 403', async t => {
  for (const revocation of ['list', 'store'] as const) {
    const test = await build(t, { revocation })
    const { app, ask, urls } = test
    const token = await ofClient(test)
    for (const url of urls) t.equal((await ask(url, token)).statusCode, 403, url)
    await app.tokens.revokeUser(1)
    for (const url of urls) {
      const reply = await ask(url, token)
      t.match(reply, { statusCode: 401, body: /Token is blacklisted/ }, url)
    }
  }
})

t.test('any client_id closes the guards, also one that is no text', async t => {
  const { hello } = await buildApp(t)
  for (const client of ['photo-printer', '', null, 0, false, {}, []]) {
    const token = sign(accessClaims({ client_id: client }))
    t.equal((await hello(token)).statusCode, 403, JSON.stringify(client))
  }
})

t.test('a refusal for a client throws when the guard is awaited', async t => {
  const test = await build(t)
  test.app.get('/awaited', { config: { public: true } }, async (request, reply) => {
    await test.app.authenticate(request, reply)
    return 'open'
  })
  t.equal((await test.ask('/awaited', await ofClient(test))).body, DENIED)
})

t.test('requireClaims: a requirement of a scope lets a client in that has it', async t => {
  const { app, ask, ...test } = await build(t)
  const guards = {
    '/scope': { scope: 'photos:read' },
    '/both': { scope: ['photos:read', 'photos:write'] },
    '/more': { scope: 'photos:read photos:print' },
    '/scp': { scp: 'photos:read' },
    '/role': { scope: 'photos:read', role: 'admin' }
  }
  for (const [url, required] of Object.entries(guards)) {
    app.get(url, { onRequest: app.requireClaims(required) }, async ({ user }) => user.client_id)
  }
  const token = await ofClient({ ...test, app })
  const statuses = { '/scope': 200, '/both': 200, '/more': 403, '/scp': 403, '/role': 403 }
  for (const [url, status] of Object.entries(statuses)) {
    for (const seen of ['first', 'again', 'known']) {
      t.equal((await ask(url, token)).statusCode, status, `${url} ${seen}`)
    }
  }
  t.equal((await ask('/scope', token)).body, 'photo-printer')
  t.equal((await ask('/role', await ofClient({ ...test, app }, { role: 'admin' }))).statusCode, 200)
  t.equal((await ask('/scope', (await test.login()).access)).statusCode, 403,
    'a session of the user needs the scope too')
})
