import t, { type Test } from 'tap'
import type { OAuthOptions } from '../../plugin/oauth/index.ts'
import { authorizeUrl, decide, logIn, obtainCode, redirectOf } from '../fixtures/oauth/person.ts'
import { createPkce } from '../fixtures/oauth/pkce.ts'
import {
  type OAuthServer, PRINTER, SECRET_OF_REPORT, openOAuthServer
} from '../fixtures/oauth/server.ts'
import {
  type TokenAnswer, basic, exchangeForm, refreshForm, requestToken
} from '../fixtures/oauth/token-request.ts'
import { VERBS, failingStore } from '../fixtures/stores/failing-store.ts'

interface Server extends OAuthServer {
  /** Sends the store away. */
  leave(): void
  comeBack(): void
  failing: Set<string>
}

async function openServer (t: Test, oauth: Partial<OAuthOptions> = {}): Promise<Server> {
  const { store, failing } = failingStore()
  const server = await openOAuthServer(t, { core: { store }, oauth })
  return {
    ...server,
    failing,
    leave: () => { for (const verb of VERBS) failing.add(verb) },
    comeBack: () => { failing.clear() }
  }
}

/** Holds that an answer of the token endpoint says: later, with what you have. */
function isLater (t: Test, { status, headers, body }: TokenAnswer, what: string): void {
  t.equal(`${status} ${body.error}`, '503 temporarily_unavailable', what)
  t.match(headers.get('retry-after'), /^[1-9]\d*$/, `${what}: Retry-After`)
  t.equal(headers.get('cache-control'), 'no-store')
}

t.test('store away: an authorization request needs no store', async t => {
  const { url, leave } = await openServer(t)
  leave()
  const page = await redirectOf(authorizeUrl(url, createPkce()))
  t.equal(page.pathname, '/connect')
})

t.test('store away: the decision is a 503, and is good afterwards', async t => {
  const { url, failing, leave, comeBack } = await openServer(t)
  const page = await redirectOf(authorizeUrl(url, createPkce()))
  const authorization = String(page.searchParams.get('authorization'))
  const access = await logIn(url)
  for (const verbs of [VERBS, ['create'], ['find']]) {
    for (const verb of verbs) failing.add(verb)
    const reply = await decide(url, authorization, access)
    t.equal(reply.status, 503, verbs.join())
    t.match(reply.headers.get('retry-after'), /^[1-9]\d*$/)
    t.match(await reply.json(), { code: 'store_unavailable' })
    comeBack()
  }
  leave()
  t.equal((await decide(url, authorization, access, { allow: false })).status, 200, 'a no')
  comeBack()
  t.equal((await decide(url, authorization, access)).status, 200)
})

t.test('store away: a code is not spent, and is good afterwards', async t => {
  const { url, failing, comeBack, count } = await openServer(t)
  const pkce = createPkce()
  const form = exchangeForm(await obtainCode(url, pkce), pkce.verifier)
  for (const verbs of [VERBS, ['find'], ['rotate']]) {
    for (const verb of verbs) failing.add(verb)
    isLater(t, await requestToken(url, form), verbs.join())
    comeBack()
  }
  t.equal(count('code_exchanged'), 0)
  t.equal((await requestToken(url, form)).status, 200)
})

t.test('store away: a refresh token is not spent, and is good afterwards', async t => {
  const { url, failing, comeBack, count } = await openServer(t)
  const pkce = createPkce()
  const { body } = await requestToken(
    url, exchangeForm(await obtainCode(url, pkce), pkce.verifier)
  )
  for (const verbs of [VERBS, ['rotate']]) {
    for (const verb of verbs) failing.add(verb)
    isLater(t, await requestToken(url, refreshForm(body.refresh_token)), verbs.join())
    comeBack()
  }
  t.equal(count('refreshed'), 0)
  t.equal((await requestToken(url, refreshForm(body.refresh_token))).status, 200)
})

t.test('store away: client credentials and the metadata need no store', async t => {
  const { url, leave } = await openServer(t)
  leave()
  const { status } = await requestToken(url, { grant_type: 'client_credentials' },
    basic('nightly-report', SECRET_OF_REPORT))
  t.equal(status, 200)
  t.equal((await fetch(`${url}/.well-known/oauth-authorization-server`)).status, 200)
})

t.test('store away: a refused client is still a 401', async t => {
  const { url, leave } = await openServer(t)
  leave()
  const { status } = await requestToken(url, exchangeForm('x', 'y'), basic('photo-printer', 'x'))
  t.equal(status, 401)
})

for (const name of ['findUser', 'claims'] as const) {
  t.test(`${name} throws: a code is not spent, and is good afterwards`, async t => {
    let fails = false
    const callback = () => {
      if (fails) throw new Error('the table of users is away')
      return name === 'findUser' ? { id: 1 } : {}
    }
    const { url } = await openOAuthServer(t, {
      [name === 'findUser' ? 'core' : 'oauth']: { [name]: callback }
    })
    const pkce = createPkce()
    const form = exchangeForm(await obtainCode(url, pkce), pkce.verifier)
    fails = true
    t.equal((await requestToken(url, form)).status, 500)
    fails = false
    const { status, body } = await requestToken(url, form)
    t.equal(status, 200)
    fails = true
    t.equal((await requestToken(url, refreshForm(body.refresh_token))).status, 500)
    fails = false
    t.equal((await requestToken(url, refreshForm(body.refresh_token))).status, 200)
  })
}

const BAD_URIS = [['javascript:alert(1)'], ['http://evil.example/'], ['https://evil.example/#x']]

/** Bad answers of a host's database. */
const NONSENSE: unknown[] = [
  'terminal', 5, true, [], {}, { id: 'terminal' }, { ...PRINTER, id: 'another-one' },
  { ...PRINTER, id: 'from-database', extra: true },
  ...BAD_URIS.map(redirectUris => ({ ...PRINTER, id: 'from-database', redirectUris }))
]

const DATABASE_CLIENT = { ...PRINTER, id: 'from-database' }

/** Asks both endpoints for a client that only `findClient` knows. Returns the statuses. */
async function askBoth (url: string): Promise<{ statuses: number[], locations: unknown[] }> {
  const pkce = createPkce()
  const replies = [
    await fetch(authorizeUrl(url, pkce, { client_id: 'from-database' }), { redirect: 'manual' }),
    await fetch(`${url}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({ ...exchangeForm('x', 'y'), client_id: 'from-database' })
    })
  ]
  return {
    statuses: replies.map(({ status }) => status),
    locations: replies.map(({ headers }) => headers.get('location'))
  }
}

t.test('findClient: a nonsensical answer is a 500, and redirects nowhere', async t => {
  let answer: unknown = null
  const { url } = await openOAuthServer(t, { oauth: { findClient: () => answer as never } })
  for (const none of [null, undefined]) {
    answer = none
    t.same(await askBoth(url), { statuses: [400, 401], locations: [null, null] })
  }
  for (const given of NONSENSE) {
    answer = given
    t.same(await askBoth(url), { statuses: [500, 500], locations: [null, null] },
      JSON.stringify(given))
  }
  answer = DATABASE_CLIENT
  t.same((await askBoth(url)).statuses, [303, 401])
})

t.test('findClient: what it throws is a 500, and redirects nowhere', async t => {
  let thrown: unknown
  const { url } = await openOAuthServer(t, {
    oauth: { findClient: async () => { throw thrown } }
  })
  for (const each of [new Error('the database is away'), null, undefined, 'text', 5, {}]) {
    thrown = each
    t.same(await askBoth(url), { statuses: [500, 500], locations: [null, null] }, String(each))
  }
})

t.test('findClient: one that hangs holds up only the requests of unknown clients', async t => {
  let answer: (client: typeof DATABASE_CLIENT) => void = () => {}
  const { url } = await openOAuthServer(t, {
    oauth: { findClient: () => new Promise(resolve => { answer = resolve }) }
  })
  const pkce = createPkce()
  const hanging = redirectOf(authorizeUrl(url, pkce, { client_id: 'from-database' }))
  const form = exchangeForm(await obtainCode(url, pkce), pkce.verifier)
  t.equal((await requestToken(url, form)).status, 200)
  answer(DATABASE_CLIENT)
  t.equal((await hanging).pathname, '/connect')
})
