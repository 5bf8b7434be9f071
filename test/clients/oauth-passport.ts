import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express, { type ErrorRequestHandler } from 'express'
import { Passport } from 'passport'
import { Strategy, type VerifyCallback } from 'passport-oauth2'
import t from 'tap'
import { OPENID_SCOPES, openProvider } from '../fixtures/oauth/openid-provider.ts'
import { type Decision, goThrough } from '../fixtures/oauth/person.ts'
import { type OAuthServer, SECRET_OF_PRINTER } from '../fixtures/oauth/server.ts'
import type { Test } from '../fixtures/servers/home.ts'

/** The tokens that the app gets, and what it tells its user. */
interface Answer { status: number, body: Record<string, unknown> }

interface Site extends OAuthServer {
  origin: string
  /** Starts a login. Returns the URL of the authorization request. */
  begin(): Promise<string>
  /** Comes back from the server. */
  comeBack(callback: URL): Promise<Answer>
  /** A whole login. */
  logIn(decision?: Decision): Promise<Answer>
}

const verify = (
  access: string, refresh: string, results: object, profile: unknown, done: VerifyCallback
): void => done(null, { access, refresh, results, profile })

/** The way of passport-oauth2 to read the user from a server: a strategy of the app. */
class ProfileStrategy extends Strategy {
  userinfoUrl = ''

  override userProfile (access: string, done: (error?: unknown, profile?: unknown) => void): void {
    this._oauth2.useAuthorizationHeaderforGET(true)
    this._oauth2.get(this.userinfoUrl, access, (error, body) =>
      error ? done(error) : done(null, JSON.parse(String(body))))
  }
}

/** Express knows an error handler by its four parameters. */
const answerError: ErrorRequestHandler = (error, _request, response, _next) => {
  response.status(500).json({ ...error, name: error.name })
}

/** Starts an express app that logs its users in with passport, with PKCE and state. */
async function startSite (t: Test): Promise<Site> {
  const server = await openProvider(t)
  // One visitor: a session is an object that outlives the requests.
  const session = {}
  const app = express()
  app.use((request, _response, next) => {
    Object.assign(request, { session })
    next()
  })
  const site = app.listen(0, '127.0.0.1')
  await once(site, 'listening')
  t.after(() => { site.close(); site.closeAllConnections() })
  const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`

  const authenticator = new Passport()
  const strategy = new ProfileStrategy({
    authorizationURL: `${server.url}/oauth/authorize`,
    tokenURL: `${server.url}/oauth/token`,
    clientID: 'photo-printer',
    clientSecret: SECRET_OF_PRINTER,
    callbackURL: `${origin}/callback`,
    scope: OPENID_SCOPES,
    state: true,
    pkce: true
  }, verify)
  strategy.userinfoUrl = `${server.url}/oauth/userinfo`
  authenticator.use(strategy)
  const login = authenticator.authenticate('oauth2', { session: false })
  app.get('/login', login)
  app.get('/callback', login, ({ user }, response) => { response.json(user) })
  app.use(answerError)

  const begin = async (): Promise<string> => {
    const { headers } = await fetch(`${origin}/login`, { redirect: 'manual' })
    return String(headers.get('location'))
  }
  const comeBack = async (callback: URL): Promise<Answer> => {
    const reply = await fetch(callback)
    const text = await reply.text()
    return { status: reply.status, body: text.startsWith('{') ? JSON.parse(text) : { text } }
  }
  return {
    ...server,
    origin,
    begin,
    comeBack,
    logIn: async decision => comeBack(await goThrough(await begin(), decision))
  }
}

t.test('passport-oauth2: logs a user in with PKCE and state, and reads the profile', async t => {
  const { begin, comeBack, url, count } = await startSite(t)
  const target = new URL(await begin())
  t.match(Object.fromEntries(target.searchParams), {
    code_challenge_method: 'S256', response_type: 'code', client_id: 'photo-printer'
  })
  const { status, body } = await comeBack(await goThrough(target))
  t.equal(status, 200)
  t.match(body, { refresh: /^ey/, results: { scope: OPENID_SCOPES, token_type: 'Bearer' } })
  t.same(body.profile, { sub: '1', email: 'vitor@example.com' })
  const photos = await fetch(`${url}/photos/`,
    { headers: { authorization: `Bearer ${String(body.access)}` } })
  t.same(await photos.json(), { user_id: '1', client_id: 'photo-printer' })
  t.equal(count('code_exchanged'), 1)
})

t.test('passport-oauth2: refuses an answer with another state', async t => {
  const { begin, comeBack, count } = await startSite(t)
  const callback = await goThrough(await begin())
  callback.searchParams.set('state', 'another')
  t.equal((await comeBack(callback)).status, 403)
  t.equal(count('code_exchanged'), 0)
})

t.test('passport-oauth2: the denial of the user is a 401', async t => {
  const { logIn } = await startSite(t)
  t.equal((await logIn({ allow: false })).status, 401)
})

t.test('passport-oauth2: reports an error of the token endpoint', async t => {
  const { begin, comeBack } = await startSite(t)
  const callback = await goThrough(await begin())
  // The code of a login with another verifier.
  const other = await goThrough(await begin())
  other.searchParams.set('code', String(callback.searchParams.get('code')))
  t.match(await comeBack(other),
    { status: 500, body: { name: 'TokenError', code: 'invalid_grant' } })
})
