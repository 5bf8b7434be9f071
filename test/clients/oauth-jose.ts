import { createRemoteJWKSet, jwtVerify } from 'jose'
import t from 'tap'
import { openProvider } from '../fixtures/oauth/openid-provider.ts'
import { obtainCode } from '../fixtures/oauth/person.ts'
import { createPkce } from '../fixtures/oauth/pkce.ts'
import type { OAuthServer } from '../fixtures/oauth/server.ts'
import { exchangeForm, requestToken } from '../fixtures/oauth/token-request.ts'
import type { Test } from '../fixtures/servers/home.ts'
import { inputOf } from '../fixtures/tokens/keys.ts'

interface Login extends OAuthServer {
  tokens: { access_token: string, id_token: string }
  keys: ReturnType<typeof createRemoteJWKSet>
}

/** Logs vitor in, and finds the keys of the server in its metadata. */
async function logIn (t: Test, algorithm: 'ES256' | 'RS256' | 'EdDSA' = 'ES256'): Promise<Login> {
  const server = await openProvider(t, { core: { keys: [inputOf(algorithm)] } })
  const { url } = server
  const pkce = createPkce()
  const code = await obtainCode(url, pkce, { scope: 'openid', nonce: 'a nonce' })
  const { body } = await requestToken(url, exchangeForm(code, pkce.verifier))
  const metadata = await fetch(`${url}/.well-known/openid-configuration`)
  const { jwks_uri: address } = await metadata.json() as { jwks_uri: string }
  return {
    ...server,
    tokens: body as typeof body & Login['tokens'],
    keys: createRemoteJWKSet(new URL(address))
  }
}

for (const algorithm of ['ES256', 'RS256', 'EdDSA'] as const) {
  t.test(`jose: verifies an ID token by the remote JWKS, ${algorithm}`, async t => {
    const { tokens, keys, url: issuer, clock } = await logIn(t, algorithm)
    const { payload, protectedHeader } = await jwtVerify(tokens.id_token, keys,
      { issuer, audience: 'photo-printer', typ: 'JWT', requiredClaims: ['exp', 'iat', 'sid'] })
    t.equal(protectedHeader.alg, algorithm)
    t.match(payload, { sub: '1', nonce: 'a nonce', auth_time: clock() / 1000 })
  })
}

t.test('jose: an ID token is no access token, and the other way round', async t => {
  const { tokens, keys, url: issuer, audience } = await logIn(t)
  const access = { issuer, audience, typ: 'at+jwt' }
  t.match((await jwtVerify(tokens.access_token, keys, access)).payload, { sub: '1' })
  await t.rejects(jwtVerify(tokens.id_token, keys, access))
  await t.rejects(jwtVerify(tokens.access_token, keys, { issuer, audience: 'photo-printer' }),
    { message: /"aud"/ })
  await t.rejects(jwtVerify(tokens.access_token, keys, { issuer, typ: 'JWT' }),
    { message: /"typ"/ })
})
