import t from 'tap'
import { obtainCode } from '../../fixtures/oauth/person.ts'
import { createPkce } from '../../fixtures/oauth/pkce.ts'
import { openOAuthServer } from '../../fixtures/oauth/server.ts'
import { exchangeForm, requestToken } from '../../fixtures/oauth/token-request.ts'

t.test('RFC 6750 section 3: a request without a token gets a challenge without an error',
  async t => {
    const { url } = await openOAuthServer(t)
    const reply = await fetch(`${url}/photos/`)
    t.equal(reply.status, 401)
    t.match(reply.headers.get('www-authenticate'), /^Bearer /)
    t.notMatch(reply.headers.get('www-authenticate'), /error=/)
  })

t.test('RFC 6750 section 3.1: a malformed token is an invalid_token', async t => {
  const { url } = await openOAuthServer(t)
  const reply = await fetch(`${url}/photos/`, {
    headers: { authorization: 'Bearer not-an-access-token' }
  })
  t.equal(reply.status, 401)
  t.match(reply.headers.get('www-authenticate'), /^Bearer .*error="invalid_token"/)
})

t.test('RFC 6750 section 3.1: too few scopes are an insufficient_scope, which names them',
  async t => {
    const { url } = await openOAuthServer(t)
    const pkce = createPkce()
    const code = await obtainCode(url, pkce, { scope: 'photos:write' })
    const { body } = await requestToken(url, exchangeForm(code, pkce.verifier))
    const reply = await fetch(`${url}/photos/`, {
      headers: { authorization: `Bearer ${body.access_token}` }
    })
    t.equal(reply.status, 403)
    t.match(reply.headers.get('www-authenticate'),
      /^Bearer .*error="insufficient_scope".*scope="photos:read"/)
  })
