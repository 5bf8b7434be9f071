import { get } from 'node:http'
import t from 'tap'
import { blockWith } from '../../fixtures/docs.ts'
import { OPENID_SCOPES, openProvider } from '../../fixtures/oauth/openid-provider.ts'
import { type Decision, goThrough } from '../../fixtures/oauth/person.ts'
import {
  type OAuthServer, PRINTER, SECRET_OF_PRINTER
} from '../../fixtures/oauth/server.ts'
import { skipWithoutApache, startApache } from '../../fixtures/servers/apache.ts'
import type { Test } from '../../fixtures/servers/home.ts'
import { serve } from '../../fixtures/servers/serve.ts'
import { inputOf } from '../../fixtures/tokens/keys.ts'

const skip = skipWithoutApache('auth_openidc', 'libapache2-mod-auth-openidc')
const MODULES = ['authn_core', 'authz_user', 'auth_openidc', 'rewrite', 'proxy', 'proxy_http']

/** The module takes an error with `iss` for a login that a third party begins. */
const REMOVE_ISS = blockWith('other-plugins.md', 'RewriteEngine').code

/** A site whose pages need a login, in front of a server that shows the headers it gets. */
const siteOf = (issuer: string, application: string) => (url: string): string => `
OIDCProviderMetadataURL ${issuer}/.well-known/openid-configuration
OIDCClientID photo-printer
OIDCClientSecret ${SECRET_OF_PRINTER}
OIDCRedirectURI ${url}/secure/callback
OIDCCryptoPassphrase a-passphrase-of-the-tests
OIDCScope "${OPENID_SCOPES}"
OIDCPKCEMethod S256
OIDCPassClaimsAs headers
${REMOVE_ISS}
<Location /secure/>
  AuthType openid-connect
  Require valid-user
  ProxyPass ${application}/
</Location>
`

interface Reply { status: number, location: URL, body: string }

/** A browser that keeps cookies. A fetch would say that it is no navigation, which is a 401. */
function createVisitor () {
  const cookies = new Map<string, string>()
  return (url: string | URL): Promise<Reply> => new Promise((resolve, reject) => {
    const cookie = [...cookies].map(pair => pair.join('=')).join('; ')
    get(url, { headers: { accept: 'text/html', ...(cookie !== '' && { cookie }) } }, reply => {
      for (const line of reply.headers['set-cookie'] ?? []) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        if (value === '') cookies.delete(name)
        else cookies.set(name, value)
      }
      let body = ''
      reply.setEncoding('utf8').on('data', text => { body += text }).on('end', () => resolve({
        status: reply.statusCode as number,
        location: new URL(reply.headers.location ?? '', url),
        body
      }))
    }).on('error', reject)
  })
}

interface Site extends OAuthServer {
  /** The URL of Apache. */
  site: string
  visit(url: string | URL): Promise<Reply>
  /** Opens a page, logs in, and returns the answer to the callback. */
  logIn(decision?: Decision): Promise<Reply>
}

/** Starts Apache in front of an application, with a server that signs by an algorithm. */
async function openSite (t: Test, algorithm: 'ES256' | 'RS256' = 'ES256'): Promise<Site> {
  const server = await openProvider(t, {
    core: { keys: [inputOf(algorithm)] },
    oauth: { clients: [{ ...PRINTER, redirectUris: ['http://127.0.0.1/secure/callback'] }] }
  })
  const application = await serve(t, ({ headers }, response) => {
    response.end(JSON.stringify(headers))
  })
  const site = await startApache(t, MODULES, siteOf(server.url, application.url))
  const visit = createVisitor()
  return {
    ...server,
    site,
    visit,
    logIn: async decision => {
      const { location } = await visit(`${site}/secure/page`)
      return visit(await goThrough(location, decision))
    }
  }
}

for (const algorithm of ['ES256', 'RS256'] as const) {
  t.test(`mod_auth_openidc: logs a user in by discovery, ${algorithm}`, { skip }, async t => {
    const { site, url, visit, count } = await openSite(t, algorithm)
    const asked = await visit(`${site}/secure/page`)
    t.equal(asked.status, 302)
    t.match(Object.fromEntries(asked.location.searchParams), {
      response_type: 'code',
      scope: OPENID_SCOPES,
      code_challenge_method: 'S256',
      nonce: String
    })
    const answered = await visit(await goThrough(asked.location))
    t.equal(answered.status, 302)
    t.equal(String(answered.location), `${site}/secure/page`)
    const page = await visit(answered.location)
    t.equal(page.status, 200)
    t.match(JSON.parse(page.body), {
      oidc_claim_iss: url,
      oidc_claim_sub: '1',
      oidc_claim_aud: 'photo-printer',
      oidc_claim_email: 'vitor@example.com',
      oidc_access_token: /^ey/
    })
    t.equal(count('code_exchanged'), 1)
  })
}

t.test('mod_auth_openidc: a logout revokes the tokens', { skip }, async t => {
  const { site, logIn, visit, count } = await openSite(t)
  await logIn()
  t.equal((await visit(`${site}/secure/page`)).status, 200)
  const end = await visit(`${site}/secure/callback?${new URLSearchParams({
    logout: `${site}/bye`
  })}`)
  t.equal(String(end.location), `${site}/bye`)
  t.equal(count('revoked'), 1)
  t.equal((await visit(`${site}/secure/page`)).status, 302, 'the login is gone')
})

t.test('mod_auth_openidc: the denial of the user is an error page', { skip }, async t => {
  const { site, logIn, visit, count } = await openSite(t)
  const { status, body } = await logIn({ allow: false })
  t.match(body, 'access_denied')
  t.not(status, 302)
  t.equal((await visit(`${site}/secure/page`)).status, 302, 'there is no login')
  t.equal(count('code_exchanged'), 0)
})
