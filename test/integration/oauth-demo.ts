import t from 'tap'
import { login, post } from '../fixtures/clients/demo-client.ts'
import {
  appTokens, authorizationOf, authorizeUrl, codeFor, decide, exchange
} from '../fixtures/clients/photo-printer.ts'
import { startOAuthDemo } from '../fixtures/servers/oauth-demo.ts'
import { decode } from '../fixtures/tokens/jwt.ts'

const SECRET = 'this-secret-is-public-and-for-teaching-only'

const { url, stop } = await startOAuthDemo(t)
const { access } = await login(url)

/** Calls a route with an access token: the status and the body. */
async function call (path: string, token: string, method = 'GET') {
  const reply = await fetch(url + path, { method, headers: { authorization: `Bearer ${token}` } })
  const text = await reply.text()
  return {
    status: reply.status,
    challenge: reply.headers.get('www-authenticate'),
    body: text === '' ? null : JSON.parse(text)
  }
}

/** Asks for a token of Nightly Report itself. */
const report = (id: string, secret: string): Promise<Response> =>
  fetch(`${url}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'reports:write' })
  })

t.test('the metadata name the server, and S256', async t => {
  const reply = await fetch(`${url}/.well-known/oauth-authorization-server`)
  t.match(await reply.json(), {
    issuer: url,
    code_challenge_methods_supported: ['S256'],
    scopes_supported: ['openid', 'profile', 'photos:read', 'reports:write']
  })
})

t.test('Photo Printer learns who the user is, if the user allows it', async t => {
  const scope = 'openid profile'
  const { access_token: token, id_token: id } = await appTokens(url, access, { scope })
  t.match(decode(id as string).payload, { iss: url, sub: '1', aud: 'photo-printer' })
  t.same((await call('/oauth/userinfo', token)).body, { sub: '1', preferred_username: 'vitor' })
  const { access_token: less } = await appTokens(url, access, { scope: 'openid' })
  t.same((await call('/oauth/userinfo', less)).body, { sub: '1' })
})

t.test('Nightly Report gets a token for itself, which opens /reports/ only', async t => {
  const reply = await report('nightly-report', SECRET)
  t.equal(reply.status, 200)
  const tokens = await reply.json() as { access_token: string }
  t.match(tokens, {
    access_token: /^eyJ/, token_type: 'Bearer', expires_in: 300, scope: 'reports:write'
  })
  t.match(decode(tokens.access_token).header, { typ: 'at+jwt' })
  t.match(await call('/reports/', tokens.access_token, 'POST'), {
    status: 200, body: { accepted_from: 'nightly-report' }
  })
  for (const path of ['/hello/', '/photos/']) {
    t.match(await call(path, tokens.access_token), {
      status: 401, body: { messages: [{ message: 'Token has wrong type' }] }
    }, path)
  }
  t.equal((await call('/reports/', access, 'POST')).status, 401, 'a user is no client')
})

t.test('a wrong secret and an unknown client get the same answer', async t => {
  const answers = []
  for (const [id, secret] of [['nightly-report', 'wrong'], ['unknown', SECRET]] as const) {
    const reply = await report(id, secret)
    t.match(reply.headers.get('www-authenticate'), /^Basic realm="/)
    answers.push([reply.status, await reply.json()])
  }
  t.match(answers[0], [401, { error: 'invalid_client' }])
  t.strictSame(answers[0], answers[1])
})

t.test('a redirect URI that is not registered gets no redirect', async t => {
  const reply = await fetch(authorizeUrl(url, { redirect_uri: 'https://evil.example/' }), {
    redirect: 'manual'
  })
  t.equal(reply.status, 400)
  t.equal(reply.headers.get('location'), null)
  t.match(await reply.json(), { error: 'invalid_request' })
})

t.test('a request without PKCE goes back to the app with an error', async t => {
  const reply = await fetch(authorizeUrl(url, { code_challenge: '' }), { redirect: 'manual' })
  t.equal(reply.status, 303)
  const location = new URL(reply.headers.get('location') as string)
  t.equal(location.origin + location.pathname, 'http://127.0.0.1:8002/callback')
  t.match(Object.fromEntries(location.searchParams), {
    error: 'invalid_request', error_description: /PKCE/, state: 'a state', iss: url
  })
})

t.test('a request leads to the consent page, and no leads back', async t => {
  const reply = await fetch(authorizeUrl(url), { redirect: 'manual' })
  t.equal(reply.status, 303)
  t.match(reply.headers.get('location'), /\/connect\?authorization=eyJ/)
  const answer = await decide(url, access, await authorizationOf(url), false)
  const { redirect_to: address } = await answer.json() as { redirect_to: string }
  t.equal(new URL(address).searchParams.get('error'), 'access_denied')
})

t.test('the token of Photo Printer opens /photos/, and nothing else', async t => {
  const app = await appTokens(url, access)
  t.match(app, { token_type: 'Bearer', scope: 'photos:read', refresh_token: /^eyJ/ })
  const photos = await call('/photos/', app.access_token)
  t.equal(photos.status, 200)
  t.equal(photos.body.length, 3)
  for (const path of ['/hello/', '/me/', '/api/token/sessions/']) {
    t.match(await call(path, app.access_token), {
      status: 403, challenge: /error="insufficient_scope"/
    }, path)
  }
  t.equal((await call('/reports/', app.access_token, 'POST')).status, 401)
  const allowing = await decide(url, app.access_token, await authorizationOf(url))
  t.equal(allowing.status, 403, 'an app cannot allow another')
  t.equal((await call('/photos/', access)).status, 200, 'the user needs no scope')
})

t.test('a second exchange of a code revokes what the first was given', async t => {
  const code = await codeFor(url, access)
  const { access_token: token } = await (await exchange(url, code)).json() as {
    access_token: string
  }
  t.equal((await call('/photos/', token)).status, 200)
  const again = await exchange(url, code)
  t.equal(again.status, 400)
  t.match(await again.json(), { error: 'invalid_grant', error_description: /^The code was used/ })
  t.match(await call('/photos/', token), {
    status: 401, body: { messages: [{ message: 'Token is blacklisted' }] }
  })
})

t.test('the refresh token of an app is not one of the user', async t => {
  const { refresh_token: refresh } = await appTokens(url, access)
  const reply = await post(`${url}/api/token/refresh/`, { refresh })
  t.equal(reply.status, 401)
  t.match(await reply.json(), { code: 'token_not_valid' })
})

t.test('the user finds an app among the sessions, and ends it', async t => {
  const app = await appTokens(url, access)
  const { sid } = decode(app.access_token).payload
  const { body: sessions } = await call('/api/token/sessions/', access)
  t.match(sessions.find((session: { sid: string }) => session.sid === sid), {
    client_id: 'photo-printer', scope: 'photos:read'
  })
  t.equal((await call(`/api/token/sessions/${sid}/`, access, 'DELETE')).status, 204)
  t.equal((await call('/photos/', app.access_token)).status, 401)
})

t.test('the demo ends as ever', async t => {
  t.equal(await stop(), 0)
})
