import t from 'tap'
import { obtainCode } from '../../fixtures/oauth/person.ts'
import { createPkce } from '../../fixtures/oauth/pkce.ts'
import { SECRET_OF_PRINTER, openOAuthServer } from '../../fixtures/oauth/server.ts'
import type { Test } from '../../fixtures/servers/home.ts'
import { basic, exchangeForm, requestToken } from '../../fixtures/oauth/token-request.ts'

const CHALLENGE = 'Basic realm="oauth", charset="UTF-8"'

/** Returns a function that exchanges one code of a client, with credentials. */
async function codeOf (t: Test, client: string) {
  const { url } = await openOAuthServer(t)
  const pkce = createPkce()
  const redirect = client === 'terminal' ? 'http://127.0.0.1:53219/callback' : undefined
  const code = await obtainCode(url, pkce, {
    client_id: client, ...(redirect !== undefined && { redirect_uri: redirect })
  })
  return (more: Record<string, string>, authorization: string | null = null) =>
    requestToken(url, { ...exchangeForm(code, pkce.verifier), ...more }, authorization)
}

const printer = (secret: string) => ({ client_id: 'photo-printer', client_secret: secret })

t.test('RFC 6749 section 5.2: a wrong secret gets a challenge, and spends no code', async t => {
  const exchange = await codeOf(t, 'photo-printer')
  const refused = await exchange({}, basic('photo-printer', 'not-the-client-secret'))
  t.match(refused, { status: 401, body: { error: 'invalid_client' } })
  t.equal(refused.headers.get('www-authenticate'), CHALLENGE)
  t.equal((await exchange({}, basic('photo-printer', SECRET_OF_PRINTER))).status, 200)
})

t.test('RFC 6749 section 2.3.1: client_secret_post authenticates', async t => {
  const exchange = await codeOf(t, 'photo-printer')
  t.match(await exchange(printer('not-the-client-secret')), {
    status: 401, body: { error: 'invalid_client' }
  })
  t.equal((await exchange(printer(SECRET_OF_PRINTER))).status, 200)
})

t.test('RFC 6749 section 2.3: a request with two authentications is refused, and spends no code',
  async t => {
    const exchange = await codeOf(t, 'photo-printer')
    const header = basic('photo-printer', SECRET_OF_PRINTER)
    t.match(await exchange(printer(SECRET_OF_PRINTER), header), {
      status: 400, body: { error: 'invalid_request' }
    })
    t.equal((await exchange({}, header)).status, 200)
  })

t.test('RFC 6749 section 2.3: a confidential client without its secret is refused, and ' +
  'spends no code', async t => {
  const exchange = await codeOf(t, 'photo-printer')
  const refused = await exchange({ client_id: 'photo-printer' })
  t.match(refused, { status: 401, body: { error: 'invalid_client' } })
  t.equal(refused.headers.get('www-authenticate'), CHALLENGE)
  t.equal((await exchange({}, basic('photo-printer', SECRET_OF_PRINTER))).status, 200)
})

/** The ways that a public client may claim to have a secret. */
const CLAIMED: Record<string, [Record<string, string>, string | null]> = {
  client_secret_basic: [{}, basic('terminal', 'a-secret-of-no-client')],
  client_secret_post: [{ client_id: 'terminal', client_secret: 'a-secret-of-no-client' }, null]
}

for (const [method, credentials] of Object.entries(CLAIMED)) {
  t.test(`RFC 6749 section 2.3: a public client with ${method} is refused, and spends no code`,
    async t => {
      const exchange = await codeOf(t, 'terminal')
      const refused = await exchange(...credentials)
      t.match(refused, { status: 401, body: { error: 'invalid_client' } })
      t.equal(refused.headers.get('www-authenticate'), CHALLENGE)
      t.equal((await exchange({ client_id: 'terminal' })).status, 200)
    })
}
