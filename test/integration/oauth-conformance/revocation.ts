import t from 'tap'
import { obtainCode } from '../../fixtures/oauth/person.ts'
import { createPkce } from '../../fixtures/oauth/pkce.ts'
import { SECRET_OF_PRINTER, openOAuthServer } from '../../fixtures/oauth/server.ts'
import type { Test } from '../../fixtures/servers/home.ts'
import {
  PRINTER_BASIC, basic, exchangeForm, refreshForm, requestToken
} from '../../fixtures/oauth/token-request.ts'

/** The printer with its tokens, and what it and others may do with them. */
async function connect (t: Test) {
  const { url } = await openOAuthServer(t)
  const pkce = createPkce()
  const { body } = await requestToken(
    url, exchangeForm(await obtainCode(url, pkce), pkce.verifier))
  const bearer = { authorization: `Bearer ${body.access_token}` }
  return {
    access: body.access_token,
    refreshToken: body.refresh_token,
    photos: () => fetch(`${url}/photos/`, { headers: bearer }),
    refresh: () => requestToken(url, refreshForm(body.refresh_token)),
    /** Posts a revocation, as the printer by default. */
    revoke: async (form: Record<string, string>, authorization: string | null = PRINTER_BASIC) =>
      fetch(`${url}/oauth/revoke`, {
        method: 'POST',
        headers: authorization === null ? {} : { authorization },
        body: new URLSearchParams(form)
      })
  }
}

const INVALID_GRANT = { status: 400, body: { error: 'invalid_grant' } }

t.test('RFC 8414 section 2: the metadata names the revocation endpoint', async t => {
  const { url } = await openOAuthServer(t)
  const reply = await fetch(`${url}/.well-known/oauth-authorization-server`)
  t.match(await reply.json(), { revocation_endpoint: `${url}/oauth/revoke` })
})

t.test('RFC 7009 section 2.1: a client with a wrong secret revokes nothing', async t => {
  const { access, photos, revoke } = await connect(t)
  const form = { token: access, token_type_hint: 'access_token' }
  const named = { ...form, client_id: 'photo-printer' }
  for (const header of [basic('photo-printer', 'not-the-client-secret'), null]) {
    const refused = await revoke(named, header)
    t.equal(refused.status, 401)
    t.match(await refused.json(), { error: 'invalid_client' })
    t.match(refused.headers.get('www-authenticate'), /^Basic /)
    t.equal((await photos()).status, 200)
  }
  const posted = await revoke({ ...named, client_secret: SECRET_OF_PRINTER }, null)
  t.equal(posted.status, 200)
  t.equal((await photos()).status, 401)
})

// The RFC lets a server choose. This one has a token family for both, so that none of them is left.
t.test('RFC 7009 section 2.1: revoking an access token revokes its refresh token', async t => {
  const { access, photos, refresh, revoke } = await connect(t)
  t.equal((await revoke({ token: access, token_type_hint: 'access_token' })).status, 200)
  const refused = await photos()
  t.equal(refused.status, 401)
  t.match(refused.headers.get('www-authenticate'), /error="invalid_token"/)
  t.match(await refresh(), INVALID_GRANT)
})

t.test('RFC 7009 section 2.1: revoking a refresh token revokes its access tokens', async t => {
  const { refreshToken, photos, refresh, revoke } = await connect(t)
  t.equal((await photos()).status, 200)
  t.equal((await revoke({ token: refreshToken, token_type_hint: 'refresh_token' })).status, 200)
  t.equal((await photos()).status, 401)
  t.match(await refresh(), INVALID_GRANT)
})

t.test('RFC 7009 section 2.1: a client does not revoke the tokens of another', async t => {
  const { access, refreshToken, photos, refresh, revoke } = await connect(t)
  for (const token of [access, refreshToken]) {
    t.equal((await revoke({ token, client_id: 'terminal' }, null)).status, 200)
  }
  t.equal((await photos()).status, 200)
  t.equal((await refresh()).status, 200)
})

t.test('RFC 7009 section 2.2: an unknown token is no error', async t => {
  const { photos, revoke } = await connect(t)
  t.equal((await revoke({ token: 'not-a-token', token_type_hint: 'no_such_type' })).status, 200)
  t.equal((await photos()).status, 200)
})
