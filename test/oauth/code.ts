import t from 'tap'
import { MINUTE, SECOND, START } from '../fixtures/app.ts'
import { createPkce } from '../fixtures/oauth/pkce.ts'
import { SECRET_OF_PRINTER, WEB_CALLBACK } from '../fixtures/oauth/server.ts'
import {
  API, CHALLENGE, ISSUER, TOKEN_URL, VERIFIER, buildTokenApp
} from '../fixtures/oauth/token-app.ts'
import { basic } from '../fixtures/oauth/token-request.ts'
import { decode } from '../fixtures/tokens/jwt.ts'
import { createPair, inputOf, signAs } from '../fixtures/tokens/keys.ts'

t.test('code: has the claims of the request and of its session, and no user', async t => {
  const { obtainCode, app } = await buildTokenApp(t)
  const { header, payload } = decode(await obtainCode({ nonce: 'n-1' }))
  const [session] = await app.tokens.sessions(1)
  t.equal(header.typ, 'JWT')
  t.strictSame(payload, {
    token_type: 'code',
    iss: ISSUER,
    exp: (START + MINUTE) / 1000,
    iat: START / 1000,
    jti: session?.jti,
    aud: TOKEN_URL,
    sid: session?.sid,
    client_id: 'photo-printer',
    scope: 'photos:read',
    resource: API,
    redirect_uri: WEB_CALLBACK,
    code_challenge: CHALLENGE,
    nonce: 'n-1',
    auth_time: START / 1000
  })
  t.notOk('nonce' in decode(await obtainCode()).payload)
})

type Row = [
  name: string, error: string, form: Record<string, string | undefined>,
  authorization?: string | null
]

/** Bad proofs of a code: their refusal, the form, and the authorization. */
const BAD_PROOFS: Row[] = [
  ['a wrong secret', 'invalid_client', {},
    basic('photo-printer', `${SECRET_OF_PRINTER.slice(0, -1)}x`)],
  ['no authentication', 'invalid_client', {}, null],
  ['the id without the secret', 'invalid_client', { client_id: 'photo-printer' }, null],
  ['another client', 'invalid_grant', { client_id: 'terminal' }, null],
  ['another redirect_uri', 'invalid_grant', { redirect_uri: 'https://print.example/other' }],
  ['a longer redirect_uri', 'invalid_grant', { redirect_uri: `${WEB_CALLBACK}/` }],
  ['no verifier', 'invalid_grant', { code_verifier: undefined }],
  ['the verifier of another request', 'invalid_grant', { code_verifier: createPkce().verifier }],
  ['the challenge as the verifier', 'invalid_grant', { code_verifier: CHALLENGE }],
  ['a longer verifier', 'invalid_grant', { code_verifier: `${VERIFIER}A` }],
  ['another resource', 'invalid_target', { resource: 'https://other.example' }],
  ['no code', 'invalid_request', { code: undefined }],
  ['an empty code', 'invalid_request', { code: '' }]
]

t.test('code: a bad proof spends nothing', async t => {
  const { obtainCode, token, exchange, count } = await buildTokenApp(t)
  for (const [name, error, form, authorization] of BAD_PROOFS) {
    const code = await obtainCode()
    const refused = await token({
      grant_type: 'authorization_code', code, code_verifier: VERIFIER, ...form
    }, authorization)
    t.equal(refused.json().error, error, name)
    t.equal(refused.statusCode, error === 'invalid_client' ? 401 : 400)
    t.equal((await exchange(code)).statusCode, 200, `the code is good after ${name}`)
  }
  t.equal(count('reuse_detected'), 0)
})

t.test('code: both of two resources must be that of the request', async t => {
  const { obtainCode, token } = await buildTokenApp(t)
  const code = await obtainCode()
  const form = (...resources: string[]): [string, string][] => [
    ['grant_type', 'authorization_code'], ['code', code], ['code_verifier', VERIFIER],
    ...resources.map((resource): [string, string] => ['resource', resource])
  ]
  t.equal((await token(form(API, 'https://other.example'))).json().error, 'invalid_target')
  t.equal((await token(form(API, API))).statusCode, 200)
})

t.test('code: the redirect_uri and the resource of the request pass', async t => {
  const { obtainCode, exchange } = await buildTokenApp(t)
  const reply = await exchange(await obtainCode(), { redirect_uri: WEB_CALLBACK, resource: API })
  t.equal(reply.statusCode, 200)
})

t.test('code: keeps the port of a loopback redirect_uri', async t => {
  const { obtainCode, exchange } = await buildTokenApp(t)
  const redirectUri = 'http://127.0.0.1:53219/callback'
  const code = await obtainCode({ redirect_uri: redirectUri })
  const other = await exchange(code, { redirect_uri: 'http://127.0.0.1:53220/callback' })
  t.equal(other.json().error, 'invalid_grant')
  t.equal((await exchange(code, { redirect_uri: redirectUri })).statusCode, 200)
})

t.test('code: expires with its lifetime, whatever the leeway', async t => {
  for (const leeway of [0, 30]) {
    const { obtainCode, exchange, clock, app } = await buildTokenApp(t, { leeway })
    const [early, late] = [await obtainCode(), await obtainCode()]
    clock.advance(MINUTE - SECOND)
    t.equal((await exchange(early)).statusCode, 200)
    clock.advance(SECOND)
    const refused = await exchange(late)
    t.equal(refused.json().error, 'invalid_grant')
    t.match(refused.json().error_description, /expired/)
    t.equal((await app.tokens.sessions(1)).length, 1, 'only the session of the good exchange')
  }
})

t.test('code: lives as long as codeLifetime says', async t => {
  const { obtainCode, exchange, clock } = await buildTokenApp(t, {}, { codeLifetime: '5m' })
  const code = await obtainCode()
  t.equal(decode(code).payload.exp, (START + 5 * MINUTE) / 1000)
  clock.advance(5 * MINUTE - SECOND)
  t.equal((await exchange(code)).statusCode, 200)
})

t.test('code: refuses one of another server, issuer, audience, key or kind', async t => {
  const { obtainCode, exchange } = await buildTokenApp(t)
  const code = await obtainCode()
  const { payload } = decode(code)
  const { payload: renewed } = decode(await obtainCode())
  for (const [name, bad] of Object.entries({
    'another issuer': signAs('ES256', { ...payload, iss: 'https://evil.example' }),
    'another token endpoint': signAs('ES256', { ...payload, aud: `${ISSUER}/other/token` }),
    'the audience of the API': signAs('ES256', { ...payload, aud: API }),
    'no audience': signAs('ES256', { ...payload, aud: undefined }),
    'another key': signAs('ES256', payload, {}, createPair('ES256').privateKey),
    'no signature': `${code.slice(0, code.lastIndexOf('.'))}.`,
    'another payload': [
      code.split('.')[0], signAs('ES256', renewed).split('.')[1], code.split('.')[2]
    ].join('.'),
    'another kind': signAs('ES256', { ...payload, token_type: 'grant', user_id: '1' }),
    'no token': 'SplxlOBeZQQYbYS6WxSbIA'
  })) {
    const refused = await exchange(bad)
    t.same(refused.json(), {
      error: 'invalid_grant', error_description: 'The code is invalid or expired.'
    }, name)
  }
  t.equal((await exchange(code)).statusCode, 200)
})

t.test('code: refuses one that another registration of the app issued', async t => {
  const one = await buildTokenApp(t)
  const other = await buildTokenApp(t, { keys: [inputOf('ES256')] }, { prefix: '/staff' })
  const form = {
    grant_type: 'authorization_code', code: await one.obtainCode(), code_verifier: VERIFIER
  }
  const refused = await other.token(form, undefined, { url: '/staff/token' })
  t.equal(refused.json().error, 'invalid_grant')
  t.equal((await one.token(form)).statusCode, 200)
})

t.test('code: refuses one for a resource that the server has no tokens for any more', async t => {
  const mcp = 'https://id.example/mcp'
  const before = await buildTokenApp(t, {}, { resources: [mcp] })
  const after = await buildTokenApp(t)
  const code = await before.obtainCode({ resource: mcp })
  t.same((await after.exchange(code)).json(), {
    error: 'invalid_grant',
    error_description: 'The server has no tokens for the resource any more.'
  })
  t.equal((await before.exchange(code)).statusCode, 200)
})
