import { AuthorizationCode, ClientCredentials } from 'simple-oauth2'
import t, { type Test } from 'tap'
import { goThrough } from '../fixtures/oauth/person.ts'
import { createPkce } from '../fixtures/oauth/pkce.ts'
import {
  SECRET_OF_PRINTER, SECRET_OF_REPORT, WEB_CALLBACK, openOAuthServer
} from '../fixtures/oauth/server.ts'

/** The two ways in which the library sends the secret. */
const METHODS = ['header', 'body'] as const

/** Returns the status and the body of what the library throws. */
async function refusalOf (promise: Promise<unknown>): Promise<unknown> {
  const error = await promise.then(() => undefined, (error: unknown) => error) as
    { output?: { statusCode: number }, data?: { payload: { error: string } } } | undefined
  return [error?.output?.statusCode, error?.data?.payload.error]
}

/** Logs vitor in. Returns the server, the first token, and what exchanges the code once more. */
async function logIn (t: Test, authorizationMethod: typeof METHODS[number]) {
  const server = await openOAuthServer(t)
  const { url } = server
  const app = new AuthorizationCode({
    client: { id: 'photo-printer', secret: SECRET_OF_PRINTER },
    auth: { tokenHost: url },
    options: { authorizationMethod }
  })
  const { verifier, challenge } = createPkce()
  const pkce = { code_challenge: challenge, code_challenge_method: 'S256' }
  const callback = await goThrough(app.authorizeURL({
    redirect_uri: WEB_CALLBACK, scope: ['photos:read', 'photos:write'], state: 'a state', ...pkce
  }))
  t.equal(callback.searchParams.get('state'), 'a state')
  const exchange = () => app.getToken({
    code: String(callback.searchParams.get('code')),
    redirect_uri: WEB_CALLBACK,
    ...{ code_verifier: verifier }
  })
  const photos = async (access: unknown): Promise<number> => (await fetch(`${url}/photos/`,
    { headers: { authorization: `Bearer ${String(access)}` } })).status
  return { ...server, given: await exchange(), exchange, photos }
}

for (const authorizationMethod of METHODS) {
  t.test(`simple-oauth2: logs in and refreshes, secret in the ${authorizationMethod}`, async t => {
    const { given, exchange, photos, count } = await logIn(t, authorizationMethod)
    const { token } = given
    t.equal(given.expired(), false)
    t.match(token, { token_type: 'Bearer', scope: 'photos:read photos:write', expires_in: 300 })
    t.equal(await photos(token.access_token), 200)

    const next = await given.refresh()
    t.equal(await photos(next.token.access_token), 200)
    t.not(next.token.refresh_token, token.refresh_token)
    const narrow = await next.refresh({ scope: 'photos:write' })
    t.equal(narrow.token.scope, 'photos:write')
    t.equal(await photos(narrow.token.access_token), 403)

    t.strictSame(await refusalOf(exchange()), [400, 'invalid_grant'], 'the code once more')
    t.equal(count('reuse_detected'), 1)
    t.equal(await photos(next.token.access_token), 401)
  })

  t.test(`simple-oauth2: revokes both tokens, secret in the ${authorizationMethod}`, async t => {
    const { given, photos, count } = await logIn(t, authorizationMethod)
    await given.revokeAll()
    t.equal(await photos(given.token.access_token), 401)
    t.strictSame(await refusalOf(given.refresh()), [400, 'invalid_grant'])
    t.equal(count('revoked'), 1, 'the second token was of the same session')
  })

  t.test(`simple-oauth2: client credentials, secret in the ${authorizationMethod}`, async t => {
    const { url } = await openOAuthServer(t)
    const create = (secret: string) => new ClientCredentials({
      client: { id: 'nightly-report', secret },
      auth: { tokenHost: url },
      options: { authorizationMethod }
    })
    const { token } = await create(SECRET_OF_REPORT).getToken({ scope: 'reports:write' })
    t.match(token, { scope: 'reports:write', token_type: 'Bearer', refresh_token: undefined })
    const report = await fetch(`${url}/reports/`, {
      method: 'POST', headers: { authorization: `Bearer ${String(token.access_token)}` }
    })
    t.same(await report.json(), { client_id: 'nightly-report' })
    t.strictSame(await refusalOf(create('wrong').getToken({})), [401, 'invalid_client'])
  })
}
