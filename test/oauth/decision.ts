import t from 'tap'
import { approve, deny } from '../../plugin/oauth/decision.ts'
import { MINUTE } from '../fixtures/app.ts'
import {
  AUDIENCE, ISSUER, type ServerSetup, type TestServer, authorizationOf, buildServer
} from '../fixtures/oauth/authorization-server.ts'
import { RFC_7636_PKCE } from '../fixtures/oauth/pkce.ts'
import { WEB_CALLBACK } from '../fixtures/oauth/server.ts'
import { decode } from '../fixtures/tokens/jwt.ts'

type Parts = Parameters<typeof authorizationOf>[1]
type Approval = Parameters<typeof approve>[2]

/** Vitor allows all, having logged in now. */
async function approveBy (
  test: TestServer, approval: Partial<Approval> = {}, parts: Parts = {}
): Promise<URL> {
  return new URL(await approve(test.server, await authorizationOf(test, parts), {
    user: { id: 1 }, authTime: test.clock.time, scopes: undefined, request: undefined, ...approval
  }))
}

const sessionsOf = ({ server }: TestServer, userId = '1') => server.core.sessions.list(userId)

const claimsOf = (answer: URL) =>
  decode(answer.searchParams.get('code') as string).payload

t.test('approve: starts a session of the client, whose first token is the code', async t => {
  const test = await buildServer(t)
  const answer = await approveBy(test)
  t.equal(answer.origin + answer.pathname, WEB_CALLBACK)
  t.same([...answer.searchParams.keys()], ['code', 'state', 'iss'])
  t.equal(answer.searchParams.get('state'), 'a-state-of-the-app')
  t.equal(answer.searchParams.get('iss'), ISSUER)

  const [session, ...others] = await sessionsOf(test)
  t.same(others, [])
  t.match(session, {
    clientId: 'photo-printer',
    scope: 'photos:read',
    previousJti: null,
    expiresAt: test.clock.time + MINUTE,
    endsAt: test.clock.time + 90 * 24 * 60 * MINUTE
  })
  t.match(claimsOf(answer), {
    token_type: 'code',
    client_id: 'photo-printer',
    sid: session?.sid,
    jti: session?.jti,
    exp: (test.clock.time + MINUTE) / 1000,
    scope: 'photos:read',
    resource: AUDIENCE,
    redirect_uri: WEB_CALLBACK,
    code_challenge: RFC_7636_PKCE.challenge,
    auth_time: test.clock.time / 1000
  })
  t.notOk('user_id' in claimsOf(answer), 'the code names no user')
  t.same(test.events, [
    { type: 'authorized', userId: '1', sid: session?.sid, clientId: 'photo-printer' }
  ])
})

t.test('approve: lifetimes are those of the options', async t => {
  const test = await buildServer(t, { oauth: { codeLifetime: '5s', grantLifetime: '1h' } })
  await approveBy(test)
  t.match(await sessionsOf(test), [
    { expiresAt: test.clock.time + 5000, endsAt: test.clock.time + 60 * MINUTE }
  ])
})

t.test('approve: the user may only take scopes away', async t => {
  const test = await buildServer(t)
  const asked = { scopes: ['photos:write', 'photos:read'] }
  for (const [scopes, granted] of [
    [undefined, 'photos:write photos:read'],
    [['photos:read', 'photos:write'], 'photos:write photos:read'],
    [['photos:read', 'photos:read'], 'photos:read']
  ] as const) {
    const answer = await approveBy(test, { scopes }, asked)
    t.equal(claimsOf(answer).scope, granted, JSON.stringify(scopes))
    t.equal((await sessionsOf(test)).at(-1)?.scope, granted)
  }

  const before = (await sessionsOf(test)).length
  for (const scopes of [
    [], ['reports:write'], ['photos:read', 'reports:write'], [''], ['photos'],
    ['photos:read photos:write']
  ]) {
    await t.rejects(approveBy(test, { scopes }, asked), {
      statusCode: 400, code: 'invalid', body: { scopes: [/./] }
    }, JSON.stringify(scopes))
  }
  t.equal((await sessionsOf(test)).length, before, 'a refusal starts no session')
})

t.test('approve: refuses a login that is older than the client accepts', async t => {
  const test = await buildServer(t)
  const old = { authTime: test.clock.time - 2 * MINUTE }
  for (const parts of [{ prompt: 'login' }, { maxAge: 60 }, { maxAge: 0 }]) {
    await t.rejects(approveBy(test, old, parts),
      { statusCode: 403, code: 'login_required' }, JSON.stringify(parts))
    const askedAt = test.clock.time - 3 * MINUTE
    await t.resolves(approveBy(test, old, { ...parts, askedAt }), 'a login since the request')
  }
  t.equal((await sessionsOf(test)).length, 3)
  const answer = await approveBy(test, old)
  t.equal(claimsOf(answer).auth_time, old.authTime / 1000)
})

const REFUSED_USERS: [name: string, setup: ServerSetup, user: Approval['user']][] = [
  ['unknown to findUser', { core: { findUser: () => null } }, { id: 1 }],
  ['inactive', { core: { findUser: () => ({ id: 1, isActive: false }) } }, { id: 1 }],
  ['inactive in Django', { core: { findUser: () => ({ id: 1, is_active: false }) } }, { id: 1 }],
  ['given as inactive', {}, { id: 1, isActive: false }],
  ['given as inactive, by an old row',
    { core: { findUser: () => ({ id: 1 }) } }, { id: 1, isActive: false }]
]

t.test('approve: refuses a user who is gone or inactive', async t => {
  for (const [name, setup, user] of REFUSED_USERS) {
    const test = await buildServer(t, setup)
    await t.rejects(approveBy(test, { user }),
      { statusCode: 401, code: 'no_active_account' }, name)
    t.same([await sessionsOf(test), test.events], [[], []], 'a refusal starts no session')
  }
})

t.test('approve: asks findUser for the id as a string', async t => {
  const asked: unknown[] = []
  const test = await buildServer(t, {
    core: {
      findUser: (...given) => {
        asked.push(given)
        return { id: 7 }
      }
    }
  })
  await approveBy(test, { user: { id: 7n } })
  t.same(asked, [['7', undefined]])
  t.equal((await sessionsOf(test, '7')).length, 1)
})

t.test('approve: a fault of the host starts no session', async t => {
  const test = await buildServer(t, {
    core: { findUser: () => { throw new Error('no database') } }
  })
  await t.rejects(approveBy(test), { message: 'no database' })
  const bad = await buildServer(t)
  await t.rejects(approveBy(bad, { user: { id: '' } }), TypeError)
  t.same([await sessionsOf(test), test.events], [[], []])
})

t.test('approve: a login that is revoked meanwhile gets no code', async t => {
  const test = await buildServer(t)
  let sessionsThen = 0
  const confirm = async (): Promise<never> => {
    sessionsThen = (await sessionsOf(test)).length
    throw new Error('revoked')
  }
  await t.rejects(approveBy(test, { confirm }), { message: 'revoked' })
  t.equal(sessionsThen, 1, 'a revocation from now on sees the session of the client')
  t.same(test.events, [])
})

t.test('approve: two decisions start two sessions', async t => {
  const test = await buildServer(t)
  const [first, second] = [await approveBy(test), await approveBy(test)]
  t.not(claimsOf(first).sid, claimsOf(second).sid)
  t.equal((await sessionsOf(test)).length, 2)
})

t.test('approve: leaves out the state that the client has not sent', async t => {
  const answer = await approveBy(await buildServer(t), {}, { state: undefined })
  t.same([...answer.searchParams.keys()], ['code', 'iss'])
})

t.test('deny: tells the client, and stores nothing', async t => {
  const test = await buildServer(t)
  const answer = new URL(deny(test.server, await authorizationOf(test), '1', undefined))
  t.equal(answer.origin + answer.pathname, WEB_CALLBACK)
  t.same(Object.fromEntries(answer.searchParams), {
    error: 'access_denied',
    error_description: 'The user denied the request.',
    state: 'a-state-of-the-app',
    iss: ISSUER
  })
  t.same(await sessionsOf(test), [])
  t.same(test.events, [
    { type: 'authorization_denied', clientId: 'photo-printer', userId: '1' }
  ])
})

t.test('deny: an event of a host that does not name its user has none', async t => {
  const test = await buildServer(t)
  deny(test.server, await authorizationOf(test), undefined, undefined)
  t.same(test.events, [{ type: 'authorization_denied', clientId: 'photo-printer' }])
})
