import t, { type Test } from 'tap'
import { checkUserinfo, signIn } from '../../fixtures/oauth/openid-flow.ts'
import { CLAIMS_OF_SCOPES } from '../../fixtures/oauth/openid-user.ts'
import { logIn } from '../../fixtures/oauth/person.ts'
import { type OpenIdTest, openOpenIdServer } from '../../fixtures/oauth/relying-party.ts'

// The userinfo endpoint, with names as in the Basic OP plan of the conformance suite.

const METHODS = { OIDCCUserInfoGet: 'GET', OIDCCUserInfoPostHeader: 'POST' } as const

for (const [name, method] of Object.entries(METHODS)) {
  t.test(`${name}: ${method} with the access token in a header returns the user`, async t => {
    // A claim of the host's makes no app of the user's own login.
    const test = await openOpenIdServer(t, { core: { claims: () => ({ scope: 'openid' }) } })
    const { tokens, claims } = await signIn(t, test)
    const answer = await test.first.userinfo(tokens.access_token, method)
    checkUserinfo(t, answer, claims)
    t.same(Object.keys(answer.body), ['sub'])

    const refused = await test.first.userinfo('not-a-token', method)
    t.equal(refused.status, 401)
    t.match(refused.headers.get('www-authenticate'), /^Bearer .*error="invalid_token"/)
    for (const access of [await accessWithoutOpenId(t, test), await logIn(test.url)]) {
      const forbidden = await test.first.userinfo(access, method)
      t.equal(forbidden.status, 403)
      t.match(forbidden.headers.get('www-authenticate'),
        /^Bearer .*error="insufficient_scope".*scope="openid"/)
    }
  })
}

/** Returns the access token of a client that asks for no scope of OpenID Connect. */
async function accessWithoutOpenId (t: Test, { browser, first }: OpenIdTest): Promise<string> {
  const attempt = first.request({ scope: 'photos:read' })
  const code = (await browser.visit(attempt.url)).searchParams.get('code') ?? ''
  const { body } = await first.exchange(attempt, code)
  t.notOk('id_token' in body, 'there is no ID token without the scope openid')
  return body.access_token
}

const SCOPES: Record<string, string[]> = {
  OIDCCScopeProfile: ['profile'],
  OIDCCScopeEmail: ['email'],
  OIDCCScopeAll: ['address', 'email', 'phone', 'profile']
}

for (const [name, scopes] of Object.entries(SCOPES)) {
  t.test(`${name}: ${scopes.join(', ')} open their claims at userinfo only`, async t => {
    const test = await openOpenIdServer(t)
    const supported = test.first.metadata.scopes_supported as string[]
    t.same(['openid', ...scopes].filter(scope => !supported.includes(scope)), [])
    const { claims, tokens, userinfo } = await signIn(t, test, {
      parameters: { scope: ['openid', ...scopes].join(' ') }
    })
    const expected = Object.assign({}, ...scopes.map(scope => CLAIMS_OF_SCOPES[scope]))
    t.same(userinfo.body, { sub: claims.sub, ...expected })
    t.same(tokens.scope.split(' ').sort(), ['openid', ...scopes].sort())
    t.same(Object.keys(claims).filter(claim => claim in expected), [])
  })
}

t.test('OIDCCAlternateHappyFlow: neither the order of the scopes nor that of the parameters ' +
  'counts', async t => {
  const test = await openOpenIdServer(t)
  const attempt = test.first.request({ scope: 'email openid' })
  attempt.url.search = String(new URLSearchParams([...attempt.url.searchParams].reverse()))
  const code = (await test.browser.visit(attempt.url)).searchParams.get('code') ?? ''
  const { body: tokens } = await test.first.exchange(attempt, code)
  const { payload: claims } = await test.first.verify(tokens.id_token)
  t.equal(claims.nonce, attempt.nonce)
  const userinfo = await test.first.userinfo(tokens.access_token)
  checkUserinfo(t, userinfo, claims)
  t.same(userinfo.body, { sub: claims.sub, ...CLAIMS_OF_SCOPES.email })
})

t.test('OIDCCClaimsEssential: the parameter claims is ignored, and opens no claim', async t => {
  const test = await openOpenIdServer(t)
  t.not(test.first.metadata.claims_parameter_supported, true)
  const { claims, userinfo } = await signIn(t, test, {
    parameters: { claims: JSON.stringify({ userinfo: { name: { essential: true } } }) }
  })
  t.same(userinfo.body, { sub: claims.sub })
  t.notOk('name' in claims)
})
