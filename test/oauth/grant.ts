import t from 'tap'
import { memoryStore } from '../../plugin/stores/memory.ts'
import { DAY, MINUTE, START } from '../fixtures/app.ts'
import { PRINTER } from '../fixtures/oauth/server.ts'
import { API, ISSUER, TOKEN_URL, buildTokenApp } from '../fixtures/oauth/token-app.ts'
import { decode } from '../fixtures/tokens/jwt.ts'
import { inputOf } from '../fixtures/tokens/keys.ts'

const SCOPE = 'photos:read photos:write'

t.test('grant: an access token has the claims of RFC 9068 and of a session, no other', async t => {
  const { tokens, app } = await buildTokenApp(t)
  const { access_token: access } = await tokens({ scope: SCOPE })
  const [session] = await app.tokens.sessions(1)
  const { header, payload } = decode(access)
  t.equal(header.typ, 'at+jwt')
  const { jti, ...rest } = payload
  t.match(jti, /^[0-9a-f]{32}$/)
  t.not(jti, session?.jti)
  t.strictSame(rest, {
    token_type: 'access',
    iss: ISSUER,
    client_id: 'photo-printer',
    user_id: '1',
    sid: session?.sid,
    auth_time: START / 1000,
    sub: '1',
    exp: (START + 5 * MINUTE) / 1000,
    iat: START / 1000,
    aud: API,
    scope: SCOPE
  })
})

t.test('grant: a refresh token is for the token endpoint, and is the current one', async t => {
  const { tokens, app } = await buildTokenApp(t)
  const { refresh_token: refresh } = await tokens({ scope: SCOPE })
  const [session] = await app.tokens.sessions(1)
  const { header, payload } = decode(refresh)
  t.equal(header.typ, 'JWT')
  t.strictSame(payload, {
    token_type: 'grant',
    iss: ISSUER,
    client_id: 'photo-printer',
    user_id: '1',
    sid: session?.sid,
    auth_time: START / 1000,
    exp: (START + 30 * DAY) / 1000,
    iat: START / 1000,
    jti: session?.jti,
    aud: TOKEN_URL,
    scope: SCOPE,
    resource: API
  })
})

t.test('grant: the user is the claim userIdClaim', async t => {
  for (const userIdClaim of ['sub', 'uid']) {
    const { tokens, refresh, app } = await buildTokenApp(t, { userIdClaim })
    const { access_token: access, refresh_token: first } = await tokens()
    for (const token of [access, first]) {
      t.equal(decode(token).payload[userIdClaim], '1')
      t.notOk('user_id' in decode(token).payload)
    }
    t.equal(decode(access).payload.sub, '1')
    const { access_token: next } = (await refresh(first)).json()
    const headers = { authorization: `Bearer ${next}` }
    t.strictSame((await app.inject({ url: '/photos/', headers })).json(), { user_id: '1' })
  }
})

t.test('grant: the resource is the audience of the access token', async t => {
  const mcp = 'https://id.example/mcp'
  const { tokens, refresh, app } = await buildTokenApp(t, {}, { resources: [mcp] })
  const first = await tokens({ resource: mcp })
  t.equal(decode(first.access_token).payload.aud, mcp)
  t.equal(decode(first.refresh_token).payload.resource, mcp)
  const next = (await refresh(first.refresh_token)).json()
  t.equal(decode(next.access_token).payload.aud, mcp)
  const headers = { authorization: `Bearer ${first.access_token}` }
  const refused = await app.inject({ url: '/photos/', headers })
  t.equal(refused.json().messages[0].message, 'Token is invalid', 'it is not for this API')
})

t.test('grant: a client without the grant refresh_token gets no refresh token', async t => {
  const { tokens, count } = await buildTokenApp(t, {}, {
    clients: [{ ...PRINTER, grants: ['authorization_code'] }]
  })
  const answer = await tokens()
  t.strictSame(Object.keys(answer).sort(), ['access_token', 'expires_in', 'scope', 'token_type'])
  t.equal(count('code_exchanged'), 1)
})

t.test('grant: no token outlives the session, and expires_in says how long it lives', async t => {
  const { tokens, refresh, clock } = await buildTokenApp(t, { accessTokenLifetime: '10m' }, {
    grantLifetime: '15m', refreshTokenLifetime: '12m'
  })
  const first = await tokens()
  t.equal(first.expires_in, 600)
  t.equal(decode(first.refresh_token).payload.exp, (START + 12 * MINUTE) / 1000)
  clock.advance(10 * MINUTE)
  const next = (await refresh(first.refresh_token)).json()
  t.equal(next.expires_in, 300)
  t.equal(decode(next.access_token).payload.exp, (START + 15 * MINUTE) / 1000)
  t.equal(decode(next.refresh_token).payload.exp, (START + 15 * MINUTE) / 1000)
})

t.test('grant: an access token lives at most as long as the refresh token', async t => {
  const { tokens } = await buildTokenApp(t, {}, { refreshTokenLifetime: '2m' })
  t.equal((await tokens()).expires_in, 120)
})

t.test('grant: has no claim of the first plugin', async t => {
  const { tokens, login } = await buildTokenApp(t, { claims: () => ({ role: 'admin' }) })
  t.equal(decode((await login()).access).payload.role, 'admin')
  const answer = await tokens()
  for (const token of [answer.access_token, answer.refresh_token]) {
    t.notOk('role' in decode(token).payload)
  }
})

t.test('grant: tokens that are too long spend neither a code nor a refresh token', async t => {
  const store = memoryStore()
  const scopes = Object.fromEntries(
    Array.from({ length: 84 }, (_, index) => [`${'x'.repeat(40)}${index}`, 'A long scope.']))
  const core = { store, keys: [inputOf('RS256')] }
  const usual = await buildTokenApp(t, core, { scopes })
  const options = { scopes, claims: () => ({ note: 'x'.repeat(2000) }) }
  const verbose = await buildTokenApp(t, core, options)
  const scope = Object.keys(scopes).join(' ')
  const code = await usual.obtainCode({ scope })
  const refused = await verbose.exchange(code)
  t.equal(refused.statusCode, 500)
  t.match(refused.json().message, /access token would have \d+ characters/)
  const first = (await usual.exchange(code)).json()
  t.equal(first.scope, scope)
  t.equal((await verbose.refresh(first.refresh_token)).statusCode, 500)
  const next = await usual.refresh(first.refresh_token)
  t.equal(next.statusCode, 200)
  t.equal(usual.count('replayed') + usual.count('reuse_detected'), 0)
})

t.test('grant: a long token that fits is issued', async t => {
  const { exchange, obtainCode, refresh } = await buildTokenApp(t,
    { keys: [inputOf('RS256', 'k'.repeat(100))] },
    { claims: () => ({ note: 'x'.repeat(2000) }) })
  const reply = await exchange(await obtainCode())
  t.equal(reply.statusCode, 200)
  t.equal(decode(reply.json().access_token).payload.note, 'x'.repeat(2000))
  t.equal((await refresh(reply.json().refresh_token)).statusCode, 200)
})

t.test('grant: findUser decides about the user of a code and of a refresh token', async t => {
  const asked: [unknown, string | undefined][] = []
  const host = { user: { id: 1 } as { id: number, isActive?: boolean } | null }
  const { obtainCode, exchange, refresh } = await buildTokenApp(t, {
    findUser: async (id, request) => {
      asked.push([id, request?.url])
      return host.user
    }
  })
  const codes = [await obtainCode(), await obtainCode()] as const
  asked.length = 0
  const { refresh_token: first } = (await exchange(codes[0])).json()
  t.equal((await refresh(first)).statusCode, 200)
  t.strictSame(asked, [['1', '/oauth/token'], ['1', '/oauth/token']])
  for (const user of [null, { id: 1, isActive: false }]) {
    host.user = user
    for (const refused of [await exchange(codes[1]), await refresh(first)]) {
      t.strictSame(refused.json(), {
        error: 'invalid_grant', error_description: 'The user is gone or inactive.'
      })
    }
  }
})

t.test('grant: a client that has lost all scopes gets no tokens', async t => {
  const store = memoryStore()
  const before = await buildTokenApp(t, { store })
  const after = await buildTokenApp(t, { store }, { scopes: { other: 'Other things' } })
  const { refresh_token: first } = await before.tokens()
  for (const refused of [
    await after.exchange(await before.obtainCode()), await after.refresh(first)
  ]) {
    t.strictSame(refused.json(), {
      error: 'invalid_scope',
      error_description: 'The client may have none of the scopes any more.'
    })
  }
})
