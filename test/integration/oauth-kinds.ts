import t from 'tap'
import type { LightMyRequestResponse } from 'fastify'
import { authorizeUrl } from '../fixtures/oauth/person.ts'
import { RFC_7636_PKCE } from '../fixtures/oauth/pkce.ts'
import { SECRET_OF_REPORT } from '../fixtures/oauth/server.ts'
import { ISSUER, type TokenApp, buildTokenApp } from '../fixtures/oauth/token-app.ts'
import { introspect, postRevoke } from '../fixtures/oauth/token-management.ts'
import { basic } from '../fixtures/oauth/token-request.ts'
import { decode } from '../fixtures/tokens/jwt.ts'
import { signAs } from '../fixtures/tokens/keys.ts'

// Each kind of token is taken in its places only. All of them have good signatures.

/** Returns a new token of each kind. The two of the app are of two sessions. */
async function tokensOf ({ app, login, tokens, token, obtainCode }: TokenApp) {
  const own = await login()
  const scope = 'openid photos:read'
  const { access_token: accessOfApp, id_token: id } = await tokens({ scope })
  const form = { grant_type: 'client_credentials', scope: 'photos:read' }
  const asked = await app.inject(authorizeUrl('', RFC_7636_PKCE))
  const page = new URL(asked.headers.location as string, ISSUER)
  return {
    access: own.access,
    refresh: own.refresh,
    'access of an app': accessOfApp,
    grant: (await tokens({ scope })).refresh_token,
    client: (await token(form, basic('nightly-report', SECRET_OF_REPORT))).json().access_token,
    code: await obtainCode(),
    authorization: page.searchParams.get('authorization') as string,
    id: id as string,
    'made-up': signAs('ES256', { ...decode(own.access).payload, token_type: 'made-up' }),
    'of no kind': signAs('ES256', { ...decode(own.access).payload, token_type: undefined }),
    'of two kinds': signAs('ES256', {
      ...decode(own.access).payload, token_type: ['access', 'grant', 'code', 'client', 'id']
    })
  }
}

type Kind = keyof Awaited<ReturnType<typeof tokensOf>>
type Kinds = Record<Kind, string>

/** Presents a token. Returns whether the place takes it. */
type Present = (built: TokenApp, token: string, kinds: Kinds) => Promise<boolean>

/** Returns whether a reply is a success. @throws Error for one that is no refusal either */
async function isGood (reply: Promise<LightMyRequestResponse>): Promise<boolean> {
  const { statusCode, body } = await reply
  if (statusCode === 200 || [400, 401, 403].includes(statusCode)) return statusCode === 200
  throw new Error(`${statusCode} ${body}`)
}

const bearer = (method: 'GET' | 'POST', url: string): Present => ({ app }, token) =>
  isGood(app.inject({ method, url, headers: { authorization: `Bearer ${token}` } }))

const body = (url: string, name: string): Present => ({ post }, token) =>
  isGood(post(url, { [name]: token }))

/** Allows an authorization request with an access token. */
const decide = ({ post }: TokenApp, authorization: string, access: string) =>
  isGood(post('/oauth/authorization/', { authorization, allow: true },
    { headers: { authorization: `Bearer ${access}` } }))

/** Asks for a code of the user of an ID token. */
const hint: Present = async ({ app }, token) => {
  const url = authorizeUrl('', RFC_7636_PKCE, { id_token_hint: token })
  const { headers: { location } } = await app.inject(url)
  return new URL(location as string, ISSUER).searchParams.has('authorization')
}

/** Revokes a token as its client. The answer is the same for every token. */
const revoke: Present = async ({ app, count }, token) => {
  const before = count('revoked')
  if (!await isGood(postRevoke(app, { token }))) throw new Error('revoke refused')
  return count('revoked') > before
}

/** Each place, how it gets a token, and the kinds that it takes. */
const PLACES: [place: string, present: Present, taken: Kind[]][] = [
  ['code of the token endpoint', ({ exchange }, token) => isGood(exchange(token)), ['code']],
  ['refresh_token of the token endpoint', ({ refresh }, token) => isGood(refresh(token)),
    ['grant']],
  ['authorization of the details', ({ app }, token) =>
    isGood(app.inject(`/oauth/authorization/?authorization=${token}`)), ['authorization']],
  ['bearer at the details', ({ app }, token, { authorization }) => isGood(app.inject({
    url: `/oauth/authorization/?authorization=${authorization}`,
    headers: { authorization: `Bearer ${token}` }
  })), ['access']],
  ['authorization of the decision', (built, token, { access }) => decide(built, token, access),
    ['authorization']],
  ['bearer at the decision', (built, token, { authorization }) =>
    decide(built, authorization, token), ['access']],
  ['id_token_hint', hint, ['id']],
  ['authenticate', bearer('GET', '/hello/'), ['access']],
  ['requireScope', bearer('GET', '/photos/'), ['access', 'access of an app']],
  ['requireClient', bearer('POST', '/reports/'), ['client']],
  ['userinfo', bearer('GET', '/oauth/userinfo'), ['access of an app']],
  ['userinfo by POST', bearer('POST', '/oauth/userinfo'), ['access of an app']],
  ['introspect', async ({ app }, token) => (await introspect(app, token)).active === true,
    ['access', 'access of an app', 'client']],
  ['sessions', bearer('GET', '/api/token/sessions/'), ['access']],
  ['verify', body('/api/token/verify/', 'token'), ['access', 'refresh']],
  ['refresh', body('/api/token/refresh/', 'refresh'), ['refresh']],
  ['blacklist', body('/api/token/blacklist/', 'refresh'), ['refresh']],
  ['revoke', revoke, ['access of an app', 'grant']]
]

t.test('kinds: each place takes its kinds of token, and spends no other', async t => {
  const built = await buildTokenApp(t)
  for (const [place, present, taken] of PLACES) {
    const kinds = await tokensOf(built)
    built.events.length = 0
    for (const [kind, token] of Object.entries(kinds) as [Kind, string][]) {
      if (taken.includes(kind)) continue
      t.equal(await present(built, token, kinds), false, `${place} refuses ${kind}`)
    }
    t.same(built.events.filter(({ type }) => type !== 'client_failed'), [], `${place}: no event`)
    for (const kind of taken) {
      t.ok(await present(built, kinds[kind], kinds), `${place} takes ${kind}`)
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
      t.ok(await present(built, kinds[kind], kinds), `${place} takes ${kind}`)
    }
  }
})
