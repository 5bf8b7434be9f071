import t from 'tap'
import { checkRefusal } from '../../fixtures/oauth/openid-flow.ts'
import {
  type Attempt, type RelyingParty, openOpenIdServer
} from '../../fixtures/oauth/relying-party.ts'

// Requests that the server refuses, each named as in the Basic OP plan of the conformance suite.

/** An unsigned request object (OpenID Connect Core section 6.1) of a request. */
function requestObjectOf ({ url }: Attempt): string {
  const [header, payload] = [{ alg: 'none' }, Object.fromEntries(url.searchParams)]
    .map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
  return `${header}.${payload}.`
}

/** The parameters that stay in the URL. The object has the other ones, and the state too. */
const OUTSIDE = ['response_type', 'client_id', 'scope', 'redirect_uri']

/** Moves the parameters of a request into an object, which the URL has or names. */
function withObject (party: RelyingParty, name: 'request' | 'request_uri'): Attempt {
  const attempt = party.request()
  const object = requestObjectOf(attempt)
  const url = new URL(attempt.url)
  url.search = String(new URLSearchParams([
    ...[...attempt.url.searchParams].filter(([parameter]) => OUTSIDE.includes(parameter)),
    [name, name === 'request' ? object : 'https://rp.example/object.jwt#a-fragment']
  ]))
  return { ...attempt, url, state: undefined }
}

t.test('OIDCCResponseTypeMissing: a request without response_type is refused', async t => {
  const { browser, first } = await openOpenIdServer(t)
  const attempt = first.request({ response_type: undefined })
  checkRefusal(t, first, attempt, await browser.visit(attempt.url),
    ['unsupported_response_type', 'invalid_request'])
  t.equal(browser.pages, 0)
})

t.test('OIDCCPromptNoneNotLoggedIn: prompt=none without a recent login is refused', async t => {
  const { browser, clock, first } = await openOpenIdServer(t)
  const parameters = { prompt: 'none', state: 'a/+&= b'.repeat(19).slice(0, 128) }
  t.equal(parameters.state.length, 128)
  const refuse = async (more = {}) => {
    const attempt = first.request({ ...parameters, ...more })
    checkRefusal(t, first, attempt, await browser.visit(attempt.url), ['login_required'])
  }
  await refuse()
  t.equal(browser.pages, 0)

  await browser.visit(first.request().url)
  t.equal(browser.logins, 1)
  clock.advance(2000)
  await refuse({ max_age: '1' })
  // The user has not allowed the scope yet, and must log in first.
  await refuse({ max_age: '1', scope: 'openid email' })
  t.equal(browser.pages, 1)
  browser.logOut()
  await refuse()
  t.equal(browser.pages, 1)
})

t.test('OIDCCEnsureRegisteredRedirectUri: no redirect to an unregistered URI', async t => {
  const { browser, first, second } = await openOpenIdServer(t)
  for (const uri of [`${first.redirectUri}/Zx8kQ2mV0p`, second.redirectUri]) {
    const reply = await browser.send(first.request({ redirect_uri: uri }).url)
    t.equal(reply.status, 400, uri)
    t.equal(reply.headers.get('location'), null)
    t.match(await reply.json(), { error: 'invalid_request', error_description: /redirect_uri/ })
  }
})

t.test('OIDCCRequestUriUnsignedSupportedCorrectlyOrRejectedAsUnsupported: ' +
  'a request_uri is refused as not supported', async t => {
  const { browser, first } = await openOpenIdServer(t)
  t.equal(first.metadata.request_uri_parameter_supported, false)
  const attempt = withObject(first, 'request_uri')
  checkRefusal(t, first, attempt, await browser.visit(attempt.url), ['request_uri_not_supported'])
})

t.test('OIDCCUnsignedRequestObjectSupportedCorrectlyOrRejectedAsUnsupported: ' +
  'a request object is refused as not supported', async t => {
  const { browser, first } = await openOpenIdServer(t)
  t.equal(first.metadata.request_parameter_supported, false)
  const attempt = withObject(first, 'request')
  checkRefusal(t, first, attempt, await browser.visit(attempt.url), ['request_not_supported'])
})

t.test('OIDCCEnsureRequestObjectWithRedirectUri: ' +
  'a bad redirect_uri beside a request object is refused without a redirect', async t => {
  const { browser, first } = await openOpenIdServer(t)
  const { url } = withObject(first, 'request')
  url.searchParams.set('redirect_uri', `${first.redirectUri}_invalid`)
  const reply = await browser.send(url)
  t.equal(reply.status, 400)
  t.equal(reply.headers.get('location'), null)
  t.match(await reply.json(), { error: 'invalid_request', error_description: /redirect_uri/ })
})
