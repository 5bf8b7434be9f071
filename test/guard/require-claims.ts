import t from 'tap'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { RequiredClaims, SimpleJwtOptions } from '../../plugin/index.ts'
import { memoryStore } from '../../plugin/stores/memory.ts'
import { START, buildApp } from '../fixtures/app.ts'
import { accessClaims, refreshClaims, sign } from '../fixtures/tokens/jwt.ts'

const DENIED =
  '{"detail":"You do not have permission to perform this action.","code":"permission_denied"}'
const NO_SCOPE = 'Bearer realm="api", error="insufficient_scope"'

type Test = Parameters<typeof buildApp>[0]
type Requirement = Parameters<Awaited<ReturnType<typeof buildApp>>['app']['requireClaims']>[0]

/** An app with a route behind a requirement, and what asks it with claims of an access token. */
async function behind (t: Test, required: Requirement, options: Partial<SimpleJwtOptions> = {}) {
  const test = await buildApp(t, options)
  test.app.get(
    '/wanted/', { onRequest: test.app.requireClaims(required) }, async request => request.user
  )
  const ask = (token: string) =>
    test.app.inject({ url: '/wanted/', headers: { authorization: `Bearer ${token}` } })
  return {
    ...test,
    ask,
    askWith: (claims: Record<string, unknown>) => ask(sign(accessClaims(claims)))
  }
}

const CASES: [required: RequiredClaims, claims: Record<string, unknown>, isPermitted: boolean][] = [
  [{ role: 'admin' }, { role: 'admin' }, true],
  [{ role: 'admin' }, { role: 'admins' }, false],
  [{ role: 'admin' }, { role: 'user admin' }, false],
  [{ role: 'admin' }, {}, false],
  [{ role: 'admin' }, { role: null }, false],
  [{ role: 'admin' }, { role: { admin: true } }, false],
  [{ role: 'admin' }, { role: ['user', 'admin'] }, true],
  [{ role: 'admin' }, { role: ['user', ['admin']] }, false],
  [{ role: ['user', 'admin'] }, { role: ['admin', 'user', 'x'] }, true],
  [{ role: ['user', 'admin'] }, { role: ['admin'] }, false],
  [{ role: ['user', 'admin'] }, { role: 'admin' }, false],
  [{ role: 'admin', mfa: true }, { role: 'admin', mfa: true }, true],
  [{ role: 'admin', mfa: true }, { role: 'admin', mfa: 'true' }, false],
  [{ role: 'admin', mfa: true }, { mfa: true }, false],
  [{ level: 3 }, { level: 3 }, true],
  [{ level: 3 }, { level: '3' }, false],
  [{ level: 0 }, {}, false],
  [{ blocked: false }, {}, false],
  [{ scope: 'read' }, { scope: 'write read' }, true],
  [{ scope: 'read' }, { scope: 'reader' }, false],
  [{ scope: 'read' }, { scope: 'READ' }, false],
  [{ scope: 'read' }, { scope: 'x\tread' }, false],
  [{ scope: 'read' }, { scope: ['read'] }, true],
  [{ scope: 'read' }, { scope: '' }, false],
  [{ scope: 'read write' }, { scope: 'write x read' }, true],
  [{ scope: ['read', 'write'] }, { scope: 'read' }, false],
  [{ scp: 'read' }, { scp: 'read write' }, true],
  [{ constructor: 'x' }, {}, false],
  [{ toString: 'x' }, {}, false],
  [{ user_id: '1' }, {}, true]
]

for (const [required, claims, isPermitted] of CASES) {
  t.test(`is ${isPermitted ? 200 : 403} for ${JSON.stringify({ required, claims })}`, async t => {
    const { askWith } = await behind(t, required)
    for (const seen of ['first', 'again', 'known']) {
      t.equal((await askWith(claims)).statusCode, isPermitted ? 200 : 403, seen)
    }
  })
}

t.test('requireClaims: answers 403 as Django does, with the scope of RFC 6750', async t => {
  const { askWith } = await behind(t, { role: 'admin' })
  const reply = await askWith({ role: 'user' })
  t.strictSame(
    [reply.statusCode, reply.body, reply.headers['www-authenticate']], [403, DENIED, NO_SCOPE]
  )
  const scopes = await behind(t, { scope: ['reports:read', 'reports:write'], role: 'admin' })
  t.equal(
    (await scopes.askWith({})).headers['www-authenticate'],
    `${NO_SCOPE}, scope="reports:read reports:write"`
  )
})

t.test('requireClaims: answers 401 for a missing, bad, expired or revoked token', async t => {
  const { app, ask, login, post, clock } = await behind(t, { user_id: '1' })
  t.match(await app.inject('/wanted/'), {
    statusCode: 401,
    headers: { 'www-authenticate': 'Bearer realm="api"' }
  })
  for (const token of [
    'x', sign(refreshClaims()), sign(accessClaims(), undefined, 'another secret of thirty-two byte')
  ]) {
    t.match(await ask(token), {
      statusCode: 401,
      headers: { 'www-authenticate': 'Bearer realm="api", error="invalid_token"' }
    })
  }
  const pair = await login()
  t.equal((await ask(pair.access)).statusCode, 200)
  await post('/api/token/blacklist/', { refresh: pair.refresh })
  t.match((await ask(pair.access)).body, /Token is blacklisted/)
  const other = await login()
  clock.advance(301_000)
  t.match((await ask(other.access)).body, /Token is expired/)
})

t.test('requireClaims: reads claims that the host adds to a token', async t => {
  const { ask, login } = await behind(
    t, { role: 'admin' }, { claims: user => ({ role: user.id === 3 ? 'admin' : 'user' }) }
  )
  t.equal((await ask((await login('maria', '456')).access)).statusCode, 200)
  t.equal((await ask((await login()).access)).statusCode, 403)
})

t.test('requireClaims: permits only if its function returns true', async t => {
  const answers: unknown[] = [true, false, undefined, 1, 'true', Promise.resolve(true)]
  for (const answer of answers) {
    const { askWith } = await behind(t, () => answer as boolean)
    t.equal((await askWith({})).statusCode, answer === true ? 200 : 403, String(answer))
  }
  const seen: unknown[] = []
  const { askWith } = await behind(t, claims => {
    seen.push(claims.plan, Object.isFrozen(claims))
    return true
  })
  await askWith({ plan: 'pro' })
  t.strictSame(seen, ['pro', true])
  const faulty = await behind(t, () => { throw new Error('a fault of the host') })
  t.equal((await faulty.askWith({})).statusCode, 500)
})

t.test('requireClaims: sets request.user, and keeps the account of authenticateUser', async t => {
  const { app, askWith } = await behind(
    t, { role: 'admin' }, { findUser: async () => ({ id: 1, name: 'vitor', role: 'admin' }) }
  )
  app.get(
    '/user/',
    { onRequest: [app.authenticateUser, app.requireClaims({ role: 'admin' })] },
    async request => request.account
  )
  t.match((await askWith({ role: 'admin' })).json(), {
    role: 'admin',
    token_type: 'access',
    exp: START / 1000 + 300
  })
  const asUser = (claims: Record<string, unknown>) =>
    app.inject({
      url: '/user/',
      headers: { authorization: `Bearer ${sign(accessClaims(claims))}` }
    })
  t.strictSame((await asUser({ role: 'admin' })).json(), { id: 1, name: 'vitor', role: 'admin' })
  t.equal(
    (await asUser({})).statusCode, 403, 'the token counts, not the user record'
  )
})

t.test('requireClaims: waits for the store if revocation is "store"', async t => {
  const { ask, login, post } = await behind(
    t, { user_id: '1' }, { store: memoryStore(), revocation: 'store' }
  )
  const { access, refresh } = await login()
  t.equal((await ask(access)).statusCode, 200)
  t.equal((await ask((await login('maria', '456')).access)).statusCode, 403)
  await post('/api/token/blacklist/', { refresh })
  t.equal((await ask(access)).statusCode, 401)
})

t.test('requireClaims: throws its refusal when awaited', async t => {
  const { app } = await buildApp(t)
  const guard = app.requireClaims({ role: 'admin' })
  app.get('/awaited/', async (request: FastifyRequest, reply: FastifyReply) => {
    await guard(request, reply)
    return request.user
  })
  const ask = (role: string) =>
    app.inject({
      url: '/awaited/',
      headers: { authorization: `Bearer ${sign(accessClaims({ role }))}` }
    })
  t.match((await ask('admin')).json(), { role: 'admin' })
  t.equal((await ask('user')).body, DENIED)
})

t.test('requireClaims: is prefixed with the namespace', async t => {
  const { app } = await buildApp(t, { namespace: 'staff', prefix: '/staff/token' })
  const { staffRequireClaims } = app as unknown as { staffRequireClaims: typeof app.requireClaims }
  t.type(staffRequireClaims({ role: 'admin' }), 'function')
  t.notOk(app.hasDecorator('requireClaims'))
})

t.test('requireClaims: throws for an empty or bad requirement', async t => {
  const { app } = await buildApp(t)
  const useless: unknown[] = [
    {},
    undefined,
    null,
    'admin',
    [],
    ['admin'],
    { role: undefined },
    { role: null },
    { role: '' },
    { role: [] },
    { role: NaN },
    { role: { is: 'admin' } },
    { role: ['admin', undefined] },
    { scope: '' },
    { scope: ' read' },
    { scope: 'a"b' },
    { scope: 'a\\b' },
    { scope: 'a\r\nb' },
    { scope: 7 },
    { scp: 'é' }
  ]
  for (const required of useless) {
    t.throws(
      () => app.requireClaims(required as RequiredClaims),
      {
        name: 'TypeError',
        message:
          /^fastify-simplejwt: requireClaims\(\) (needs at least one claim\.|got a bad value for) /
      },
      JSON.stringify(required)
    )
  }
})
