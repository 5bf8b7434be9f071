import t from 'tap'
import type { Client } from '../../plugin/oauth/clients.ts'
import { hintedUser, mintIdToken } from '../../plugin/oauth/id-token.ts'
import { DAY, MINUTE } from '../fixtures/app.ts'
import { ISSUER, type TestServer, buildServer } from '../fixtures/oauth/authorization-server.ts'
import { buildTokenApp } from '../fixtures/oauth/token-app.ts'
import { decode } from '../fixtures/tokens/jwt.ts'
import { createPair } from '../fixtures/tokens/keys.ts'

const SID = '00112233445566778899aabbccddeeff'

/** Mints the ID token of user 1, who logged in a minute ago. */
async function mintBy (
  { server, clock }: TestServer, endsAt = clock.time + DAY, nonce: string | undefined = 'n-0S6'
): Promise<string> {
  const client = await server.options.findClient('photo-printer') as Client
  const authTime = (clock.time - MINUTE) / 1000
  return mintIdToken(server, { sid: SID, userId: '1', endsAt }, { client, authTime }, nonce)
}

t.test('id token: has the claims of OpenID Connect, and no others', async t => {
  const test = await buildServer(t)
  const now = test.clock.time / 1000
  const { header, payload } = decode(await mintBy(test))
  t.match(header, { alg: 'ES256', typ: 'JWT' })
  const { jti, ...claims } = payload
  t.match(jti, /^[\da-f]{32}$/)
  t.strictSame(claims, {
    exp: now + 300,
    iat: now,
    sub: '1',
    aud: 'photo-printer',
    nonce: 'n-0S6',
    auth_time: now - 60,
    sid: SID,
    token_type: 'id',
    iss: ISSUER
  })
})

t.test('id token: without a nonce in the request has none', async t => {
  const test = await buildServer(t)
  const client = await test.server.options.findClient('gallery') as Client
  const token = mintIdToken(test.server,
    { sid: SID, userId: '1', endsAt: test.clock.time + DAY }, { client, authTime: 1 }, undefined)
  t.notOk('nonce' in decode(token).payload)
})

t.test('id token: expires with an access token, and at the end of the session', async t => {
  const test = await buildServer(t, { core: { accessTokenLifetime: '2m' } })
  const now = test.clock.time
  t.equal(decode(await mintBy(test)).payload.exp, (now + 2 * MINUTE) / 1000)
  t.equal(decode(await mintBy(test, now + 5000)).payload.exp, now / 1000 + 5)
})

t.test('id token: only a code with the scope openid gives one, and a refresh does not', async t => {
  const built = await buildTokenApp(t)
  const plain = await built.tokens({ nonce: 'n' })
  t.notOk('id_token' in plain)
  const { id_token: token, refresh_token: refresh } =
    await built.tokens({ scope: 'openid photos:read', nonce: 'n' })
  const { sid, nonce } = decode(token as string).payload
  t.equal(nonce, 'n')
  t.ok((await built.app.tokens.sessions(1)).some(session => session.sid === sid))
  t.notOk('id_token' in (await built.refresh(refresh)).json())
})

t.test('id token: a scope that the client has lost gives none', async t => {
  const scopes = ['openid', 'photos:read']
  const built = await buildTokenApp(t, {}, {
    clients: [],
    findClient: id => ({ id, name: id, redirectUris: ['https://print.example/callback'], scopes })
  })
  const exchange = async (code: string) =>
    (await built.token({
      grant_type: 'authorization_code',
      client_id: 'photo-printer',
      code,
      code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
    }, null)).json()
  const code = await built.obtainCode({ scope: 'openid photos:read' })
  scopes.shift()
  t.match(await exchange(code), { scope: 'photos:read', id_token: undefined })
})

t.test('hint: names the user of an ID token of the client, also of an expired one', async t => {
  const test = await buildServer(t)
  const token = await mintBy(test)
  t.equal(hintedUser(test.server, 'photo-printer', token), '1')
  test.clock.advance(30 * DAY)
  t.equal(hintedUser(test.server, 'photo-printer', token), '1')
})

t.test('hint: any other text names no user', async t => {
  const test = await buildServer(t)
  const token = await mintBy(test)
  const { server } = test
  t.equal(hintedUser(server, 'gallery', token), undefined, 'of another client')
  const { privateKey } = createPair('ES256')
  const other = await buildServer(t, { core: { keys: [{ algorithm: 'ES256', privateKey }] } })
  t.equal(hintedUser(other.server, 'photo-printer', token), undefined, 'of another key')
  const { payload } = decode(token)
  for (const [name, changes] of Object.entries({
    'another issuer': { iss: 'https://evil.example' },
    'another kind': { token_type: 'access', user_id: '1' },
    'no id': { jti: undefined }
  })) {
    const changed = server.core.keys.sign({ ...payload, ...changes })
    t.equal(hintedUser(server, 'photo-printer', changed), undefined, name)
  }
  for (const text of ['', 'x', 'a.b.c', token.slice(0, -2), `${token}=`]) {
    t.equal(hintedUser(server, 'photo-printer', text), undefined, text.slice(0, 5))
  }
})
