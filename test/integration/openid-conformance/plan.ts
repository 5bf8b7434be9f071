import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

/** The modules of the Config OP and the Basic OP plan of the OpenID conformance suite. */
const MODULES = [
  'OIDCCDiscoveryEndpointVerification',
  'OIDCCServerTest',
  'OIDCCResponseTypeMissing',
  'OIDCCIdTokenSignature',
  'OIDCCIdTokenUnsigned',
  'OIDCCUserInfoGet',
  'OIDCCUserInfoPostHeader',
  'OIDCCUserInfoPostBody',
  'OIDCCEnsureRequestWithoutNonceSucceedsForCodeFlow',
  'OIDCCScopeProfile',
  'OIDCCScopeEmail',
  'OIDCCScopeAddress',
  'OIDCCScopePhone',
  'OIDCCScopeAll',
  'OIDCCAlternateHappyFlow',
  'OIDCCDisplayPage',
  'OIDCCDisplayPopup',
  'OIDCCPromptLogin',
  'OIDCCPromptNoneNotLoggedIn',
  'OIDCCPromptNoneLoggedIn',
  'OIDCCMaxAge1',
  'OIDCCMaxAge10000',
  'OIDCCEnsureRequestWithUnknownParameterSucceeds',
  'OIDCCIdTokenHint',
  'OIDCCLoginHint',
  'OIDCCUiLocales',
  'OIDCCClaimsLocales',
  'OIDCCEnsureRequestWithAcrValuesSucceeds',
  'OIDCCAuthCodeReuse',
  'OIDCCAuthCodeReuseAfter30Seconds',
  'OIDCCEnsureRegisteredRedirectUri',
  'OIDCCEnsurePostRequestSucceeds',
  'OIDCCServerTestClientSecretPost',
  'OIDCCRequestUriUnsignedSupportedCorrectlyOrRejectedAsUnsupported',
  'OIDCCUnsignedRequestObjectSupportedCorrectlyOrRejectedAsUnsupported',
  'OIDCCClaimsEssential',
  'OIDCCEnsureRequestObjectWithRedirectUri',
  'OIDCCRefreshToken',
  'OIDCCEnsureRequestWithValidPkceSucceeds'
]

/** Modules without a case, and the reason. Every case uses PKCE, which the suite does not. */
const LEFT_OUT: Record<string, string> = {
  OIDCCIdTokenUnsigned: 'The server signs each token.',
  OIDCCUserInfoPostBody: 'A token in a body is optional (RFC 6750 section 2.2).',
  OIDCCScopeAddress: 'The scope is optional. OIDCCScopeAll has it.',
  OIDCCScopePhone: 'The scope is optional. OIDCCScopeAll has it.'
}

t.test('the cases of this folder are the modules of two plans, once each', async t => {
  const folder = import.meta.dirname
  const sources = readdirSync(folder).filter(name => name !== 'plan.ts')
    .map(name => readFileSync(join(folder, name), 'utf8')).join('')
  const cases = [...sources.matchAll(/\b(OIDCC\w+): /g)].map(([, name]) => name)
  t.same(cases.sort(), MODULES.filter(name => !(name in LEFT_OUT)).sort())
  t.same(Object.keys(LEFT_OUT).filter(name => !MODULES.includes(name)), [])
})
