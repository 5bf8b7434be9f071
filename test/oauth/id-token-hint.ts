import t from 'tap'
import { DAY } from '../fixtures/app.ts'
import {
  type AuthorizeApp, GOOD, ISSUER, askAuthorize, authorizationOf, buildAuthorizeApp
} from '../fixtures/oauth/authorize-app.ts'
import { RFC_7636_PKCE } from '../fixtures/oauth/pkce.ts'
import { PRINTER_BASIC } from '../fixtures/oauth/token-request.ts'
import { postForm } from '../fixtures/oauth/token-app.ts'

/** Returns the ID token that the printer gets for user 1. */
async function idTokenOf ({ app, clock }: AuthorizeApp): Promise<string> {
  const { headers } = await askAuthorize(app, { scope: 'openid' })
  const answer = await app.oauth.approve(textIn(headers.location), { id: 1 }, {
    authTime: clock.time
  })
  const reply = await postForm(app, {
    grant_type: 'authorization_code',
    code: new URL(answer).searchParams.get('code') as string,
    code_verifier: RFC_7636_PKCE.verifier
  }, PRINTER_BASIC)
  return reply.json().id_token
}

const textIn = (location: unknown): string =>
  new URL(String(location), ISSUER).searchParams.get('authorization') as string

t.test('id_token_hint: only the user of the ID token may decide', async t => {
  const built = await buildAuthorizeApp(t)
  const { app, clock } = built
  const hint = await idTokenOf(built)
  clock.advance(30 * DAY)
  const { headers } = await askAuthorize(app, { id_token_hint: hint })
  const { expected_user: expected } = authorizationOf(headers.location)
  t.equal(expected, '1')
  const text = textIn(headers.location)
  const options = { authTime: clock.time }
  await t.rejects(app.oauth.approve(text, { id: 3 }, options), {
    statusCode: 403,
    code: 'login_required',
    body: { detail: 'The app asks for another user. Log in as that user.', code: 'login_required' }
  })
  t.same(await app.tokens.sessions(3), [], 'a refusal starts no session')
  t.match(await app.oauth.approve(text, { id: 1 }, options), /[?]code=/)
  t.match(await app.oauth.deny(text), 'error=access_denied', 'any user may deny')
})

t.test('id_token_hint: each user may decide about a request without one', async t => {
  const { app } = await buildAuthorizeApp(t)
  for (const hint of [undefined, '']) {
    const { headers } = await askAuthorize(app, { id_token_hint: hint })
    t.notOk('expected_user' in authorizationOf(headers.location))
  }
})

t.test('id_token_hint: the app gets an error for any other text', async t => {
  const built = await buildAuthorizeApp(t)
  const hint = await idTokenOf(built)
  for (const bad of ['x', 'a.b.c', `${hint}x`, hint.slice(0, -1)]) {
    const { statusCode, headers } = await askAuthorize(built.app, { id_token_hint: bad })
    t.equal(statusCode, 303)
    const url = new URL(String(headers.location))
    t.equal(url.origin + url.pathname, GOOD.redirect_uri)
    t.match(Object.fromEntries(url.searchParams), {
      error: 'invalid_request',
      error_description: 'The id_token_hint must be an ID token of the client.',
      state: GOOD.state
    })
  }
  const gallery = { client_id: 'gallery', redirect_uri: undefined, id_token_hint: hint }
  const { headers } = await askAuthorize(built.app, gallery)
  t.match(headers.location, 'error=invalid_request', 'the ID token of another client')
})
