import t from 'tap'
import {
  type AuthorizeParameters, authorizeUrl, obtainCode, redirectOf
} from '../../fixtures/oauth/person.ts'
import { createPkce } from '../../fixtures/oauth/pkce.ts'
import { openOAuthServer } from '../../fixtures/oauth/server.ts'
import type { Test } from '../../fixtures/servers/home.ts'
import { exchangeForm, requestToken } from '../../fixtures/oauth/token-request.ts'
import { decode } from '../../fixtures/tokens/jwt.ts'

/** Another resource server, which has separate tokens. */
const FILES = 'https://files.example/api'

/** Returns a server with two resources, and a function that exchanges one code. */
async function open (t: Test, parameters: AuthorizeParameters = {}) {
  const server = await openOAuthServer(t, { oauth: { resources: [FILES] } })
  const pkce = createPkce()
  const code = await obtainCode(server.url, pkce, parameters)
  const exchange = (more: Record<string, string> = {}) =>
    requestToken(server.url, { ...exchangeForm(code, pkce.verifier), ...more })
  return { ...server, exchange }
}

const audienceOf = (token: string): unknown => decode(token).payload.aud

t.test('RFC 8707 section 2: a request without resource is for the default resource', async t => {
  const { audience, exchange } = await open(t)
  t.equal(audienceOf((await exchange()).body.access_token), audience)
})

t.test('RFC 8707 section 2.2: an exchange without resource keeps that of the request', async t => {
  const { exchange } = await open(t, { resource: FILES })
  t.equal(audienceOf((await exchange()).body.access_token), FILES)
})

t.test('RFC 8707 section 2: a resource holds from the request to the refresh', async t => {
  const { url, exchange } = await open(t, { resource: FILES })
  const { body } = await exchange({ resource: FILES })
  t.equal(audienceOf(body.access_token), FILES)
  const refreshed = await requestToken(url, {
    grant_type: 'refresh_token', refresh_token: body.refresh_token, resource: FILES
  })
  t.equal(audienceOf(refreshed.body.access_token), FILES)
})

const BAD = { 'with a fragment': '#fragment', 'that is not one of the server': '/other' }

for (const [name, end] of Object.entries(BAD)) {
  t.test(`RFC 8707 section 2: a resource ${name} is refused`, async t => {
    const { url, audience } = await openOAuthServer(t)
    const { searchParams } = await redirectOf(
      authorizeUrl(url, createPkce(), { resource: audience + end }))
    t.equal(searchParams.get('error'), 'invalid_target')
    t.notOk(searchParams.has('authorization'))
  })
}

t.test('RFC 8707 section 2.2: an exchange for another resource is refused, and spends no code',
  async t => {
    const { audience, exchange } = await open(t)
    t.match(await exchange({ resource: FILES }), {
      status: 400, body: { error: 'invalid_target' }
    })
    const accepted = await exchange({ resource: audience })
    t.equal(accepted.status, 200)
    t.equal(audienceOf(accepted.body.access_token), audience)
  })

t.test('RFC 8707 section 2: a token for another resource opens no route here', async t => {
  const { url, exchange } = await open(t, { resource: FILES })
  const { body } = await exchange()
  const reply = await fetch(`${url}/photos/`, {
    headers: { authorization: `Bearer ${body.access_token}` }
  })
  t.equal(reply.status, 401)
  t.match(reply.headers.get('www-authenticate'), /error="invalid_token"/)
})
