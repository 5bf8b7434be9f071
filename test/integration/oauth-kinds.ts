import t from 'tap'
import type { LightMyRequestResponse } from 'fastify'
import { authorizeUrl } from '../fixtures/oauth/person.ts'
import { RFC_7636_PKCE } from '../fixtures/oauth/pkce.ts'
import { SECRET_OF_REPORT } from '../fixtures/oauth/server.ts'
import { ISSUER, type TokenApp, buildTokenApp } from '../fixtures/oauth/token-app.ts'
import { basic } from '../fixtures/oauth/token-request.ts'
import { decode } from '../fixtures/tokens/jwt.ts'
import { signAs } from '../fixtures/tokens/keys.ts'

// Each kind of token is taken in its places only. All of them have good signatures.

/** Returns a new token of each kind. */
async function tokensOf ({ app, login, tokens, token, obtainCode }: TokenApp) {
  const own = await login()
  const granted = await tokens()
  const form = { grant_type: 'client_credentials', scope: 'photos:read' }
  const asked = await app.inject(authorizeUrl('', RFC_7636_PKCE))
  const page = new URL(asked.headers.location as string, ISSUER)
  return {
    access: own.access,
    refresh: own.refresh,
    'access of an app': granted.access_token,
    grant: granted.refresh_token,
    client: (await token(form, basic('nightly-report', SECRET_OF_REPORT))).json().access_token,
    code: await obtainCode(),
    authorization: page.searchParams.get('authorization') as string,
    'made-up': signAs('ES256', { ...decode(own.access).payload, token_type: 'id' }),
    'of no kind': signAs('ES256', { ...decode(own.access).payload, token_type: undefined }),
    'of two kinds': signAs('ES256', {
      ...decode(own.access).payload, token_type: ['access', 'grant', 'code', 'client']
    })
  }
}

type Kind = keyof Awaited<ReturnType<typeof tokensOf>>
type Kinds = Record<Kind, string>

type Present = (built: TokenApp, token: string, kinds: Kinds) => Promise<LightMyRequestResponse>

const bearer = (method: 'GET' | 'POST', url: string): Present => ({ app }, token) =>
  app.inject({ method, url, headers: { authorization: `Bearer ${token}` } })

const body = (url: string, name: string): Present => ({ post }, token) =>
  post(url, { [name]: token })

/** Allows an authorization request with an access token. */
const decide = ({ post }: TokenApp, authorization: string, access: string) =>
  post('/oauth/authorization/', { authorization, allow: true },
    { headers: { authorization: `Bearer ${access}` } })

/** Each place, how it gets a token, and the kinds that it takes. */
const PLACES: [place: string, present: Present, taken: Kind[]][] = [
  ['code of the token endpoint', ({ exchange }, token) => exchange(token), ['code']],
  ['refresh_token of the token endpoint', ({ refresh }, token) => refresh(token), ['grant']],
  ['authorization of the details', ({ app }, token) =>
    app.inject(`/oauth/authorization/?authorization=${token}`), ['authorization']],
  ['bearer at the details', ({ app }, token, { authorization }) => app.inject({
    url: `/oauth/authorization/?authorization=${authorization}`,
    headers: { authorization: `Bearer ${token}` }
  }), ['access']],
  ['authorization of the decision', (built, token, { access }) => decide(built, token, access),
    ['authorization']],
  ['bearer at the decision', (built, token, { authorization }) =>
    decide(built, authorization, token), ['access']],
  ['authenticate', bearer('GET', '/hello/'), ['access']],
  ['requireScope', bearer('GET', '/photos/'), ['access', 'access of an app']],
  ['requireClient', bearer('POST', '/reports/'), ['client']],
  ['sessions', bearer('GET', '/api/token/sessions/'), ['access']],
  ['verify', body('/api/token/verify/', 'token'), ['access', 'refresh']],
  ['refresh', body('/api/token/refresh/', 'refresh'), ['refresh']],
  ['blacklist', body('/api/token/blacklist/', 'refresh'), ['refresh']]
]

t.test('kinds: each place takes its kinds of token, and spends no other', async t => {
  const built = await buildTokenApp(t)
  for (const [place, present, taken] of PLACES) {
    const kinds = await tokensOf(built)
    built.events.length = 0
    for (const [kind, token] of Object.entries(kinds) as [Kind, string][]) {
      if (taken.includes(kind)) continue
      const { statusCode } = await present(built, token, kinds)
      t.ok([400, 401, 403].includes(statusCode), `${place} refuses ${kind}: ${statusCode}`)
    }
    t.same(built.events.filter(({ type }) => type !== 'client_failed'), [], `${place}: no event`)
    for (const kind of taken) {
      const { statusCode } = await present(built, kinds[kind], kinds)
      t.equal(statusCode, 200, `${place} takes ${kind}`)
    }
  }
})

t.test('kinds: a token that was refused elsewhere is good in its place', async t => {
  const built = await buildTokenApp(t)
  const kinds = await tokensOf(built)
  for (const [, present, taken] of PLACES) {
    for (const [kind, token] of Object.entries(kinds) as [Kind, string][]) {
      if (!taken.includes(kind)) await present(built, token, kinds)
    }
  }
  for (const [place, present, taken] of PLACES) {
    for (const kind of taken) {
      const { statusCode } = await present(built, kinds[kind], kinds)
      t.equal(statusCode, 200, `${place} takes ${kind}`)
    }
  }
})
