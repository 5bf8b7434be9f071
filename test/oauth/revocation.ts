import t from 'tap'
import type { LightMyRequestResponse } from 'fastify'
import type { Session } from '../../plugin/stores/session.ts'
import { memoryStore } from '../../plugin/stores/memory.ts'
import { MINUTE, SECOND } from '../fixtures/app.ts'
import { type TokenApp, VERIFIER, buildTokenApp } from '../fixtures/oauth/token-app.ts'
import { photosStatus, postRevoke } from '../fixtures/oauth/token-management.ts'
import { decode } from '../fixtures/tokens/jwt.ts'

/** The answer to a token that is good no more, whatever it was. */
const isDone = (reply: LightMyRequestResponse): boolean =>
  reply.statusCode === 200 && reply.body === '{}'

/** The events of revocations. */
const endings = ({ events }: TokenApp) =>
  events.filter(({ type }) => type === 'revoked' || type === 'reuse_detected')

t.test('revocation: the refresh token of an app revokes its session', async t => {
  const built = await buildTokenApp(t)
  const { app } = built
  const kept = await built.tokens()
  const { access_token: access, refresh_token: refresh } = await built.tokens()
  const { sid } = decode(refresh).payload
  t.ok(isDone(await postRevoke(app, { token: refresh })))
  t.equal(await photosStatus(app, access), 401)
  t.equal((await built.refresh(refresh)).json().error, 'invalid_grant')
  t.strictSame(endings(built), [{
    type: 'revoked', userId: '1', sid, clientId: 'photo-printer', address: '127.0.0.1'
  }])
  t.ok(isDone(await postRevoke(app, { token: refresh })), 'again')
  t.equal(endings(built).length, 1, 'no second event')
  t.equal(await photosStatus(app, kept.access_token), 200, 'another session goes on')
})

t.test('revocation: the access token of an app revokes its session', async t => {
  const built = await buildTokenApp(t)
  const { app } = built
  const { access_token: access, refresh_token: refresh } = await built.tokens()
  const { sid } = decode(access).payload
  t.ok(isDone(await postRevoke(app, { token: access })))
  t.equal(await photosStatus(app, access), 401)
  t.equal((await built.refresh(refresh)).json().error, 'invalid_grant')
  t.strictSame(endings(built), [{
    type: 'revoked', userId: '1', sid, clientId: 'photo-printer', address: '127.0.0.1'
  }])
  t.ok(isDone(await postRevoke(app, { token: access })), 'again')
  t.equal(endings(built).length, 1, 'no second event')
})

t.test('revocation: an access token of an earlier refresh revokes the session too', async t => {
  const built = await buildTokenApp(t)
  const { access_token: access, refresh_token: first } = await built.tokens()
  const { refresh_token: next } = (await built.refresh(first)).json()
  t.ok(isDone(await postRevoke(built.app, { token: access })))
  t.equal((await built.refresh(next)).json().error, 'invalid_grant')
  t.match(endings(built), [{ type: 'revoked' }])
})

t.test('revocation: a spent refresh token revokes the session, and is reported', async t => {
  const built = await buildTokenApp(t)
  const { app, clock } = built
  const { refresh_token: first } = await built.tokens()
  const { access_token: access, refresh_token: next } = (await built.refresh(first)).json()
  clock.advance(10 * SECOND)
  t.ok(isDone(await postRevoke(app, { token: first })))
  t.equal(await photosStatus(app, access), 401)
  t.equal((await built.refresh(next)).json().error, 'invalid_grant')
  t.match(endings(built), [{
    type: 'reuse_detected', userId: '1', clientId: 'photo-printer', address: '127.0.0.1'
  }])
})

t.test('revocation: a refresh token that was just spent is no reuse', async t => {
  for (const rotateRefreshTokens of [true, false]) {
    const built = await buildTokenApp(t, { rotateRefreshTokens })
    const { refresh_token: first } = await built.tokens()
    const { access_token: access } = (await built.refresh(first)).json()
    t.ok(isDone(await postRevoke(built.app, { token: first })))
    t.equal(await photosStatus(built.app, access), 401)
    t.match(endings(built), [{ type: 'revoked' }], `rotateRefreshTokens: ${rotateRefreshTokens}`)
  }
})

t.test('revocation: a public client needs only its id', async t => {
  const built = await buildTokenApp(t)
  const { app } = built
  const terminal = { client_id: 'terminal', redirect_uri: 'http://127.0.0.1:5/callback' }
  const code = await built.obtainCode(terminal)
  const form = { grant_type: 'authorization_code', code, code_verifier: VERIFIER }
  const { access_token: access } = (await built.token({ ...form, ...terminal }, null)).json()
  t.equal(await photosStatus(app, access), 200)
  t.ok(isDone(await postRevoke(app, { token: access, client_id: 'terminal' }, null)))
  t.equal(await photosStatus(app, access), 401)
})

t.test('revocation: of several at once one revokes, and one event says so', async t => {
  for (const kind of ['access_token', 'refresh_token'] as const) {
    const built = await buildTokenApp(t)
    const { [kind]: token } = await built.tokens()
    const replies = await Promise.all(
      Array.from({ length: 10 }, () => postRevoke(built.app, { token })))
    t.ok(replies.every(isDone))
    t.match(endings(built), [{ type: 'revoked', clientId: 'photo-printer' }])
    t.equal(endings(built).length, 1)
  }
})

t.test('revocation: a refresh at the same time leaves no good token', async t => {
  const built = await buildTokenApp(t)
  for (let round = 0; round < 5; round++) {
    const { refresh_token: token } = await built.tokens()
    const [revoked, refreshed] = await Promise.all([
      postRevoke(built.app, { token }), built.refresh(token)
    ])
    t.ok(isDone(revoked))
    if (refreshed.statusCode !== 200) continue
    const { access_token: access, refresh_token: next } = refreshed.json()
    t.equal(await photosStatus(built.app, access), 401)
    t.equal((await built.refresh(next)).json().error, 'invalid_grant')
  }
})

t.test('revocation: events name the client on an old store', async t => {
  const store = memoryStore()
  const built = await buildTokenApp(t, {
    store: {
      ...store,
      find: async sid => {
        const { clientId, scope, ...old } = await store.find(sid) as Session
        return old as Session
      }
    }
  })
  const { refresh_token: first } = await built.tokens()
  const { access_token: second } = await built.tokens()
  await postRevoke(built.app, { token: first })
  await postRevoke(built.app, { token: second })
  t.match(endings(built), [{ clientId: 'photo-printer' }, { clientId: 'photo-printer' }])
})

t.test('revocation: good tokens count by session, before the store is read', async t => {
  const store = memoryStore()
  let reads = 0
  const built = await buildTokenApp(t, {
    rateLimit: { refreshPerSession: 2 },
    store: { ...store, find: sid => { reads++; return store.find(sid) } }
  })
  const { app, clock, events } = built
  const { access_token: access, refresh_token: refresh } = await built.tokens()
  const other = await built.tokens()
  await built.refresh(refresh)
  await built.refresh(refresh)
  reads = 0
  for (const token of [access, refresh]) {
    const limited = await postRevoke(app, { token })
    t.equal(limited.statusCode, 429)
    t.equal(limited.json().error, 'temporarily_unavailable')
    t.match(events.at(-1), { type: 'throttled', what: 'refreshPerSession', userId: '1' })
  }
  t.equal(reads, 0)
  t.same(endings(built), [])
  t.ok(isDone(await postRevoke(app, { token: other.access_token })), 'another session is not')
  clock.advance(MINUTE)
  t.ok(isDone(await postRevoke(app, { token: access })))
  t.equal(endings(built).length, 2)
})
