import t from 'tap'
import cors from '@fastify/cors'
import type { LightMyRequestResponse } from 'fastify'
import { MINUTE } from '../../fixtures/app.ts'
import { SECRET_OF_PRINTER } from '../../fixtures/oauth/server.ts'
import { type TokenApp, buildTokenApp, formOf } from '../../fixtures/oauth/token-app.ts'
import { REPORT_BASIC, postRevoke, tokenOfReport } from '../../fixtures/oauth/token-management.ts'
import { PRINTER_BASIC, basic } from '../../fixtures/oauth/token-request.ts'
import { failingStore } from '../../fixtures/stores/failing-store.ts'
import { SHARE, slowStore } from '../../fixtures/stores/slow-store.ts'
import { decode } from '../../fixtures/tokens/jwt.ts'
import { signAs } from '../../fixtures/tokens/keys.ts'

/** Text that a request sends, and that no error may repeat. */
const SENT = 'q7hostile'

/** Returns the headers that each answer of the endpoint has. */
const commonHeaders = ({ headers }: LightMyRequestResponse) => [
  'cache-control', 'x-content-type-options', 'access-control-allow-origin', 'content-type'
].map(name => headers[name])

const COMMON = ['no-store', 'nosniff', '*', 'application/json; charset=utf-8']

t.test('revocation endpoint: answers {} as JSON, with and without a slash', async t => {
  const { app, tokens, count } = await buildTokenApp(t)
  for (const url of ['/oauth/revoke', '/oauth/revoke/']) {
    const { refresh_token: refresh } = await tokens()
    for (const token of [refresh, 'unknown']) {
      const reply = await postRevoke(app, { token }, undefined, { url })
      t.same([reply.statusCode, reply.body], [200, '{}'])
      t.strictSame(commonHeaders(reply), COMMON)
    }
  }
  t.equal(count('revoked'), 2)
})

t.test('revocation endpoint: ignores the hint, whatever it is', async t => {
  const { app, tokens, count } = await buildTokenApp(t)
  for (const hint of ['access_token', 'refresh_token', 'unknown', '', '\0']) {
    const granted = await tokens()
    for (const token of [granted.access_token, granted.refresh_token]) {
      t.equal((await postRevoke(app, { token, token_type_hint: hint })).statusCode, 200)
    }
  }
  t.equal(count('revoked'), 5)
})

t.test('revocation endpoint: authenticates as the token endpoint does', async t => {
  const { app, tokens, count } = await buildTokenApp(t)
  const { refresh_token: token } = await tokens()
  const id = { client_id: 'photo-printer' }
  for (const [name, form, authorization, status] of [
    ['no client', {}, null, 401],
    ['no secret', id, null, 401],
    ['a wrong secret', {}, basic('photo-printer', 'x'.repeat(43)), 401],
    ['an unknown client', { client_id: 'unknown' }, null, 401],
    ['the token as credentials', {}, `Bearer ${token}`, 401],
    ['two authentications', { client_secret: SECRET_OF_PRINTER }, PRINTER_BASIC, 400]
  ] as [string, object, string | null, number][]) {
    const refused = await postRevoke(app, { token, ...form }, authorization)
    t.equal(refused.statusCode, status, name)
    t.equal(refused.json().error, status === 401 ? 'invalid_client' : 'invalid_request')
    t.equal(refused.headers['www-authenticate'],
      status === 401 ? 'Basic realm="oauth", charset="UTF-8"' : undefined)
    t.strictSame(commonHeaders(refused), COMMON)
  }
  t.equal(count('client_failed'), 5)
  t.equal(count('revoked'), 0)
  const posted = await postRevoke(app, { token, ...id, client_secret: SECRET_OF_PRINTER }, null)
  t.equal(posted.statusCode, 200)
  t.equal(count('revoked'), 1)
})

/** Requests that are refused: the error, and the request. */
const REFUSALS: [
  name: string, error: string, ask: (app: TokenApp) => Promise<LightMyRequestResponse>
][] = [
  ['no token', 'invalid_request', ({ app }) => postRevoke(app, {})],
  ['an empty token', 'invalid_request', ({ app }) => postRevoke(app, { token: '' })],
  ['two tokens', 'invalid_request',
    ({ app }) => postRevoke(app, [['token', SENT], ['token', SENT]])],
  ['two hints', 'invalid_request', ({ app }) => postRevoke(app, [
    ['token', SENT], ['token_type_hint', SENT], ['token_type_hint', SENT]
  ])],
  ['JSON', 'invalid_request', ({ app }) => postRevoke(app, {}, undefined, {
    headers: { 'content-type': 'application/json' }, payload: JSON.stringify({ token: SENT })
  })],
  ['a body over 16 KiB', 'invalid_request',
    ({ app }) => postRevoke(app, { token: SENT.repeat(2000) })],
  ['a token without a session', 'unsupported_token_type',
    async ({ app }) => postRevoke(app, { token: await tokenOfReport(app) }, REPORT_BASIC)]
]

t.test('revocation endpoint: refuses in the form of RFC 6749, and repeats nothing', async t => {
  const built = await buildTokenApp(t)
  for (const [name, error, ask] of REFUSALS) {
    const refused = await ask(built)
    t.equal(refused.statusCode, 400, name)
    const body = refused.json()
    t.strictSame(Object.keys(body), ['error', 'error_description'])
    t.equal(body.error, error)
    t.match(body.error_description, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
    t.notMatch(refused.body, SENT)
    t.strictSame(commonHeaders(refused), COMMON)
  }
})

t.test('revocation endpoint: reads nothing from the query', async t => {
  const { app, tokens, count } = await buildTokenApp(t)
  const { refresh_token: token } = await tokens()
  const url = `/oauth/revoke?${formOf({ token })}`
  t.equal((await postRevoke(app, {}, undefined, { url })).json().error, 'invalid_request')
  t.equal(count('revoked'), 0)
})

t.test('revocation endpoint: with the store away it is a 503, and changes nothing', async t => {
  for (const kind of ['access_token', 'refresh_token'] as const) {
    const { store, failing } = failingStore()
    const built = await buildTokenApp(t, { store })
    const { [kind]: token, refresh_token: refresh } = await built.tokens()
    failing.add('find').add('revoke')
    const refused = await postRevoke(built.app, { token })
    t.equal(refused.statusCode, 503)
    t.equal(refused.json().error, 'temporarily_unavailable')
    t.match(refused.headers['retry-after'], /^[1-9]\d*$/)
    t.strictSame(commonHeaders(refused), COMMON)
    t.equal(built.count('revoked'), 0)
    failing.clear()
    const { refresh_token: next } = (await built.refresh(refresh)).json()
    t.equal((await postRevoke(built.app, { token })).statusCode, 200)
    t.equal((await built.refresh(next)).json().error, 'invalid_grant')
  }
})

t.test('revocation endpoint: one address gets only a share of the store', async t => {
  const { store, begun, answer } = slowStore('revoke')
  const { app, tokens } = await buildTokenApp(t, { store })
  const { payload } = decode((await tokens()).access_token)
  const replies = Array.from({ length: SHARE + 1 }, (_, index) =>
    postRevoke(app, { token: signAs('ES256', { ...payload, sid: `of ${index}` }) }))
  t.equal(await begun(SHARE), SHARE)
  answer()
  await Promise.all(replies)
})

t.test('revocation endpoint: answers preflights, unless the host has a CORS policy', async t => {
  const { app } = await buildTokenApp(t)
  for (const url of ['/oauth/revoke', '/oauth/revoke/']) {
    const { statusCode, headers } = await app.inject({ method: 'OPTIONS', url })
    t.equal(statusCode, 204)
    t.match(headers, {
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'authorization, content-type'
    })
  }
  const host = await buildTokenApp(t)
  await host.app.register(cors, { origin: 'https://app.example' })
  const refused = await postRevoke(host.app, { token: 'x' })
  t.equal(refused.headers['access-control-allow-origin'], 'https://app.example')
})

t.test('revocation endpoint: refused requests count by address', async t => {
  const { app, tokens, clock, events } = await buildTokenApp(
    t, { rateLimit: {} }, { rateLimit: 4 })
  // The authorization request counts too.
  const { refresh_token: token } = await tokens()
  const answers = [
    await postRevoke(app, {}), await postRevoke(app, {}, basic('photo-printer', 'x')),
    await postRevoke(app, { token: await tokenOfReport(app) }, REPORT_BASIC),
    await postRevoke(app, {})
  ]
  t.strictSame(answers.map(({ statusCode }) => statusCode), [400, 401, 400, 429])
  t.match(answers[3]?.json(), { error: 'temporarily_unavailable' })
  t.match(answers[3]?.headers['retry-after'], /^\d+$/)
  t.match(events.at(-1), { type: 'throttled', what: 'oauthPerAddress', address: '127.0.0.1' })
  t.equal((await postRevoke(app, { token })).statusCode, 200, 'good requests pass')
  clock.advance(MINUTE)
  t.equal((await postRevoke(app, {})).statusCode, 400)
})

t.test('revocation endpoint: unknown tokens of a public client count by address', async t => {
  const { app } = await buildTokenApp(t, { rateLimit: {} }, { rateLimit: 2 })
  const guess = (id: string, authorization: string | null = null) =>
    postRevoke(app, { token: 'unknown', client_id: id }, authorization)
  for (let count = 0; count < 3; count++) {
    t.equal((await guess('photo-printer', PRINTER_BASIC)).statusCode, 200, 'it has a secret')
  }
  const answers = [await guess('terminal'), await guess('terminal'), await guess('terminal')]
  t.strictSame(answers.map(({ statusCode }) => statusCode), [200, 200, 429])
})
