import t, { type Test } from 'tap'
import { type SignedIn, checkRefusal, signIn } from '../../fixtures/oauth/openid-flow.ts'
import type { AuthorizeParameters } from '../../fixtures/oauth/person.ts'
import { type OpenIdTest, openOpenIdServer } from '../../fixtures/oauth/relying-party.ts'

// Two logins of a user, with names as in the Basic OP plan of the conformance suite.

const authTimeOf = ({ claims }: SignedIn): number => claims.auth_time as number

/** Modules in which the second request must let the user log in again. */
const AGAIN: Record<string, [parameters: AuthorizeParameters, waitMs: number]> = {
  'OIDCCPromptLogin: prompt=login requires a new login': [{ prompt: 'login' }, 1000],
  'OIDCCMaxAge1: max_age=1 requires a new login after 2 seconds': [{ max_age: '1' }, 2000]
}

for (const [name, [parameters, waitMs]] of Object.entries(AGAIN)) {
  t.test(name, async t => {
    const test = await openOpenIdServer(t)
    const before = await signIn(t, test)
    t.equal(test.browser.logins, 1)
    test.clock.advance(waitMs)
    const after = await signIn(t, test, { parameters })
    t.equal(test.browser.logins, 2, 'the user saw the login form again')
    t.equal(authTimeOf(after), test.clock.time / 1000, 'auth_time is that of the second login')
    t.ok(authTimeOf(after) > authTimeOf(before))
    t.equal(after.claims.sub, before.claims.sub)
  })
}

/** Modules in which the first login must be enough for the second request. */
interface Twice {
  first?: AuthorizeParameters
  second (before: SignedIn): AuthorizeParameters
  waitMs: number
  /** How often the browser sees the page of the host. */
  pages: number
  more? (t: Test, test: OpenIdTest, before: SignedIn): Promise<void>
}

const TWICE: Record<string, Twice> = {
  'OIDCCPromptNoneLoggedIn: prompt=none logs the user in without a page': {
    second: () => ({ prompt: 'none' }),
    waitMs: 5000,
    pages: 1,
    more: refuseNewConsent
  },
  'OIDCCMaxAge10000: max_age=10000 requires no new login': {
    first: { max_age: '15000' },
    second: () => ({ max_age: '10000' }),
    waitMs: 5000,
    pages: 2
  },
  'OIDCCIdTokenHint: prompt=none with id_token_hint logs the same user in without a page': {
    second: ({ tokens }) => ({ prompt: 'none', id_token_hint: tokens.id_token }),
    // The ID token has expired, and still names its user.
    waitMs: 3_600_000,
    pages: 1,
    more: refuseOtherUser
  }
}

for (const [name, { first, second, waitMs, pages, more }] of Object.entries(TWICE)) {
  t.test(name, async t => {
    const test = await openOpenIdServer(t)
    const before = await signIn(t, test, first && { parameters: first })
    test.clock.advance(waitMs)
    const after = await signIn(t, test, { parameters: second(before) })
    t.equal(test.browser.logins, 1, 'the user saw the login form once')
    t.equal(test.browser.pages, pages)
    t.equal(authTimeOf(after), authTimeOf(before))
    t.equal(authTimeOf(after), (test.clock.time - waitMs) / 1000)
    t.equal(after.claims.sub, before.claims.sub)
    await more?.(t, test, before)
  })
}

/** Without a page the user cannot be asked for more scopes, nor for another client. */
async function refuseNewConsent (t: Test, { browser, first, second }: OpenIdTest): Promise<void> {
  for (const [party, scope] of [[first, 'openid email'], [second, 'openid']] as const) {
    const attempt = party.request({ prompt: 'none', scope })
    checkRefusal(t, party, attempt, await browser.visit(attempt.url), ['consent_required'])
  }
  t.equal(browser.pages, 1)
}

/** Only the user of the hint may log in, and only with an ID token of the client. */
async function refuseOtherUser (
  t: Test, test: OpenIdTest, { tokens, claims }: SignedIn
): Promise<void> {
  const { browser, first, second } = test
  const hint = tokens.id_token as string
  const foreign = await signIn(t, test, { party: second })
  const altered = `${hint.slice(0, hint.lastIndexOf('.'))}.${'A'.repeat(86)}`
  for (const bad of [foreign.tokens.id_token, altered, tokens.access_token]) {
    const attempt = first.request({ prompt: 'none', id_token_hint: bad })
    checkRefusal(t, first, attempt, await browser.visit(attempt.url), ['invalid_request'])
  }

  browser.logOut()
  browser.person = { username: 'maria', password: '456' }
  const maria = await signIn(t, test)
  t.not(maria.claims.sub, claims.sub)
  const silent = first.request({ prompt: 'none', id_token_hint: hint })
  checkRefusal(t, first, silent, await browser.visit(silent.url), ['login_required'])
  // The page lets the user log in again, and the server refuses another one.
  const parameters = { id_token_hint: hint }
  await t.rejects(browser.visit(first.request(parameters).url), /403 .*"login_required"/)
  browser.person = {}
  t.equal((await signIn(t, test, { parameters })).claims.sub, claims.sub)
}
