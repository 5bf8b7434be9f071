import t, { type Test } from 'tap'
import { type Provider, startProvider } from '../fixtures/recipes/provider.ts'
import { ORIGIN, type RecipeApp, buildRecipes } from '../fixtures/recipes/recipe-app.ts'

const CALLBACK = `${ORIGIN}/login/oauth/callback`

/** A browser at the recipes: it keeps cookies, and follows a redirect to the provider. */
interface Visit {
  /** Begins a login, and returns the URL of the callback to which the provider redirects. */
  begin(): Promise<URL>
  /** Opens the callback. Returns the place to which the app redirects. */
  finish(url: URL): Promise<string>
  cookies: Map<string, string>
}

function visit (
  { app }: RecipeApp,
  headers: object = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }
): Visit {
  const cookies = new Map<string, string>()
  async function open (url: string) {
    const cookie = [...cookies].map(pair => pair.join('=')).join('; ')
    const reply = await app.inject({ url, headers: { cookie, ...headers } })
    for (const { name, value, maxAge, expires } of reply.cookies) {
      if (maxAge === 0 || (expires !== undefined && expires < new Date())) cookies.delete(name)
      else cookies.set(name, value)
    }
    return reply
  }
  return {
    cookies,
    begin: async () => {
      const { headers: { location } } = await open('/login/oauth')
      const reply = await fetch(String(location), { redirect: 'manual' })
      return new URL(reply.headers.get('location') ?? '')
    },
    finish: async ({ pathname, search }) =>
      String((await open(pathname + search)).headers.location)
  }
}

async function start (t: Test): Promise<{ recipes: RecipeApp, provider: Provider }> {
  const provider = await startProvider(t, CALLBACK)
  return { provider, recipes: await buildRecipes(t, { provider }) }
}

/** Logs in, and returns the place to which the app redirects. */
async function logIn (recipes: RecipeApp): Promise<string> {
  const { begin, finish } = visit(recipes)
  return finish(await begin())
}

const FAILED = `${ORIGIN}/login?failed=oauth`

t.test('a new user logs in, and the page refreshes by the cookie', async t => {
  const { provider, recipes } = await start(t)
  provider.profile = { sub: 'abc', email: 'New@app.example', email_verified: true }
  const { begin, finish, cookies } = visit(recipes)
  t.equal(await finish(await begin()), `${ORIGIN}/`)
  t.same([...cookies.keys()], ['__Host-refresh'], 'the state and the verifier are gone')

  const refreshed = await recipes.app.inject({
    method: 'POST',
    url: '/api/token/refresh/',
    headers: {
      cookie: `__Host-refresh=${cookies.get('__Host-refresh')}`, 'sec-fetch-site': 'same-origin'
    }
  })
  t.match((await recipes.get('/me', refreshed.json().access)).json(), { id: '4', amr: ['oauth'] })
  t.match(recipes.accounts.find(4), { email: 'new@app.example', role: 'user' })
})

t.test('the subject finds the account again, whatever its address is', async t => {
  const { provider, recipes } = await start(t)
  provider.profile = { sub: 'abc', email: 'new@app.example', email_verified: true }
  await logIn(recipes)
  provider.profile = { sub: 'abc', email: 'vitor@app.example', email_verified: true }
  t.equal(await logIn(recipes), `${ORIGIN}/`)
  t.same(recipes.accounts.find(1)?.identities, [])
  t.equal(recipes.accounts.all().length, 4)
})

t.test('a verified address finds its account', async t => {
  const { provider, recipes } = await start(t)
  provider.profile = { sub: 'abc', email: 'vitor@app.example', email_verified: true }
  t.equal(await logIn(recipes), `${ORIGIN}/`)
  t.same(recipes.accounts.find(1)?.identities, [`${provider.issuer} abc`])
})

t.test('an address that is not verified opens nothing', async t => {
  const { provider, recipes } = await start(t)
  for (const verified of [false, undefined, 'true', 1]) {
    provider.profile = { sub: 'abc', email: 'vitor@app.example', email_verified: verified }
    t.equal(await logIn(recipes), FAILED)
  }
  t.same(recipes.accounts.find(1)?.identities, [])
  t.equal(recipes.accounts.all().length, 3)
})

t.test('an account with a second factor is not linked by its address', async t => {
  const { provider, recipes } = await start(t)
  const account = recipes.accounts.find(1)
  if (account !== null) account.totp = { secret: 'A'.repeat(32), lastStep: 0 }
  provider.profile = { sub: 'abc', email: 'vitor@app.example', email_verified: true }
  t.equal(await logIn(recipes), FAILED)
  t.same(account?.identities, [])
})

t.test('an inactive user stays out', async t => {
  const { provider, recipes } = await start(t)
  const account = recipes.accounts.find(1)
  if (account !== null) account.isActive = false
  provider.profile = { sub: 'abc', email: 'vitor@app.example', email_verified: true }
  t.equal(await logIn(recipes), FAILED)
})

t.test('a callback of another browser is refused, before the code is redeemed', async t => {
  const { provider, recipes } = await start(t)
  provider.profile = { sub: 'evil', email: 'evil@app.example', email_verified: true }
  const callback = await visit(recipes).begin()
  const victim = visit(recipes)
  t.equal(await victim.finish(callback), FAILED)
  await victim.begin()
  t.equal(await victim.finish(callback), FAILED)
  t.notOk(victim.cookies.has('__Host-refresh'))
  t.equal(provider.redeemed, 0)
})

t.test('a callback works once', async t => {
  const { provider, recipes } = await start(t)
  provider.profile = { sub: 'abc', email: 'vitor@app.example', email_verified: true }
  const { begin, finish } = visit(recipes)
  const callback = await begin()
  t.equal(await finish(callback), `${ORIGIN}/`)
  t.equal(await finish(callback), FAILED)
})

t.test('a user who refuses at the provider is back at the login page', async t => {
  const { recipes } = await start(t)
  const { begin, finish } = visit(recipes)
  const callback = await begin()
  callback.searchParams.delete('code')
  callback.searchParams.set('error', 'access_denied')
  t.equal(await finish(callback), FAILED)
})

t.test('a browser without Fetch Metadata gets the cookie, too', async t => {
  const { provider, recipes } = await start(t)
  provider.profile = { sub: 'abc', email: 'vitor@app.example', email_verified: true }
  const { begin, finish, cookies } = visit(recipes, {})
  t.equal(await finish(await begin()), `${ORIGIN}/`)
  t.ok(cookies.has('__Host-refresh'))
})

t.test('no code, token or secret is in the log', async t => {
  const { provider, recipes } = await start(t)
  const { begin, finish } = visit(recipes)
  const callback = await begin()
  await finish(callback)
  await finish(callback)
  const wrong = await begin()
  wrong.searchParams.set('code', 'wrong')
  await finish(wrong)
  const log = recipes.log.join('')
  t.match(log, 'login at the provider failed')
  t.notMatch(log, String(callback.searchParams.get('code')))
  const basic = Buffer.from(`recipes:${provider.client.secret}`).toString('base64')
  for (const secret of [provider.client.secret, basic, 'code=']) t.notMatch(log, secret)
})
