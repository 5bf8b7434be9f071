import fc, { type Arbitrary } from 'fast-check'
import type { LightMyRequestResponse } from 'fastify'
import t, { type Test } from 'tap'
import {
  CLIENTS, GOOD, ISSUER, buildAuthorizeApp, postForm
} from '../fixtures/oauth/authorize-app.ts'

const RUNS = 200
const URIS = CLIENTS.flatMap(({ redirectUris = [] }) => redirectUris)
const NAMES = [
  ...Object.keys(GOOD), 'resource', 'request', 'request_uri', 'registration', 'response_mode',
  'nonce', 'prompt', 'max_age', 'login_hint', 'ui_locales', '__proto__'
]
const VALUES = [
  ...Object.values(GOOD), ...CLIENTS.map(({ id }) => id), ...URIS, '', 'none', 'login', '1',
  'https://evil.example/', '//evil.example', 'http://127.0.0.1:1/callback',
  'http://127.0.0.1:1@evil.example/callback', 'https://print.example/callback/../x',
  'https://print.example@evil.example/callback', 'javascript:alert(1)', '\r\nlocation: x', '\0',
  `${ISSUER}/api`
]

const value: Arbitrary<string> = fc.oneof(
  fc.constantFrom(...VALUES), fc.string(), fc.string({ unit: 'binary', maxLength: 2000 }))

/** A good request with some parameters replaced, repeated or left out. */
const changed: Arbitrary<string> = fc.record({
  left: fc.subarray(Object.entries(GOOD), { minLength: 3 }),
  more: fc.array(fc.tuple(fc.oneof(fc.constantFrom(...NAMES), fc.string()), value),
    { maxLength: 4 })
}).map(({ left, more }) => String(new URLSearchParams([...left, ...more])))

/** Any text of a request line. */
const raw: Arbitrary<string> = fc.oneof(
  fc.string().map(text => `${new URLSearchParams(GOOD)}&${text}`),
  fc.array(fc.constantFrom('client_id=photo-printer', '&', '=', '%', '%0', '%00', '%ff', '%0d%0a',
    '+', ';', '?', '#', 'redirect_uri=', encodeURIComponent(GOOD.redirect_uri), 'state='))
    .map(parts => parts.join(''))
).map(text => text.replace(/[^!-~]|#/g, ''))

/** A location is the page of the host, or a registered URI with an answer in its query. */
function isRegistered (location: string): boolean {
  if (/^\/connect\?authorization=[\w.-]+$/.test(location)) return true
  if (!/^[!-~]+$/.test(location)) return false
  const withoutPort = location.replace(/^(http:\/\/127\.0\.0\.1):[1-9]\d*\//, '$1/')
  return URIS.some(uri => [`${uri}?error=`, `${uri}&error=`]
    .some(start => withoutPort.startsWith(start)))
}

function check ({ statusCode, headers }: LightMyRequestResponse): void {
  const { location } = headers
  const isGood = location === undefined
    ? statusCode === 400
    : statusCode === 303 && isRegistered(location)
  if (!isGood) throw new Error(`${statusCode} ${location}`)
}

async function holds (
  t: Test, query: Arbitrary<string>, send: (query: string) => Promise<LightMyRequestResponse>
): Promise<void> {
  const redirects = { page: 0, client: 0, none: 0 }
  await fc.assert(fc.asyncProperty(query, async text => {
    const reply = await send(text)
    check(reply)
    const { location } = reply.headers
    if (location === undefined) redirects.none++
    else if (location.startsWith('/')) redirects.page++
    else redirects.client++
  }), { numRuns: RUNS })
  t.comment(JSON.stringify(redirects))
  t.ok(redirects.none > 0)
}

t.test('any query: is answered without a fault, and goes to no other place', async t => {
  const { app } = await buildAuthorizeApp(t)
  const send = (text: string) => app.inject(`/oauth/authorize?${text}`)
  await holds(t, changed, send)
  await holds(t, raw, send)
})

t.test('any form: is answered without a fault, and goes to no other place', async t => {
  const { app } = await buildAuthorizeApp(t)
  await holds(t, changed, text => postForm(app, '/oauth/authorize', text))
  await holds(t, raw, text => postForm(app, '/oauth/authorize', text))
})
