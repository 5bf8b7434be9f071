import t from 'tap'
import { obtainCode } from '../../fixtures/oauth/person.ts'
import { createPkce } from '../../fixtures/oauth/pkce.ts'
import { openOAuthServer } from '../../fixtures/oauth/server.ts'
import type { Test } from '../../fixtures/servers/home.ts'
import { exchangeForm, refreshForm, requestToken } from '../../fixtures/oauth/token-request.ts'

const BOTH = 'photos:read photos:write'

/** A public client with the answer of its first exchange. */
async function connect (t: Test) {
  const server = await openOAuthServer(t)
  const { url } = server
  const pkce = createPkce()
  const code = await obtainCode(url, pkce, {
    client_id: 'terminal', redirect_uri: 'http://127.0.0.1:53219/callback', scope: BOTH
  })
  const post = (form: Record<string, string>) =>
    requestToken(url, { ...form, client_id: 'terminal' }, null)
  const exchange = () => post(exchangeForm(code, pkce.verifier))
  return {
    ...server,
    exchange,
    first: await exchange(),
    refresh: (token: string, scope?: string) =>
      post({ ...refreshForm(token), ...(scope !== undefined && { scope }) }),
    photos: async (access: string) =>
      (await fetch(`${url}/photos/`, { headers: { authorization: `Bearer ${access}` } })).status
  }
}

const INVALID_GRANT = { status: 400, body: { error: 'invalid_grant' } }

t.test('RFC 9700 section 4.14.2: a refresh token rotates, may be sent twice at once, and a ' +
  'replay is refused', async t => {
  const { clock, first, refresh, photos } = await connect(t)
  const original = first.body.refresh_token
  clock.advance(1000)
  const second = await refresh(original, 'photos:read')
  t.equal(second.status, 200)
  t.equal(second.headers.get('cache-control'), 'no-store')
  t.equal(second.body.scope, 'photos:read')
  t.not(second.body.refresh_token, original)

  const retry = await refresh(original, 'photos:read')
  t.equal(retry.status, 200)
  t.equal(await photos(retry.body.access_token), 200)
  const third = await refresh(retry.body.refresh_token)
  t.equal(third.status, 200)

  clock.advance(60_000)
  t.match(await refresh(original), INVALID_GRANT)
  t.match(await refresh(third.body.refresh_token), INVALID_GRANT, 'the replay revoked the grant')
})

t.test('RFC 6749 section 6: a refresh may narrow the scope, but not widen it', async t => {
  const { first, refresh } = await connect(t)
  t.equal(first.body.scope, BOTH)
  const narrow = await refresh(first.body.refresh_token, 'photos:read')
  t.match(narrow, { status: 200, body: { scope: 'photos:read' } })
  const wide = await refresh(narrow.body.refresh_token, `${BOTH} reports:write`)
  t.match(wide, { status: 400, body: { error: 'invalid_scope' } })
  t.equal((await refresh(narrow.body.refresh_token)).body.scope, BOTH, 'the grant keeps its scope')
})

t.test('RFC 6749 section 4.1.2: a replay of a code is refused, and revokes its tokens', async t => {
  const { first, exchange, refresh, photos } = await connect(t)
  t.equal(await photos(first.body.access_token), 200)
  t.match(await exchange(), INVALID_GRANT)
  t.equal(await photos(first.body.access_token), 401)
  t.match(await refresh(first.body.refresh_token), INVALID_GRANT)
})
