import t from 'tap'
import { MINUTE, START } from '../fixtures/app.ts'
import {
  PRINTER, REPORT, SECRET_OF_PRINTER, SECRET_OF_REPORT
} from '../fixtures/oauth/server.ts'
import { API, ISSUER, buildTokenApp } from '../fixtures/oauth/token-app.ts'
import { basic } from '../fixtures/oauth/token-request.ts'
import { decode } from '../fixtures/tokens/jwt.ts'

const REPORT_BASIC = basic('nightly-report', SECRET_OF_REPORT)
const grant = (scope?: string, resource?: string) =>
  ({ grant_type: 'client_credentials', scope, resource })

t.test('client grant: answers an access token of the client, and no refresh token', async t => {
  const { token, app, events } = await buildTokenApp(t)
  const reply = await token(grant('reports:write'), REPORT_BASIC)
  t.equal(reply.statusCode, 200)
  const { access_token: access, ...rest } = reply.json()
  t.strictSame(rest, { token_type: 'Bearer', expires_in: 300, scope: 'reports:write' })
  const headers = { authorization: `Bearer ${access}` }
  const report = await app.inject({ method: 'POST', url: '/reports/', headers })
  t.strictSame(report.json(), { client_id: 'nightly-report' })
  t.strictSame(events, [{
    type: 'client_authenticated', clientId: 'nightly-report', address: '127.0.0.1'
  }])
})

t.test('client grant: the token has the claims of RFC 9068, no user and no session', async t => {
  const { token, app } = await buildTokenApp(t, { claims: () => ({ role: 'admin' }) }, {
    claims: () => ({ plan: 'free' })
  })
  const { access_token: access } = (await token(grant('reports:write'), REPORT_BASIC)).json()
  const { header, payload: { jti, ...rest } } = decode(access)
  t.equal(header.typ, 'at+jwt')
  t.match(jti, /^[0-9a-f]{32}$/)
  t.strictSame(rest, {
    token_type: 'client',
    iss: ISSUER,
    exp: (START + 5 * MINUTE) / 1000,
    iat: START / 1000,
    aud: API,
    sub: 'nightly-report',
    client_id: 'nightly-report',
    scope: 'reports:write'
  })
  t.strictSame(await app.tokens.sessions('nightly-report'), [])
})

t.test('client grant: the token lives for accessTokenLifetime', async t => {
  const { token, clock } = await buildTokenApp(t, { accessTokenLifetime: '2m' })
  clock.advance(999)
  const { access_token: access, expires_in: seconds } =
    (await token(grant(), REPORT_BASIC)).json()
  t.equal(seconds, 120)
  t.match(decode(access).payload, { iat: START / 1000, exp: (START + 2 * MINUTE) / 1000 })
})

t.test('client grant: without a scope the client gets all that it may have', async t => {
  const all = 'photos:read photos:write reports:write'
  for (const [scopes, asked, granted] of [
    [undefined, undefined, all],
    [['reports:write'], undefined, 'reports:write'],
    [['reports:write'], 'reports:write photos:read', 'reports:write'],
    [undefined, 'photos:read unknown photos:read', 'photos:read'],
    [['reports:write'], 'photos:read', undefined],
    [undefined, 'unknown', undefined],
    [undefined, ' ', undefined]
  ] as const) {
    const { token } = await buildTokenApp(t, {}, {
      clients: [{ ...REPORT, scopes: scopes && [...scopes] }]
    })
    const reply = await token(grant(asked), REPORT_BASIC)
    t.equal(reply.json().scope, granted, `${asked} of ${scopes}`)
    t.equal(reply.statusCode, granted === undefined ? 400 : 200)
    if (granted === undefined) t.equal(reply.json().error, 'invalid_scope')
    else t.equal(decode(reply.json().access_token).payload.scope, granted)
  }
})

t.test('client grant: the resource is one of the server', async t => {
  const mcp = 'https://id.example/mcp'
  const { token, app } = await buildTokenApp(t, {}, { resources: [mcp] })
  for (const [asked, aud] of [[undefined, API], [API, API], [mcp, mcp]]) {
    const { access_token: access } = (await token(grant(undefined, asked), REPORT_BASIC)).json()
    t.equal(decode(access).payload.aud, aud)
    const headers = { authorization: `Bearer ${access}` }
    const report = await app.inject({ method: 'POST', url: '/reports/', headers })
    t.equal(report.statusCode, aud === API ? 200 : 401)
  }
  const refused = await token(grant(undefined, 'https://other.example'), REPORT_BASIC)
  t.equal(refused.json().error, 'invalid_target')
  const two = await token([
    ['grant_type', 'client_credentials'], ['resource', API], ['resource', mcp]
  ], REPORT_BASIC)
  t.equal(two.json().error, 'invalid_target')
})

t.test('client grant: needs the secret and the grant', async t => {
  const { token, count } = await buildTokenApp(t)
  for (const [name, form, authorization, error] of [
    ['no secret', { client_id: 'nightly-report' }, null, 'invalid_client'],
    ['a wrong secret', {}, basic('nightly-report', 'x'.repeat(43)), 'invalid_client'],
    ['another secret', {}, basic('nightly-report', SECRET_OF_PRINTER), 'invalid_client'],
    ['a client of users', {}, basic('photo-printer', SECRET_OF_PRINTER), 'unauthorized_client'],
    ['a public client', { client_id: 'terminal' }, null, 'unauthorized_client'],
    ['an unknown client', { client_id: 'unknown' }, null, 'invalid_client']
  ] as const) {
    const refused = await token({ ...grant(), ...form }, authorization)
    t.equal(refused.json().error, error, name)
    t.equal(refused.statusCode, error === 'invalid_client' ? 401 : 400)
  }
  t.equal(count('client_authenticated'), 0)
})

t.test('client grant: a client without other grants gets no code and no refresh', async t => {
  const { token, exchange, obtainCode } = await buildTokenApp(t)
  const code = await obtainCode()
  const refused = await token({ grant_type: 'authorization_code', code }, REPORT_BASIC)
  t.equal(refused.json().error, 'unauthorized_client')
  const { refresh_token: refresh } = (await exchange(code)).json()
  const form = { grant_type: 'refresh_token', refresh_token: refresh }
  t.equal((await token(form, REPORT_BASIC)).json().error, 'unauthorized_client')
})

t.test('client grant: a client of users may have it too', async t => {
  const { token } = await buildTokenApp(t, {}, {
    clients: [{ ...PRINTER, grants: ['authorization_code', 'client_credentials'] }]
  })
  const reply = await token(grant('photos:read'))
  t.equal(decode(reply.json().access_token).payload.token_type, 'client')
})
