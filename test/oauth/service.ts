import type { FastifyRequest } from 'fastify'
import t from 'tap'
import type { OAuthService } from '../../plugin/oauth/index.ts'
import { memoryStore } from '../../plugin/stores/memory.ts'
import { MINUTE } from '../fixtures/app.ts'
import { ISSUER } from '../fixtures/oauth/authorization-server.ts'
import { codeOf, openConsentPage } from '../fixtures/oauth/consent-page.ts'
import { decode } from '../fixtures/tokens/jwt.ts'

const codeIn = (url: string): string => new URL(url).searchParams.get('code') as string

/** A page of a host with another login: here a header says who is logged in. */
function decideByForm (request: FastifyRequest, oauth: OAuthService): Promise<string> {
  const { text, allow, since } = request.body as { text: string, allow: boolean, since: number }
  const user = { id: Number(request.headers['x-session']), isActive: true }
  return allow ? oauth.approve(text, user, { authTime: since, request }) : oauth.deny(text)
}

t.test('oauth: a host with another login reads, approves and denies', async t => {
  const { app, ask, exchange, clock, events } = await openConsentPage(t)
  app.get('/connect', async ({ query }) =>
    app.oauth.read((query as { authorization: string }).authorization))
  app.post('/connect', async request => ({ url: await decideByForm(request, app.oauth) }))
  const authorization = await ask()
  t.match((await app.inject({ url: '/connect', query: { authorization } })).json(),
    { client: { name: 'Photo Printer' }, redirectHost: 'print.example' })

  const post = async (allow: boolean): Promise<string> => (await app.inject({
    method: 'POST',
    url: '/connect',
    headers: { 'x-session': '1', 'user-agent': 'Firefox' },
    payload: { text: authorization, allow, since: clock.time - MINUTE }
  })).json().url
  const denied = new URL(await post(false))
  t.equal(denied.searchParams.get('error'), 'access_denied')
  t.equal(denied.searchParams.get('iss'), ISSUER)
  const code = codeIn(await post(true))
  t.equal(decode(code).payload.auth_time, (clock.time - MINUTE) / 1000)
  t.equal((await exchange(code)).statusCode, 200)
  t.match(await app.tokens.sessions(1),
    [{ clientId: 'photo-printer', userAgent: 'Firefox', address: '127.0.0.1' }])
  t.match(events.map(({ type, clientId, userId }) => [type, clientId, userId]), [
    ['authorization_denied', 'photo-printer', undefined],
    ['authorized', 'photo-printer', '1'],
    ['code_exchanged', 'photo-printer', '1']
  ])
})

t.test('oauth: approve takes the scopes that the user allows, and needs no request', async t => {
  const { app, ask, clock } = await openConsentPage(t)
  const text = await ask({ scope: 'photos:read photos:write' })
  const url = await app.oauth.approve(
    text, { id: 1n }, { authTime: clock.time, scopes: ['photos:write'] })
  t.equal(decode(codeIn(url)).payload.scope, 'photos:write')
  t.match(await app.tokens.sessions(1), [{ userAgent: null, address: null }])
})

t.test('oauth: approve refuses an inactive user and an old login', async t => {
  const { app, ask, clock } = await openConsentPage(t)
  const authTime = clock.time - 2 * MINUTE
  await t.rejects(app.oauth.approve(await ask(), { id: 1, isActive: false }, { authTime }),
    { statusCode: 401, code: 'no_active_account' })
  await t.rejects(app.oauth.approve(await ask({ max_age: '60' }), { id: 1 }, { authTime }),
    { statusCode: 403, code: 'login_required' })
  t.same(await app.tokens.sessions(1), [])
})

t.test('oauth: approve refuses a time of the login that is none', async t => {
  const { app, ask, clock } = await openConsentPage(t)
  const text = await ask({ max_age: '60' })
  for (const authTime of [
    undefined, null, NaN, Infinity, -Infinity, new Date(), '0', clock.time + MINUTE + 1
  ]) {
    await t.rejects(app.oauth.approve(text, { id: 1 }, { authTime: authTime as number }),
      { name: 'TypeError', message: /"authTime", the time of the login in milliseconds/ },
      String(authTime))
  }
  t.same(await app.tokens.sessions(1), [])
  await t.resolves(app.oauth.approve(text, { id: 1 }, { authTime: clock.time + MINUTE }),
    'the clock of another process')
})

t.test('oauth: each method refuses a text that is no authorization request', async t => {
  const { app, ask, clock, login } = await openConsentPage(t)
  const expired = await ask()
  clock.advance(10 * MINUTE)
  const { access, refresh } = await login()
  const code = codeIn(await app.oauth.approve(await ask(), { id: 1 }, { authTime: clock.time }))
  for (const text of [expired, '', 'x.y.z', access, refresh, code, undefined, 1, {}]) {
    const calls: (() => Promise<unknown>)[] = [
      () => app.oauth.read(text as string),
      () => app.oauth.approve(text as string, { id: 1 }, { authTime: clock.time }),
      () => app.oauth.deny(text as string)
    ]
    for (const call of calls) {
      await t.rejects(call, { statusCode: 400, code: 'authorization_not_valid' }, String(text))
    }
  }
})

t.test('oauth: disconnect revokes the live sessions of one app and user', async t => {
  const { app, connect, ask, decide, exchange, login, events } = await openConsentPage(t)
  app.get('/photos/', { onRequest: app.requireScope('photos:read') }, async () => 'photos')
  const photos = async (access: string): Promise<number> =>
    (await app.inject({ url: '/photos/', headers: { authorization: `Bearer ${access}` } })).statusCode
  const vitor = (await login()).access
  const maria = (await login('maria', '456')).access
  const apps = [await connect(vitor), await connect(vitor)]
  const waiting = codeOf(await decide(await ask(), vitor))
  const gallery = await decide(await ask({
    client_id: 'gallery', redirect_uri: 'https://gallery.example/callback'
  }), vitor)
  const ofMaria = await connect(maria)
  for (const access of [...apps, ofMaria]) t.equal(await photos(access), 200)
  events.length = 0

  t.equal(await app.oauth.disconnect(1, 'photo-printer'), 3)
  for (const access of apps) t.equal(await photos(access), 401)
  t.match((await exchange(waiting)).json(), { error: 'invalid_grant' }, 'a code')
  t.equal(await photos(vitor), 200, 'the login of the user')
  t.equal(await photos(ofMaria), 200, 'another user')
  t.same((await app.tokens.sessions(1)).map(({ clientId }) => clientId), [null, 'gallery'])
  t.equal(gallery.statusCode, 200)
  t.match(events, Array.from({ length: 3 }, () =>
    ({ type: 'revoked', userId: '1', clientId: 'photo-printer' })))
  t.equal(await app.oauth.disconnect('1', 'photo-printer'), 0)
  t.equal(await app.oauth.disconnect(1n, 'unknown'), 0)
  await t.rejects(app.oauth.disconnect(undefined as never, 'photo-printer'), TypeError)
})

t.test('oauth: disconnect counts only what it has revoked itself', async t => {
  const store = memoryStore()
  const { app, connect, login } = await openConsentPage(t, { core: { store } })
  const { access } = await login()
  await connect(access)
  const { revoke } = store
  store.revoke = async (sid, now, deadline) => {
    await revoke(sid, now, deadline)
    return revoke(sid, now, deadline)
  }
  t.equal(await app.oauth.disconnect(1, 'photo-printer'), 0, 'another process was faster')
})

t.test('oauth: disconnect throws a 503 if the store is away', async t => {
  const store = memoryStore()
  const { app } = await openConsentPage(t, { core: { store } })
  store.list = async () => { throw new Error('no store') }
  await t.rejects(app.oauth.disconnect(1, 'photo-printer'),
    { statusCode: 503, code: 'store_unavailable' })
})
