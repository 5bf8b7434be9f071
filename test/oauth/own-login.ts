import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { knownGuards } from '../../plugin/guard/known-guards.ts'
import { createOwnLogin } from '../../plugin/oauth/own-login.ts'
import type { AccessClaims } from '../../plugin/tokens/claims.ts'
import { DAY, MINUTE } from '../fixtures/app.ts'
import {
  AUDIENCE, ISSUER, type TestServer, buildServer
} from '../fixtures/oauth/authorization-server.ts'
import { accessClaims, refreshClaims } from '../fixtures/tokens/jwt.ts'

const NO_CLIENT_INFO = { userAgent: null, address: null }

const requestWith = (access?: string) => ({
  headers: access === undefined ? {} : { authorization: `Bearer ${access}` },
  raw: { rawHeaders: [] },
  user: undefined
}) as unknown as FastifyRequest

/** Logs vitor in, with more claims if need be. Returns the session and an access token. */
async function logIn ({ server: { core } }: TestServer, claims: Record<string, unknown> = {}) {
  const session = await core.sessions.start('1', NO_CLIENT_INFO)
  const { sid } = session
  const payload = accessClaims({ iss: ISSUER, aud: AUDIENCE, sid, ...claims })
  return { session, access: core.keys.sign(payload) }
}

t.test('own login: required admits the login of a user', async t => {
  const test = await buildServer(t)
  const login = createOwnLogin(test.server.core)
  t.same(knownGuards([login.required]), [{ isOptional: false }])
  const { session, access } = await logIn(test)
  const request = requestWith(access)
  await login.required(request)
  t.match(login.claimsOf(request), { user_id: '1', sid: session.sid })
  t.equal(request.user, login.claimsOf(request))

  request.user = { ...request.user, user_id: '3' } as AccessClaims
  t.equal(login.claimsOf(request)?.user_id, '1', 'a hook of the host does not change the claims')
  await t.rejects(login.required(requestWith()), { statusCode: 401, code: 'not_authenticated' })
})

t.test('own login: optional admits a visitor, and refuses a bad token', async t => {
  const test = await buildServer(t)
  const login = createOwnLogin(test.server.core)
  t.same(knownGuards([login.optional]), [{ isOptional: true }])
  const visitor = requestWith()
  await login.optional(visitor)
  t.same([visitor.user, login.claimsOf(visitor)], [null, undefined])
  const request = requestWith((await logIn(test)).access)
  await login.optional(request)
  t.equal(login.claimsOf(request)?.user_id, '1')
  await t.rejects(login.optional(requestWith('bad')), { statusCode: 401, code: 'token_not_valid' })
})

t.test('own login: refuses the token of a client', async t => {
  const test = await buildServer(t)
  const login = createOwnLogin(test.server.core)
  const { access } = await logIn(test, { client_id: 'photo-printer', scope: 'photos:read' })
  for (const guard of [login.required, login.optional]) {
    const request = requestWith(access)
    await t.rejects(guard(request), { statusCode: 403, code: 'permission_denied' })
    t.equal(login.claimsOf(request), undefined)
  }
})

t.test('own login: finds the session, and refuses a revoked one', async t => {
  const test = await buildServer(t)
  const { server: { core }, clock } = test
  const login = createOwnLogin(core)
  const { session } = await logIn(test)
  const claims = { user_id: '1', sid: session.sid } as AccessClaims
  t.equal((await login.sessionOf(claims))?.createdAt, clock.time)
  await core.sessions.revoke(session.sid)
  await t.rejects(login.sessionOf(claims), {
    statusCode: 401, code: 'token_not_valid', body: { messages: [{}] }
  })
  clock.advance(100 * DAY)
  await core.sessions.sweep()
  t.equal(await login.sessionOf(claims), null, 'a session that the store has forgotten')
})

t.test('own login: knows no time of a login at another server', async t => {
  const { server: { core }, clock } = await buildServer(t)
  const login = createOwnLogin(core)
  t.equal(await login.sessionOf({ user_id: '1' } as AccessClaims), null, 'an access token')

  const adopted = refreshClaims() as { jti: string, user_id: string, exp: number }
  await core.sessions.adopt(adopted, NO_CLIENT_INFO)
  const claims = { user_id: '1', sid: adopted.jti } as AccessClaims
  t.equal(await login.sessionOf(claims), null, 'an adopted refresh token')
  clock.advance(MINUTE)
  await core.sessions.rotate(adopted)
  t.equal(await login.sessionOf(claims), null, 'its successor')
  await core.sessions.revoke(adopted.jti)
  await t.rejects(login.sessionOf(claims), { statusCode: 401, code: 'token_not_valid' })
})
