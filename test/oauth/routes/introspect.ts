import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import type { LightMyRequestResponse } from 'fastify'
import { MINUTE } from '../../fixtures/app.ts'
import { openDocumentApp } from '../../fixtures/oauth/document-app.ts'
import { serveDocuments } from '../../fixtures/oauth/document-host.ts'
import { goThrough, logIn } from '../../fixtures/oauth/person.ts'
import { PHOTO_API, PRINTER, SECRET_OF_API } from '../../fixtures/oauth/server.ts'
import { type TokenApp, buildTokenApp, formOf } from '../../fixtures/oauth/token-app.ts'
import {
  API_BASIC, REPORT_BASIC, postIntrospect
} from '../../fixtures/oauth/token-management.ts'
import {
  PRINTER_BASIC, basic, exchangeForm, requestToken
} from '../../fixtures/oauth/token-request.ts'
import { VERBS, failingStore } from '../../fixtures/stores/failing-store.ts'
import { SHARE, slowStore } from '../../fixtures/stores/slow-store.ts'
import { decode } from '../../fixtures/tokens/jwt.ts'
import { signAs } from '../../fixtures/tokens/keys.ts'

/** Text that a request sends, and that no error may repeat. */
const SENT = 'q7hostile'

/** Returns the headers that each answer of the endpoint has. */
const commonHeaders = ({ headers }: LightMyRequestResponse) =>
  ['cache-control', 'x-content-type-options', 'content-type'].map(name => headers[name])

const COMMON = ['no-store', 'nosniff', 'application/json; charset=utf-8']

const corsHeaders = ({ headers }: LightMyRequestResponse): string[] =>
  Object.keys(headers).filter(name => name.startsWith('access-control'))

t.test('introspection endpoint: answers with and without a slash, and never CORS', async t => {
  const { app, tokens } = await buildTokenApp(t)
  const { access_token: access } = await tokens()
  for (const url of ['/oauth/introspect', '/oauth/introspect/']) {
    const options = { url, headers: { origin: 'https://app.example' } }
    const good = await postIntrospect(app, { token: access }, undefined, options)
    t.match(good.json(), { active: true, sub: '1' })
    const bad = await postIntrospect(app, { token: 'unknown' }, undefined, options)
    t.same([bad.statusCode, bad.body], [200, '{"active":false}'])
    const preflight = await app.inject({ method: 'OPTIONS', ...options })
    const refused = await postIntrospect(app, {}, null, options)
    for (const reply of [good, bad, preflight, refused]) t.same(corsHeaders(reply), [])
    for (const reply of [good, bad, refused]) t.strictSame(commonHeaders(reply), COMMON)
  }
})

t.test('introspection endpoint: ignores the hint, and takes the secret in the form', async t => {
  const { app, tokens } = await buildTokenApp(t)
  const { access_token: token, refresh_token: refresh } = await tokens()
  for (const hint of ['access_token', 'refresh_token', 'unknown', '\0']) {
    const form = { token, token_type_hint: hint }
    t.match((await postIntrospect(app, form)).json(), { active: true })
    t.strictSame((await postIntrospect(app, { ...form, token: refresh })).json(), { active: false })
  }
  const secret = { client_id: 'photo-api', client_secret: SECRET_OF_API }
  t.match((await postIntrospect(app, { token, ...secret }, null)).json(), { active: true })
})

/** Requests that are refused: the error, its status, and the request. */
const REFUSALS: [
  name: string, error: string, status: number,
  ask: (app: TokenApp, token: string) => Promise<LightMyRequestResponse>
][] = [
  ['no client', 'invalid_client', 401, ({ app }, token) => postIntrospect(app, { token }, null)],
  ['the token as credentials', 'invalid_client', 401,
    ({ app }, token) => postIntrospect(app, { token }, `Bearer ${token}`)],
  ['a wrong secret', 'invalid_client', 401,
    ({ app }, token) => postIntrospect(app, { token }, basic('photo-api', SENT))],
  ['no secret', 'invalid_client', 401,
    ({ app }, token) => postIntrospect(app, { token, client_id: 'photo-api' }, null)],
  ['an app, about its token', 'unauthorized_client', 400,
    ({ app }, token) => postIntrospect(app, { token }, PRINTER_BASIC)],
  ['a client without users', 'unauthorized_client', 400,
    ({ app }, token) => postIntrospect(app, { token }, REPORT_BASIC)],
  ['a public client', 'unauthorized_client', 400,
    ({ app }, token) => postIntrospect(app, { token, client_id: 'terminal' }, null)],
  ['no token', 'invalid_request', 400, ({ app }) => postIntrospect(app, {})],
  ['an empty token', 'invalid_request', 400, ({ app }) => postIntrospect(app, { token: '' })],
  ['two tokens', 'invalid_request', 400,
    ({ app }, token) => postIntrospect(app, [['token', token], ['token', token]])],
  ['a token in the query', 'invalid_request', 400, ({ app }, token) =>
    postIntrospect(app, {}, undefined, { url: `/oauth/introspect?${formOf({ token })}` })],
  ['JSON', 'invalid_request', 400, ({ app }) => postIntrospect(app, {}, undefined, {
    headers: { 'content-type': 'application/json' }, payload: JSON.stringify({ token: SENT })
  })]
]

t.test('introspection endpoint: refuses in the form of RFC 6749, and says nothing', async t => {
  const built = await buildTokenApp(t)
  const { access_token: access } = await built.tokens()
  for (const [name, error, status, ask] of REFUSALS) {
    const refused = await ask(built, access)
    t.equal(refused.statusCode, status, name)
    const body = refused.json()
    t.strictSame(Object.keys(body), ['error', 'error_description'])
    t.equal(body.error, error)
    t.match(body.error_description, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
    t.notMatch(refused.body, SENT)
    t.strictSame(commonHeaders(refused), COMMON)
  }
})

t.test('introspection endpoint: a client that may no longer introspect is refused', async t => {
  let introspects = true
  const { app, tokens } = await buildTokenApp(t, {}, {
    clients: [PRINTER],
    findClient: async id => id === 'photo-api' ? { ...PHOTO_API, introspects } : null
  })
  const { access_token: token } = await tokens()
  t.match((await postIntrospect(app, { token })).json(), { active: true })
  introspects = false
  t.equal((await postIntrospect(app, { token })).json().error, 'unauthorized_client')
})

t.test('introspection endpoint: with the store away it is a 503, and not inactive', async t => {
  const { store, failing } = failingStore()
  const { app, tokens, login } = await buildTokenApp(t, { store })
  for (const token of [(await login()).access, (await tokens()).access_token]) {
    for (const verb of VERBS) failing.add(verb)
    const refused = await postIntrospect(app, { token })
    t.equal(refused.statusCode, 503)
    t.equal(refused.json().error, 'temporarily_unavailable')
    t.match(refused.headers['retry-after'], /^[1-9]\d*$/)
    t.strictSame(commonHeaders(refused), COMMON)
    failing.clear()
    t.match((await postIntrospect(app, { token })).json(), { active: true })
  }
})

t.test('introspection endpoint: one address gets only a share of the store', async t => {
  const { store, begun, answer } = slowStore('find')
  const { app, login } = await buildTokenApp(t, { store })
  const { payload } = decode((await login()).access)
  const replies = Array.from({ length: SHARE + 1 }, (_, index) =>
    postIntrospect(app, { token: signAs('ES256', { ...payload, sid: `of ${index}` }) }))
  t.equal(await begun(SHARE), SHARE)
  answer()
  await Promise.all(replies)
})

t.test('introspection endpoint: refused requests count by address', async t => {
  const { app, login, clock, events } = await buildTokenApp(
    t, { rateLimit: {} }, { rateLimit: 3 })
  const { access: token } = await login()
  const answers = [
    await postIntrospect(app, {}), await postIntrospect(app, { token }, PRINTER_BASIC),
    await postIntrospect(app, {}, basic('photo-api', 'x')),
    await postIntrospect(app, { token }, PRINTER_BASIC)
  ]
  t.strictSame(answers.map(({ statusCode }) => statusCode), [400, 400, 401, 429])
  t.match(answers[3]?.json(), { error: 'temporarily_unavailable' })
  t.match(events.at(-1), { type: 'throttled', what: 'oauthPerAddress', address: '127.0.0.1' })
  for (let count = 0; count < 5; count++) {
    const good = await postIntrospect(app, { token }, API_BASIC)
    t.match(good.json(), { active: true }, 'good requests pass')
    t.strictSame((await postIntrospect(app, { token: 'x' })).json(), { active: false })
  }
  clock.advance(MINUTE)
  t.equal((await postIntrospect(app, {})).statusCode, 400)
})

t.test('introspection endpoint: a slow metadata document delays no other token', async t => {
  const documents = serveDocuments()
  const waiting: (() => void)[] = []
  let isSlow = false
  const { app, url, client, verifier, clock, ask } = await openDocumentApp(t, {
    clients: [PHOTO_API],
    listener: (...given) => {
      if (isSlow) waiting.push(() => documents(...given))
      else documents(...given)
    }
  })
  const code = (await goThrough(ask())).searchParams.get('code') as string
  clock.advance(MINUTE / 2)
  const { body: { access_token: token } } = await requestToken(
    url, { ...exchangeForm(code, verifier), client_id: client }, null)
  // The copy is stale, and the token still good.
  clock.advance(4.75 * MINUTE)
  isSlow = true
  let answered = 0
  const slow = Array.from({ length: SHARE }, async () => {
    const reply = await postIntrospect(app, { token })
    answered++
    return reply.json()
  })
  while (waiting.length === 0) await setTimeout(5)
  const own = await postIntrospect(app, { token: await logIn(url) })
  t.match(own.json(), { active: true, sub: '1' })
  t.equal(answered, 0, 'the others wait for the document')
  for (const answer of waiting) answer()
  t.match(await Promise.all(slow), Array(SHARE).fill({ active: true, client_id: client }))
})
