import t from 'tap'
import type { SimpleJwtOptions } from '../../plugin/index.ts'
import { type TestApp, buildApp } from '../fixtures/app.ts'
import { accessClaims, refreshClaims, sign } from '../fixtures/tokens/jwt.ts'

const DENIED =
  '{"detail":"You do not have permission to perform this action.","code":"permission_denied"}'
const NO_SCOPE = 'Bearer realm="api", error="insufficient_scope"'

type Test = Parameters<typeof buildApp>[0]

/** An app with a route behind scopes. */
async function behind (t: Test, scopes: string[], options: Partial<SimpleJwtOptions> = {}) {
  const test = await buildApp(t, options)
  test.app.get('/photos/', { onRequest: test.app.requireScope(...scopes) }, async request => ({
    user: request.user, isFrozen: Object.isFrozen(request.user)
  }))
  const ask = (token: string) =>
    test.app.inject({ url: '/photos/', headers: { authorization: `Bearer ${token}` } })
  const askAs = (claims: Record<string, unknown>) => ask(sign(accessClaims(claims)))
  return { ...test, ask, askAs }
}

const CASES: [scopes: string[], granted: unknown, isOpen: boolean][] = [
  [['photos:read'], 'photos:read', true],
  [['photos:read'], 'photos:write photos:read', true],
  [['photos:read'], 'photos:reader', false],
  [['photos:read'], 'PHOTOS:READ', false],
  [['photos:read'], '', false],
  [['photos:read'], undefined, false],
  [['photos:read'], null, false],
  [['photos:read'], ['photos:read'], false],
  [['photos:read'], 'x\tphotos:read', false],
  [['photos:read', 'photos:write'], 'photos:write x photos:read', true],
  [['photos:read', 'photos:write'], 'photos:read', false],
  [['photos:read', 'photos:write'], 'photos:write', false]
]

for (const [scopes, scope, isOpen] of CASES) {
  const status = isOpen ? 200 : 403
  t.test(`requireScope: ${status} for ${JSON.stringify({ scopes, scope })}`, async t => {
    const { askAs } = await behind(t, scopes)
    for (const seen of ['first', 'again', 'known']) {
      const reply = await askAs({ client_id: 'photo-printer', scope })
      t.equal(reply.statusCode, status, seen)
      if (isOpen) {
        const user = { user_id: '1', client_id: 'photo-printer' }
        t.match(reply.json(), { user, isFrozen: true })
      } else {
        t.strictSame(
          [reply.body, reply.headers['www-authenticate']],
          [DENIED, `${NO_SCOPE}, scope="${scopes.join(' ')}"`]
        )
      }
    }
  })
}

t.test('requireScope: the sessions of the user pass with any scope', async t => {
  const { ask, askAs, login } = await behind(t, ['photos:read', 'photos:write'])
  t.match((await ask((await login()).access)).json(), { user: { user_id: '1' } })
  for (const scope of [undefined, '', 'x', 'photos:read']) {
    for (const seen of ['first', 'again', 'known']) {
      t.equal((await askAs({ scope })).statusCode, 200, `${scope} ${seen}`)
    }
  }
})

t.test('requireScope: answers 401 for a missing, bad, expired or revoked token', async t => {
  const asClient = async ({ login }: TestApp): Promise<string> => {
    const [, payload] = (await login()).access.split('.')
    const claims = JSON.parse(Buffer.from(payload as string, 'base64url').toString())
    return sign({ ...claims, client_id: 'photo-printer', scope: 'photos:read' })
  }
  for (const revocation of ['list', 'store'] as const) {
    const test = await behind(t, ['photos:read'], { revocation })
    const { app, ask, askAs, clock } = test
    t.match(await app.inject('/photos/'), {
      statusCode: 401, headers: { 'www-authenticate': 'Bearer realm="api"' }
    })
    for (const token of ['x', sign(refreshClaims({ client_id: 'x', scope: 'photos:read' }))]) {
      t.equal((await ask(token)).statusCode, 401)
    }
    t.match(
      (await askAs({ token_type: 'grant', client_id: 'x', scope: 'photos:read' })).body,
      /Token has wrong type/
    )
    const revoked = await asClient(test)
    t.equal((await ask(revoked)).statusCode, 200)
    await app.tokens.revokeUser(1)
    t.match((await ask(revoked)).body, /Token is blacklisted/)
    const expired = await asClient(test)
    t.equal((await ask(expired)).statusCode, 200)
    clock.advance(301_000)
    t.match((await ask(expired)).body, /Token is expired/)
  }
})

t.test('requireScope: throws its refusal when awaited', async t => {
  const { app } = await buildApp(t)
  const guard = app.requireScope('photos:read')
  app.get('/awaited/', async (request, reply) => {
    await guard(request, reply)
    return request.user
  })
  const ask = (scope: string) => app.inject({
    url: '/awaited/',
    headers: { authorization: `Bearer ${sign(accessClaims({ client_id: 'printer', scope }))}` }
  })
  t.match((await ask('photos:read')).json(), { client_id: 'printer' })
  t.equal((await ask('photos:write')).body, DENIED)
})

t.test('requireScope: is prefixed with the namespace', async t => {
  const { app } = await buildApp(t, { namespace: 'staff', prefix: '/staff/token' })
  const { staffRequireScope } = app as unknown as { staffRequireScope: typeof app.requireScope }
  t.type(staffRequireScope('photos:read'), 'function')
  t.notOk(app.hasDecorator('requireScope'))
})
