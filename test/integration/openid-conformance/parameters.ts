import t from 'tap'
import { signIn } from '../../fixtures/oauth/openid-flow.ts'
import type { AuthorizeParameters } from '../../fixtures/oauth/person.ts'
import { openOpenIdServer } from '../../fixtures/oauth/relying-party.ts'

// Requests that log the user in, each named as in the Basic OP plan of the conformance suite.

const ACCEPTED: Record<string, AuthorizeParameters> = {
  'OIDCCDisplayPage: display=page causes no error': { display: 'page' },
  'OIDCCDisplayPopup: display=popup causes no error': { display: 'popup' },
  'OIDCCEnsureRequestWithUnknownParameterSucceeds: an unknown parameter is ignored':
    { extra: 'foobar' },
  'OIDCCClaimsLocales: claims_locales causes no error': { claims_locales: 'se' },
  'OIDCCEnsureRequestWithAcrValuesSucceeds: acr_values cause no error': { acr_values: '1 2' }
}

for (const [name, parameters] of Object.entries(ACCEPTED)) {
  t.test(name, async t => {
    await signIn(t, await openOpenIdServer(t), { parameters })
  })
}

/** Parameters for the page, and the member of its details that has each. */
const FOR_THE_PAGE: Record<string, [parameters: AuthorizeParameters, member: string]> = {
  'OIDCCLoginHint: login_hint reaches the page':
    [{ login_hint: 'buffy@login.example' }, 'login_hint'],
  'OIDCCUiLocales: ui_locales reach the page': [{ ui_locales: 'se' }, 'ui_locales']
}

for (const [name, [parameters, member]] of Object.entries(FOR_THE_PAGE)) {
  t.test(name, async t => {
    const test = await openOpenIdServer(t)
    const location = (await test.browser.send(test.first.request(parameters).url))
      .headers.get('location')
    const { search } = new URL(location ?? '', test.url)
    const details = await fetch(`${test.url}/oauth/authorization/${search}`)
    t.equal((await details.json() as Record<string, unknown>)[member], parameters[member])
    await signIn(t, test, { parameters })
  })
}

t.test('OIDCCEnsureRequestWithoutNonceSucceedsForCodeFlow: ' +
  'a request without nonce gets an ID token without one', async t => {
  const { claims } = await signIn(t, await openOpenIdServer(t), {
    parameters: { nonce: undefined }
  })
  t.notOk('nonce' in claims)
})

t.test('OIDCCEnsurePostRequestSucceeds: a request by POST logs the user in', async t => {
  await signIn(t, await openOpenIdServer(t), { method: 'POST' })
})

t.test('OIDCCEnsureRequestWithValidPkceSucceeds: ' +
  'a request with PKCE needs its verifier', async t => {
  const test = await openOpenIdServer(t)
  await signIn(t, test)
  t.ok((test.first.metadata.code_challenge_methods_supported as string[]).includes('S256'))
  const attempt = test.first.request()
  const code = (await test.browser.visit(attempt.url)).searchParams.get('code') ?? ''
  const other = test.first.request()
  const stolen = await test.first.exchange({ ...attempt, pkce: other.pkce }, code)
  t.match(stolen, { status: 400, body: { error: 'invalid_grant' } })
  t.equal((await test.first.exchange(attempt, code)).status, 200)
})
