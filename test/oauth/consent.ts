import t from 'tap'
import { isLoginRecent, mustAsk } from '../../plugin/oauth/consent.ts'
import { DAY, MINUTE, SECOND } from '../fixtures/app.ts'
import {
  AUDIENCE, type TestServer, authorizationOf, buildServer
} from '../fixtures/oauth/authorization-server.ts'
import { LOOPBACK_CALLBACK } from '../fixtures/oauth/server.ts'

const NO_CLIENT_INFO = { userAgent: null, address: null }

/** Starts the session of a client, which exchanges its code. Default: of vitor, for his photos. */
async function grant (
  { server: { core } }: TestServer, clientId: string, scope = 'photos:read', userId = '1'
) {
  const session = await core.sessions.start(userId, NO_CLIENT_INFO, { grant: { clientId, scope } })
  await core.sessions.rotate(session)
  return session
}

type Parts = Parameters<typeof authorizationOf>[1]

async function asks (test: TestServer, parts: Parts = {}): Promise<boolean> {
  return mustAsk(test.server, await authorizationOf(test, parts), '1')
}

const BOTH = ['photos:read', 'photos:write']

const ROWS: [client: string, parts: Parts, granted: string | undefined, expected: boolean][] = [
  ['photo-printer', {}, undefined, true],
  ['photo-printer', {}, 'photos:read', false],
  ['photo-printer', {}, 'photos:read photos:write', false],
  ['photo-printer', {}, 'photos:write', true],
  ['photo-printer', {}, 'photos:read-all', true],
  ['photo-printer', { scopes: BOTH }, 'photos:read', true],
  ['photo-printer', { scopes: BOTH }, 'photos:write photos:read', false],
  ['photo-printer', { prompt: 'consent' }, 'photos:read', true],
  ['photo-printer', { prompt: 'login consent' }, 'photos:read', true],
  ['photo-printer', { prompt: 'login' }, 'photos:read', false],
  ['photo-printer', { redirectUri: LOOPBACK_CALLBACK }, 'photos:read', false],
  ['gallery', {}, 'photos:read', false],
  ['terminal', {}, 'photos:read', true],
  ['phone', {}, 'photos:read', true],
  ['intranet', {}, undefined, false],
  ['intranet', { prompt: 'consent' }, undefined, true]
]

t.test('consent: asks unless a live session of the client has the scopes', async t => {
  for (const [client, parts, granted, expected] of ROWS) {
    const test = await buildServer(t)
    if (granted !== undefined) await grant(test, client, granted)
    t.equal(await asks(test, { client, ...parts }), expected,
      `${client} ${JSON.stringify(parts)}, ${granted ?? 'no session'}`)
  }
})

t.test('consent: two sessions with a scope each do not add up', async t => {
  const test = await buildServer(t)
  await grant(test, 'photo-printer', 'photos:read')
  await grant(test, 'photo-printer', 'photos:write')
  t.equal(await asks(test, { scopes: BOTH }), true)
})

t.test('consent: counts no other client or user, and no session without scopes', async t => {
  const test = await buildServer(t)
  await grant(test, 'gallery')
  await grant(test, 'photo-printer', 'photos:read', '3')
  await test.server.core.sessions.start('1', NO_CLIENT_INFO)
  await grant(test, 'photo-printer', null as never)
  t.equal(await asks(test), true)
})

t.test('consent: ends with the session of the client', async t => {
  const test = await buildServer(t)
  const revoked = await grant(test, 'photo-printer')
  t.equal(await asks(test), false)
  await test.server.core.sessions.revoke(revoked.sid)
  t.equal(await asks(test), true, 'revoked')
  await grant(test, 'photo-printer')
  t.equal(await asks(test), false)
  test.clock.advance(100 * DAY)
  t.equal(await asks(test), true, 'expired')
})

t.test('consent: a code counts once it is exchanged', async t => {
  const test = await buildServer(t)
  const { sessions } = test.server.core
  const session = await sessions.start('1', NO_CLIENT_INFO, {
    grant: { clientId: 'photo-printer', scope: 'photos:read' }, refreshLifetime: MINUTE
  })
  t.equal(await asks(test), true)
  await sessions.rotate(session)
  t.equal(await asks(test), false)
})

t.test('consent: always asks where a scope may mean another resource', async t => {
  const test = await buildServer(t, { oauth: { resources: ['https://mcp.example/'] } })
  await grant(test, 'photo-printer')
  t.equal(await asks(test, { resource: AUDIENCE }), true)
  t.equal(await asks(test, { client: 'intranet' }), false, 'a trusted client')
})

/** The ages are those of the login and of the request, in milliseconds. */
const LOGINS: [prompt: string | undefined, maxAge: number | undefined, login: number,
  request: number, expected: boolean][] = [
  [undefined, undefined, 365 * DAY, 0, true],
  ['consent', undefined, 365 * DAY, 0, true],
  ['login', undefined, 1, 0, false],
  ['login', undefined, 0, 0, true],
  ['login', undefined, 9 * MINUTE, 10 * MINUTE, true],
  ['consent login', undefined, MINUTE, 0, false],
  ['login', 3600, MINUTE, 0, false],
  [undefined, 60, MINUTE, 0, true],
  [undefined, 60, MINUTE + 1, 0, false],
  [undefined, 60, 9 * MINUTE, 10 * MINUTE, true],
  [undefined, 0, SECOND, 0, false],
  [undefined, 0, 0, 0, true],
  [undefined, 0, MINUTE, 2 * MINUTE, true]
]

t.test('login: a request accepts one that is recent, or later than the request', async t => {
  const test = await buildServer(t)
  const { server, clock } = test
  for (const [prompt, maxAge, login, request, expected] of LOGINS) {
    const authorization = await authorizationOf(
      test, { prompt, maxAge, askedAt: clock.time - request })
    t.equal(isLoginRecent(server, authorization, clock.time - login), expected,
      JSON.stringify({ prompt, maxAge, login, request }))
  }
})
