import t from 'tap'
import { checkInvalidGrant, checkTokens, signIn } from '../../fixtures/oauth/openid-flow.ts'
import { type OpenIdTest, openOpenIdServer } from '../../fixtures/oauth/relying-party.ts'
import { inputOf } from '../../fixtures/tokens/keys.ts'

// The token endpoint, with names as in the Basic OP plan of the conformance suite.

/**
 * The claims that an ID token may have without a request for them, by the suite. `token_type` is
 * the exception of this server: it keeps the token out of places that take another kind. The suite
 * warns of it.
 */
const EXPECTED_CLAIMS = [
  'iss', 'sub', 'aud', 'exp', 'iat', 'auth_time', 'nonce', 'jti', 'sid', 'token_type'
]

/** Returns the status of a route for apps with the scope of the printer. */
const photos = async ({ url }: OpenIdTest, access: string): Promise<number> =>
  (await fetch(`${url}/photos/`, { headers: { authorization: `Bearer ${access}` } })).status

t.test('OIDCCServerTest: a code gets an ID token and opens userinfo', async t => {
  const test = await openOpenIdServer(t)
  const first = await signIn(t, test)
  t.match(first.code, /^[\w.-]{16,}$/)
  t.same(Object.keys(first.claims).filter(name => !EXPECTED_CLAIMS.includes(name)), [])
  t.equal(first.claims.aud, 'first-client')
  t.equal(first.claims.auth_time, test.clock.time / 1000)
  const second = await signIn(t, test, { party: test.second })
  t.equal(second.claims.aud, 'second-client')
  t.equal(second.claims.sub, first.claims.sub)
  await t.rejects(test.first.verify(second.tokens.id_token), /"aud"/)
})

t.test('OIDCCIdTokenSignature: a server with an RSA key signs by RS256, with a kid', async t => {
  const test = await openOpenIdServer(t, { core: { keys: [inputOf('RS256')] } })
  t.same(test.first.metadata.id_token_signing_alg_values_supported, ['RS256'])
  const { header } = await signIn(t, test)
  t.match(header, { alg: 'RS256', kid: /./ })
})

t.test('OIDCCServerTestClientSecretPost: client_secret_post authenticates', async t => {
  await signIn(t, await openOpenIdServer(t), { by: 'client_secret_post' })
})

t.test('OIDCCAuthCodeReuse: a second exchange of a code is refused', async t => {
  const test = await openOpenIdServer(t)
  const { attempt, code } = await signIn(t, test)
  checkInvalidGrant(t, await test.first.exchange(attempt, code))
})

t.test('OIDCCAuthCodeReuseAfter30Seconds: a second exchange of a code after 30 seconds ' +
  'is refused, and revokes the tokens', async t => {
  const test = await openOpenIdServer(t)
  const { attempt, code, tokens } = await signIn(t, test, {
    parameters: { scope: 'openid photos:read' }
  })
  test.clock.advance(30_000)
  t.equal(await photos(test, tokens.access_token), 200)
  checkInvalidGrant(t, await test.first.exchange(attempt, code))
  t.equal((await test.first.userinfo(tokens.access_token)).status, 401)
  t.equal(await photos(test, tokens.access_token), 401)
  checkInvalidGrant(t, await test.first.refresh(tokens.refresh_token))
})

t.test('OIDCCRefreshToken: a refresh gets tokens, for its own client only', async t => {
  const test = await openOpenIdServer(t)
  const { first, second, clock } = test
  t.ok((first.metadata.grant_types_supported as string[]).includes('refresh_token'))
  for (const party of [first, second]) {
    const before = await signIn(t, test, { party })
    t.match(before.tokens.refresh_token, /^[\x21-\x7E]{16,}$/)
    clock.advance(1000)
    // The suite sends the scope with the first client, and none with the second.
    const scope: Record<string, string> = party === first ? { scope: 'openid' } : {}
    const after = checkTokens(t, await party.refresh(before.tokens.refresh_token, scope))
    t.not(after.access_token, before.tokens.access_token)
    t.equal((await party.userinfo(after.access_token)).body.sub, before.claims.sub)
    // Optional in a refresh (OpenID Connect Core section 12.2), and this server sends none.
    t.notOk('id_token' in after)

    const other = party === first ? second : first
    checkInvalidGrant(t, await other.refresh(after.refresh_token))
    t.equal((await party.refresh(after.refresh_token)).status, 200, 'the refusal spent nothing')
  }
})
