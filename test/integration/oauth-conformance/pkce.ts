import t from 'tap'
import {
  type AuthorizeParameters, authorizeUrl, obtainCode, redirectOf
} from '../../fixtures/oauth/person.ts'
import { createPkce } from '../../fixtures/oauth/pkce.ts'
import { openOAuthServer } from '../../fixtures/oauth/server.ts'
import { exchangeForm, requestToken } from '../../fixtures/oauth/token-request.ts'

/** Requests without a challenge that the server can check, by the section of RFC 7636. */
const REFUSED: Record<string, AuthorizeParameters> = {
  'section 4.4.1: a request without PKCE is refused':
    { code_challenge: undefined, code_challenge_method: undefined },
  'section 4.4.1: the method plain is refused': { code_challenge_method: 'plain' },
  'section 4.3: a challenge without a method is refused, which means plain':
    { code_challenge_method: undefined },
  'section 4.4.1: an unknown method is refused': { code_challenge_method: 'S512' }
}

const CLIENTS: Record<string, AuthorizeParameters> = {
  'a public client':
    { client_id: 'terminal', redirect_uri: 'http://127.0.0.1:53219/callback' },
  'a confidential client': { client_id: 'photo-printer' }
}

for (const [name, parameters] of Object.entries(REFUSED)) {
  t.test(`RFC 7636 ${name}`, async t => {
    const { url } = await openOAuthServer(t)
    for (const [kind, client] of Object.entries(CLIENTS)) {
      const { searchParams } = await redirectOf(
        authorizeUrl(url, createPkce(), { ...client, ...parameters }))
      t.equal(searchParams.get('error'), 'invalid_request', kind)
      t.match(searchParams.get('error_description'), /PKCE/)
      t.notOk(searchParams.has('authorization'))
    }
  })
}

t.test('RFC 7636 section 4.6: a wrong verifier is refused', async t => {
  const { url } = await openOAuthServer(t)
  const code = await obtainCode(url, createPkce())
  const { status, headers, body } = await requestToken(url,
    exchangeForm(code, 'a-different-code-verifier-that-is-at-least-43-characters'))
  t.equal(status, 400)
  t.equal(headers.get('cache-control'), 'no-store')
  t.equal(body.error, 'invalid_grant')
})
