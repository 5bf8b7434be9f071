import { mock } from 'node:test'
import type { CDPSession, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { MINUTE, holdClock } from '../../fixtures/recipes/clock.ts'
import { type RecipeApp, buildRecipes } from '../../fixtures/recipes/recipe-app.ts'
import { openBrowser, skip } from '../../fixtures/servers/chromium.ts'
import { freePort } from '../../fixtures/servers/server-process.ts'

const VITOR = 'vitor@app.example'

/** Functions for the page: what the script of a login page does. */
const SCRIPT = `
  window.post = async (url, body, access) => {
    const reply = await fetch(url, {
      method: 'POST',
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(access && { authorization: 'Bearer ' + access })
      },
      body: JSON.stringify(body)
    })
    const text = await reply.text()
    return { status: reply.status, body: text === '' ? {} : JSON.parse(text) }
  }
  window.create = async options => (await navigator.credentials.create({
    publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options)
  })).toJSON()
  window.sign = async (change = {}) => {
    const { body } = await post('/login/passkey/options')
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON({ ...body, ...change })
    return (await navigator.credentials.get({ publicKey })).toJSON()
  }
`

interface Reply { status: number, body: Record<string, unknown> }

interface Opened {
  recipes: RecipeApp
  page: Page
  authenticator: CDPSession
  authenticatorId: string
  /** Runs an expression in the page. */
  run(expression: string): Promise<Reply>
}

/** Opens the app in Chromium, with a virtual authenticator that has verified its user. */
async function open (t: Test): Promise<Opened> {
  const port = await freePort()
  const origin = `http://localhost:${port}`
  const recipes = await buildRecipes(t, { origin })
  recipes.app.get('/', { config: { public: true } }, async (_request, reply) =>
    reply.type('text/html').send('<!doctype html><title>Log in</title>'))
  await recipes.app.listen({ host: '127.0.0.1', port })

  const browser = await openBrowser()
  t.after(() => browser.close())
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(origin)
  await page.evaluate(SCRIPT)
  const authenticator = await context.newCDPSession(page)
  await authenticator.send('WebAuthn.enable')
  const { authenticatorId } = await authenticator.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true
    }
  })
  const run = (expression: string): Promise<Reply> =>
    page.evaluate<Reply>(`(async () => ${expression})()`)
  return { recipes, page, authenticator, authenticatorId, run }
}

/** Adds a passkey to the account of an access token. */
const ADD = (access: string): string => `{
  const { body: { ceremony, options } } = await post('/me/passkeys/options', undefined, '${access}')
  const response = await create(options)
  window.ceremony = { ceremony, response }
  return post('/me/passkeys', window.ceremony, '${access}')
}`

/** The limit of logins is by the minute. */
const waitAMinute = (): void => { mock.timers.setTime(Date.now() + MINUTE) }

t.test('passkeys in Chromium', { skip }, async t => {
  holdClock(t)
  const { recipes, page, run, authenticator, authenticatorId } = await open(t)
  const access = await recipes.accessOf(VITOR)

  await t.test('a user adds a passkey, and logs in by it', async t => {
    t.equal((await run(ADD(access))).status, 204)
    const reply = await run("post('/login/passkey', window.signed = await sign())")
    t.equal(reply.status, 200)
    t.notOk('refresh' in reply.body, 'the refresh token is in the cookie')
    const cookies = (await page.context().cookies()).map(({ name }) => name)
    t.same(cookies, ['__Host-refresh'], 'the challenge is spent')
    const me = await recipes.get('/me', String(reply.body.access))
    t.match(me.json(), { id: '1', amr: ['pop', 'user', 'mfa'] })
  })

  await t.test('an assertion works once, and for its own challenge', async t => {
    t.equal((await run("post('/login/passkey', window.signed)")).status, 401)
    await run("post('/login/passkey/options')")
    t.equal((await run("post('/login/passkey', window.signed)")).status, 401)
  })

  await t.test('an assertion is bound to the browser that has asked for the challenge', async t => {
    waitAMinute()
    const signed = await page.evaluate<object>('sign()')
    const cookie = (await page.context().cookies()).find(({ name }) => name === '__Host-passkey')
    const elsewhere = await recipes.post('/login/passkey', signed)
    t.equal(elsewhere.statusCode, 401)
    const here = await run(`post('/login/passkey', ${JSON.stringify(signed)})`)
    t.equal(here.status, 200)
    // A passkey that is synced among devices has no counter.
    const [passkey] = recipes.accounts.find(1)?.passkeys ?? []
    if (passkey !== undefined) passkey.counter = 0
    const again = await recipes.app.inject({
      method: 'POST',
      url: '/login/passkey',
      payload: signed,
      headers: { cookie: `__Host-passkey=${cookie?.value}` }
    })
    t.equal(again.statusCode, 401, 'a copy of the cookie is worth nothing later')
  })

  await t.test('the authenticator must have verified the user', async t => {
    waitAMinute()
    const setVerified = (isUserVerified: boolean) =>
      authenticator.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified })
    await setVerified(false)
    const reply = await run(
      "post('/login/passkey', await sign({ userVerification: 'discouraged' }))")
    t.equal(reply.status, 401)
    await setVerified(true)
  })

  await t.test('a clone of the authenticator falls behind', async t => {
    waitAMinute()
    const [passkey] = recipes.accounts.find(1)?.passkeys ?? []
    if (passkey === undefined) return t.fail('there is no passkey')
    const before = passkey.counter
    t.equal((await run("post('/login/passkey', await sign())")).status, 200)
    t.ok(passkey.counter > before, 'the counter is stored')
    passkey.counter += 1000
    t.equal((await run("post('/login/passkey', await sign())")).status, 401)
    passkey.counter -= 1000
  })

  await t.test('an inactive user stays out', async t => {
    waitAMinute()
    const account = recipes.accounts.find(1)
    if (account === null) return t.fail('there is no account')
    account.isActive = false
    t.equal((await run("post('/login/passkey', await sign())")).status, 401)
    account.isActive = true
  })

  await t.test('a setup works once, for the session that has begun it', async t => {
    const maria = await recipes.accessOf('maria@app.example')
    t.equal((await run(`post('/me/passkeys', window.ceremony, '${access}')`)).status, 400)
    const stolen = await run(`{
      const { body: { ceremony, options } } =
        await post('/me/passkeys/options', undefined, '${maria}')
      window.ceremony = { ceremony, response: await create(options) }
      return post('/me/passkeys', window.ceremony, '${access}')
    }`)
    t.equal(stolen.status, 400)
    t.equal((await run(`post('/me/passkeys', window.ceremony, '${maria}')`)).status, 400)
    t.equal(recipes.accounts.find(1)?.passkeys.length, 1)
  })

  await t.test('no secret is in the log', async t => {
    t.notMatch(recipes.log.join(''), /clientDataJSON|authenticatorData|__Host-/)
  })
})
