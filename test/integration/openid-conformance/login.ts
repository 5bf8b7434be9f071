import t from 'tap'
import { type SignedIn, signIn } from '../../fixtures/oauth/openid-flow.ts'
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
  /** How often the browser sees the page of the host. */
  pages: number
}

const TWICE: Record<string, Twice> = {
  'OIDCCPromptNoneLoggedIn: prompt=none logs the user in without a page': {
    second: () => ({ prompt: 'none' }), pages: 1
  },
  'OIDCCMaxAge10000: max_age=10000 requires no new login': {
    first: { max_age: '15000' }, second: () => ({ max_age: '10000' }), pages: 2
  },
  'OIDCCIdTokenHint: prompt=none with id_token_hint logs the same user in without a page': {
    second: ({ tokens }) => ({ prompt: 'none', id_token_hint: tokens.id_token }), pages: 1
  }
}

for (const [name, { first, second, pages }] of Object.entries(TWICE)) {
  t.test(name, async t => {
    const test: OpenIdTest = await openOpenIdServer(t)
    const before = await signIn(t, test, first && { parameters: first })
    test.clock.advance(5000)
    const after = await signIn(t, test, { parameters: second(before) })
    t.equal(test.browser.logins, 1, 'the user saw the login form once')
    t.equal(test.browser.pages, pages)
    t.equal(authTimeOf(after), authTimeOf(before))
    t.equal(authTimeOf(after), (test.clock.time - 5000) / 1000)
    t.equal(after.claims.sub, before.claims.sub)
  })
}
