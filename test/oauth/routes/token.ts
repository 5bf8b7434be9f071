import t from 'tap'
import cors from '@fastify/cors'
import type { LightMyRequestResponse } from 'fastify'
import { MINUTE, SECOND } from '../../fixtures/app.ts'
import { openDocumentApp } from '../../fixtures/oauth/document-app.ts'
import { SECRET_OF_PRINTER, SECRET_OF_REPORT } from '../../fixtures/oauth/server.ts'
import {
  type TokenApp, VERIFIER, buildTokenApp, formOf
} from '../../fixtures/oauth/token-app.ts'
import { PRINTER_BASIC, basic, requestToken } from '../../fixtures/oauth/token-request.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
/** Text that a request sends, and that no error may repeat. */
const SENT = 'q7hostile'

/** Returns the headers that each answer of the endpoint has. */
const commonHeaders = ({ headers }: LightMyRequestResponse) => [
  'cache-control', 'pragma', 'x-content-type-options', 'access-control-allow-origin',
  'content-type'
].map(name => headers[name])

const COMMON = ['no-store', 'no-cache', 'nosniff', '*', 'application/json; charset=utf-8']

t.test('token endpoint: answers each grant, with and without a trailing slash', async t => {
  const { obtainCode, token } = await buildTokenApp(t)
  for (const url of ['/oauth/token', '/oauth/token/']) {
    const ask = async (form: Record<string, string>, authorization?: string) => {
      const reply = await token(form, authorization, { url })
      t.equal(reply.statusCode, 200, form.grant_type as string)
      t.strictSame(commonHeaders(reply), COMMON)
      return reply.json()
    }
    const { refresh_token: refresh } = await ask({
      grant_type: 'authorization_code', code: await obtainCode(), code_verifier: VERIFIER
    })
    await ask({ grant_type: 'refresh_token', refresh_token: refresh })
    await ask({ grant_type: 'client_credentials' }, basic('nightly-report', SECRET_OF_REPORT))
  }
})

/** Requests that are refused: the error, its status, and the request. */
const REFUSALS: [
  name: string, error: string, status: number,
  ask: (app: TokenApp) => Promise<LightMyRequestResponse>
][] = [
  ['no body', 'invalid_client', 401, ({ app }) => app.inject({
    method: 'POST', url: '/oauth/token'
  })],
  ['no grant_type', 'invalid_request', 400, ({ token }) => token({})],
  ['an empty grant_type', 'invalid_request', 400, ({ token }) => token({ grant_type: '' })],
  ...['password', 'implicit', 'constructor', '__proto__', SENT].map((type): typeof REFUSALS[0] =>
    [type, 'unsupported_grant_type', 400, ({ token }) => token({ grant_type: type })]),
  ['a grant that the client lacks', 'unauthorized_client', 400,
    ({ token }) => token({ grant_type: 'client_credentials' })],
  ['a wrong secret', 'invalid_client', 401,
    ({ token }) => token({ grant_type: SENT }, basic('photo-printer', SENT))],
  ['an unknown client', 'invalid_client', 401,
    ({ token }) => token({ client_id: SENT }, null)],
  ['a parameter that repeats', 'invalid_request', 400,
    ({ token }) => token([['grant_type', SENT], ['grant_type', SENT]])],
  ['an unknown parameter that repeats', 'invalid_request', 400,
    ({ token }) => token([[SENT, '1'], [SENT, '1']])],
  ['a bad code', 'invalid_grant', 400, ({ exchange }) => exchange(SENT)],
  ['a bad refresh token', 'invalid_grant', 400, ({ refresh }) => refresh(SENT)],
  ['JSON', 'invalid_request', 400, ({ token }) => token({}, undefined, {
    headers: JSON_TYPE, payload: JSON.stringify({ grant_type: SENT })
  })],
  ['a multipart body', 'invalid_request', 400, ({ token }) => token({}, undefined, {
    headers: { 'content-type': `multipart/form-data; boundary=${SENT}` }, payload: SENT
  })],
  ['a bad content type', 'invalid_request', 400, ({ token }) => token({}, undefined, {
    headers: { 'content-type': SENT }, payload: SENT
  })],
  ['a body over 16 KiB', 'invalid_request', 400,
    ({ token }) => token({ grant_type: SENT.repeat(2000) })],
  ['a body cut short', 'invalid_request', 400, ({ token }) => token({}, undefined, {
    headers: { 'content-length': '5' }, payload: `a=${SENT}`
  })]
]

t.test('token endpoint: refuses in the form of RFC 6749, and repeats nothing', async t => {
  const built = await buildTokenApp(t)
  for (const [name, error, status, ask] of REFUSALS) {
    const refused = await ask(built)
    t.equal(refused.statusCode, status, name)
    const body = refused.json()
    t.strictSame(Object.keys(body), ['error', 'error_description'])
    t.equal(body.error, error)
    t.match(body.error_description, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
    t.notMatch(refused.body, SENT)
    t.strictSame(commonHeaders(refused), COMMON)
    t.equal(refused.headers['www-authenticate'],
      status === 401 ? 'Basic realm="oauth", charset="UTF-8"' : undefined)
  }
  t.equal(built.count('client_authenticated') + built.count('code_exchanged'), 0)
})

t.test('token endpoint: reads nothing from the query', async t => {
  const { obtainCode, app } = await buildTokenApp(t)
  const form = {
    grant_type: 'authorization_code',
    code: await obtainCode(),
    code_verifier: VERIFIER,
    client_id: 'photo-printer',
    client_secret: SECRET_OF_PRINTER
  }
  const url = `/oauth/token?${formOf(form)}`
  t.equal((await app.inject({ method: 'POST', url })).statusCode, 401)
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const posted = await app.inject({
    method: 'POST', url: '/oauth/token', headers, payload: formOf(form)
  })
  t.equal(posted.statusCode, 200, 'it is not spent')
})

t.test('token endpoint: calls the error handler of the host first', async t => {
  const { app, exchange } = await buildTokenApp(t)
  const seen: unknown[] = []
  app.setErrorHandler((error: Error & { code: string }, _request, reply) => {
    seen.push(error.code)
    return error.code === 'invalid_grant' ? reply.code(418).send({ mine: true }) : reply.send(error)
  })
  t.strictSame((await exchange('x')).json(), { mine: true })
  t.equal((await exchange('')).json().error, 'invalid_request')
  t.strictSame(seen, ['invalid_grant', 'invalid_request'])
})

t.test('token endpoint: answers preflights, unless the host has a CORS policy', async t => {
  const { app } = await buildTokenApp(t)
  const preflight = await app.inject({ method: 'OPTIONS', url: '/oauth/token' })
  t.equal(preflight.statusCode, 204)
  t.match(preflight.headers, {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'POST',
    'access-control-allow-headers': 'authorization, content-type'
  })
  const host = await buildTokenApp(t)
  await host.app.register(cors, { origin: 'https://app.example' })
  const refused = await host.refresh('x')
  t.equal(refused.headers['access-control-allow-origin'], 'https://app.example')
})

t.test('token endpoint: refused requests count by address', async t => {
  const { token, exchange, obtainCode, refresh, clock, events } = await buildTokenApp(
    t, { rateLimit: {} }, { rateLimit: 4 })
  // The authorization requests count too.
  const codes = [await obtainCode(), await obtainCode()]
  clock.advance(20 * SECOND)
  const answers = [
    await exchange('x'), await refresh('x'), await token({}, basic('photo-printer', 'x')),
    await exchange('x')
  ]
  t.strictSame(answers.map(({ statusCode }) => statusCode), [400, 400, 429, 429])
  const limited = answers[3] as LightMyRequestResponse
  t.strictSame(limited.json(), {
    error: 'temporarily_unavailable', error_description: 'Too many requests. Try again.'
  })
  t.strictSame(commonHeaders(limited), COMMON)
  t.match(limited.headers['retry-after'], /^\d+$/)
  t.match(events.filter(({ type }) => type === 'throttled'),
    [{ what: 'oauthPerAddress', address: '127.0.0.1' }, { what: 'oauthPerAddress' }])
  t.equal((await exchange(codes[0] as string)).statusCode, 200, 'good requests pass')
  const elsewhere = await token({ grant_type: 'x' }, PRINTER_BASIC, { remoteAddress: '192.0.2.1' })
  t.equal(elsewhere.json().error, 'unsupported_grant_type')
  clock.advance(MINUTE)
  t.equal((await exchange('x')).statusCode, 400)
})

t.test('token endpoint: fetches of metadata documents count by address', async t => {
  const { url, host } = await openDocumentApp(t, { core: { rateLimit: {} }, rateLimit: 4 })
  const statuses: number[] = []
  for (let index = 0; index < 6; index++) {
    const { status } = await requestToken(url,
      { grant_type: 'refresh_token', client_id: host.urlOf(`/${index}`) }, null)
    statuses.push(status)
  }
  t.same(statuses, [400, 400, 429, 429, 429, 429], 'a fetch counts, and a refusal')
  t.same(host.requests, ['/0', '/1'], 'nothing is fetched over the limit')
})

t.test('token endpoint: good refreshes count by session', async t => {
  const { tokens, refresh, events, clock } = await buildTokenApp(
    t, { rateLimit: { refreshPerSession: 2 } })
  let { refresh_token: token } = await tokens()
  const { refresh_token: other } = await tokens()
  for (let count = 0; count < 2; count++) {
    token = (await refresh(token)).json().refresh_token
  }
  const limited = await refresh(token)
  t.equal(limited.statusCode, 429)
  t.equal(limited.json().error, 'temporarily_unavailable')
  t.match(limited.headers['retry-after'], /^\d+$/)
  t.match(events.at(-1), { type: 'throttled', what: 'refreshPerSession', userId: '1' })
  t.equal((await refresh(other)).statusCode, 200, 'another session is not limited')
  clock.advance(MINUTE)
  t.equal((await refresh(token)).statusCode, 200, 'nothing was spent')
})
