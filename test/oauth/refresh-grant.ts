import t from 'tap'
import { memoryStore } from '../../plugin/stores/memory.ts'
import { DAY, MINUTE, SECOND } from '../fixtures/app.ts'
import { SECRET_OF_PRINTER } from '../fixtures/oauth/server.ts'
import { API, ISSUER, type TokenApp, buildTokenApp } from '../fixtures/oauth/token-app.ts'
import { basic } from '../fixtures/oauth/token-request.ts'
import { decode } from '../fixtures/tokens/jwt.ts'
import { createPair, signAs } from '../fixtures/tokens/keys.ts'

const SCOPE = 'photos:read photos:write'

const invalidGrant = (description: string) =>
  ({ error: 'invalid_grant', error_description: description })
const INVALID = invalidGrant('The refresh_token is invalid or expired.')
const WITHDRAWN = invalidGrant('The refresh_token is expired, or its access was withdrawn.')
const SPENT = invalidGrant('The refresh_token was used before. Its session is revoked.')

const photos = ({ app }: TokenApp, access: string) =>
  app.inject({ url: '/photos/', headers: { authorization: `Bearer ${access}` } })

t.test('refresh grant: rotates the token, whatever rotateRefreshTokens says', async t => {
  for (const rotateRefreshTokens of [true, false]) {
    const built = await buildTokenApp(t, { rotateRefreshTokens })
    const { refresh_token: first } = await built.tokens()
    built.events.length = 0
    const { refresh_token: next, ...rest } = (await built.refresh(first)).json()
    t.match(rest, { token_type: 'Bearer', expires_in: 300, scope: 'photos:read' })
    t.equal((await photos(built, rest.access_token)).statusCode, 200)
    const { jti, ...claims } = decode(next).payload
    const { jti: before, ...same } = decode(first).payload
    t.not(jti, before)
    t.strictSame(claims, same)
    const { sid } = claims
    const subject = { userId: '1', sid, clientId: 'photo-printer', address: '127.0.0.1' }
    t.strictSame(built.events, [{ type: 'refreshed', ...subject }])
    built.clock.advance(10 * SECOND)
    t.strictSame((await built.refresh(first)).json(), SPENT)
    t.strictSame(built.events.at(-1), { type: 'reuse_detected', ...subject })
    t.equal((await photos(built, rest.access_token)).statusCode, 401)
    t.strictSame((await built.refresh(next)).json(), WITHDRAWN)
  }
})

t.test('refresh grant: three at once get one successor', async t => {
  const built = await buildTokenApp(t)
  const { refresh_token: first } = await built.tokens()
  const replies = await Promise.all([1, 2, 3].map(() => built.refresh(first)))
  t.same(replies.map(({ statusCode }) => statusCode), [200, 200, 200])
  const successors = replies.map(reply => decode(reply.json().refresh_token).payload.jti)
  t.equal(new Set(successors).size, 1)
  t.equal(built.count('refreshed'), 1)
  t.equal(built.count('replayed'), 2)
  t.equal((await built.refresh(replies[2]?.json().refresh_token)).statusCode, 200)
})

t.test('refresh grant: the reuse interval is that of the first plugin', async t => {
  for (const [reuseInterval, after, status] of [
    [10, 9.9, 200], [10, 10, 400], [0, 0, 400], [30, 29, 200]
  ] as const) {
    const { tokens, refresh, clock } = await buildTokenApp(t, { reuseInterval })
    const { refresh_token: first } = await tokens()
    await refresh(first)
    clock.advance(after * SECOND)
    t.equal((await refresh(first)).statusCode, status, `${after} of ${reuseInterval} s`)
  }
})

t.test('refresh grant: another user agent gets no replay', async t => {
  const { tokens, refresh, token } = await buildTokenApp(t)
  const { refresh_token: first } = await tokens()
  const next = (await refresh(first)).json()
  const form = { grant_type: 'refresh_token', refresh_token: first }
  const thief = await token(form, undefined, { headers: { 'user-agent': 'thief' } })
  t.strictSame(thief.json(), SPENT)
  t.strictSame((await refresh(next.refresh_token)).json(), WITHDRAWN)
})

t.test('refresh grant: a scope narrows the access token, and not the grant', async t => {
  const { tokens, refresh } = await buildTokenApp(t)
  const first = await tokens({ scope: SCOPE })
  const narrow = (await refresh(first.refresh_token, { scope: 'photos:write' })).json()
  t.equal(narrow.scope, 'photos:write')
  t.equal(decode(narrow.access_token).payload.scope, 'photos:write')
  t.equal(decode(narrow.refresh_token).payload.scope, SCOPE)
  const wide = (await refresh(narrow.refresh_token)).json()
  t.equal(wide.scope, SCOPE)
})

t.test('refresh grant: a scope that was not granted spends nothing', async t => {
  const { tokens, refresh, count } = await buildTokenApp(t)
  const { refresh_token: first } = await tokens()
  for (const scope of ['photos:write', 'photos:read photos:write', 'unknown', ' ', 'photos']) {
    const refused = await refresh(first, { scope })
    t.equal(refused.json().error, 'invalid_scope', scope)
  }
  t.equal(count('refreshed'), 0)
  t.equal((await refresh(first, { scope: 'photos:read photos:read' })).json().scope, 'photos:read')
})

t.test('refresh grant: leaves out a scope that the operator took from the client', async t => {
  const store = memoryStore()
  const built = await buildTokenApp(t, { store })
  const { refresh_token: first } = await built.tokens({ scope: SCOPE })
  const { refresh_token: write } = await built.tokens({ scope: 'photos:write' })
  const after = await buildTokenApp(t, { store }, {
    scopes: { 'photos:read': 'See your photos' }
  })
  t.equal((await after.refresh(first, { scope: SCOPE })).json().error, 'invalid_scope')
  const { scope, access_token: access, refresh_token: next } = (await after.refresh(first)).json()
  t.equal(scope, 'photos:read')
  t.equal(decode(access).payload.scope, 'photos:read')
  t.equal(decode(next).payload.scope, SCOPE)
  t.equal((await after.refresh(write)).json().error, 'invalid_scope')
  t.equal((await built.refresh(write)).statusCode, 200, 'it is not spent')
})

/** Bad requests with a good refresh token: their refusal, the form, and the authorization. */
const REFUSED: [
  name: string, error: string, form: Record<string, string>, authorization?: string | null
][] = [
  ['a wrong secret', 'invalid_client', {}, basic('photo-printer', 'x'.repeat(43))],
  ['no authentication', 'invalid_client', { client_id: 'photo-printer' }, null],
  ['another client', 'invalid_grant', { client_id: 'terminal' }, null],
  ['another resource', 'invalid_target', { resource: 'https://other.example' }],
  ['a client_id that differs', 'invalid_request', { client_id: 'terminal' },
    basic('photo-printer', SECRET_OF_PRINTER)]
]

t.test('refresh grant: a request that is refused spends nothing', async t => {
  const { tokens, refresh, token, count } = await buildTokenApp(t)
  const { refresh_token: first } = await tokens()
  for (const [name, error, form, authorization] of REFUSED) {
    const refused = await token(
      { grant_type: 'refresh_token', refresh_token: first, ...form }, authorization)
    t.equal(refused.json().error, error, name)
  }
  t.equal((await token({ grant_type: 'refresh_token' })).json().error, 'invalid_request')
  t.equal((await refresh(first, { resource: API })).statusCode, 200)
  t.equal(count('replayed') + count('reuse_detected'), 0, 'nothing was spent')
})

t.test('refresh grant: refuses a token of another issuer, audience or key', async t => {
  const { tokens, refresh } = await buildTokenApp(t)
  const { payload } = decode((await tokens()).refresh_token)
  for (const bad of [
    signAs('ES256', { ...payload, iss: 'https://evil.example' }),
    signAs('ES256', { ...payload, aud: API }),
    signAs('ES256', { ...payload, aud: `${ISSUER}/staff/token` }),
    signAs('ES256', payload, {}, createPair('ES256').privateKey),
    signAs('ES256', { ...payload, exp: payload.iat }),
    'tGzv3JOkF0XG5Qx2TlKWIA'
  ]) t.strictSame((await refresh(bad)).json(), INVALID)
})

t.test('refresh grant: ends after grantLifetime, however often it is refreshed', async t => {
  const built = await buildTokenApp(t, {}, { grantLifetime: '3d', refreshTokenLifetime: '1d' })
  let { refresh_token: token } = await built.tokens()
  for (let day = 0; day < 5; day++) {
    built.clock.advance(DAY / 2)
    token = (await built.refresh(token)).json().refresh_token
  }
  built.clock.advance(DAY / 2 - MINUTE)
  const last = (await built.refresh(token)).json()
  t.equal(last.expires_in, 60)
  built.clock.advance(MINUTE)
  t.strictSame((await built.refresh(last.refresh_token)).json(), INVALID)
})

t.test('refresh grant: each token expires after refreshTokenLifetime', async t => {
  const { tokens, refresh, clock } = await buildTokenApp(t, {}, { refreshTokenLifetime: '2d' })
  const { refresh_token: first } = await tokens()
  clock.advance(2 * DAY - SECOND)
  const { refresh_token: next } = (await refresh(first)).json()
  t.equal(decode(next).payload.exp, (clock() + 2 * DAY) / 1000)
  clock.advance(2 * DAY)
  t.strictSame((await refresh(next)).json(), INVALID)
})

t.test('refresh grant: a user who is gone or inactive gets no tokens', async t => {
  const built = await buildTokenApp(t, {
    findUser: async id => built.users.find(user => String(user.id) === id) ?? null
  })
  const { refresh_token: first } = await built.tokens()
  const [user] = built.users.splice(0, 1)
  t.equal((await built.refresh(first)).json().error, 'invalid_grant')
  built.users.push({ ...user as NonNullable<typeof user>, isActive: false })
  const refused = (await built.refresh(first)).json()
  t.equal(refused.error_description, 'The user is gone or inactive.')
  t.equal(built.count('refreshed'), 0)
  built.users.splice(-1, 1, user as NonNullable<typeof user>)
  t.equal((await built.refresh(first)).statusCode, 200, 'it is not spent')
})

t.test('refresh grant: ends with the session, and on a store that has forgotten it', async t => {
  const built = await buildTokenApp(t)
  const { refresh_token: first } = await built.tokens()
  t.strictSame((await (await buildTokenApp(t)).refresh(first)).json(), WITHDRAWN)
  await built.app.tokens.revokeUser(1)
  t.strictSame((await built.refresh(first)).json(), WITHDRAWN)
})
