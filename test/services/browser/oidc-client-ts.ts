import { once } from 'node:events'
import { createServer } from 'node:https'
import type { FastifyServerOptions } from 'fastify'
import type { Browser, Page } from 'playwright-core'
import t from 'tap'
import { connect } from '../../../example/connect.ts'
import { bundle } from '../../fixtures/bundle-blocks.ts'
import { logIn, press, title } from '../../fixtures/clients/consent-page.ts'
import { OPENID_SCOPES, openProvider } from '../../fixtures/oauth/openid-provider.ts'
import type { OAuthServer } from '../../fixtures/oauth/server.ts'
import { createCertificate, withoutOpenssl } from '../../fixtures/servers/certificate.ts'
import {
  openBrowser, skip as withoutChromium, visit
} from '../../fixtures/servers/chromium.ts'
import type { Test } from '../../fixtures/servers/home.ts'
import { freePort } from '../../fixtures/servers/server-process.ts'

const skip = withoutChromium || withoutOpenssl
const browser = skip === false ? await openBrowser() : undefined
t.teardown(() => browser?.close())

/** The members of the library's user that the tests look at. */
interface LibraryUser {
  profile: Record<string, unknown>
  access_token: string
  refresh_token?: string
  scope: string
}

interface Place extends OAuthServer {
  page: Page
  faults: string[]
  /** Runs an expression with `manager`, the library. Returns its result, or its error code. */
  run<Result>(expression: string): Promise<Result>
  /** Goes to the consent page. */
  begin(): Promise<void>
  /** Waits for the answer to the app, and returns its result. */
  arrive(): Promise<string>
  /** A whole login. */
  logIn(): Promise<LibraryUser>
  user(): Promise<LibraryUser | null>
  /** Returns the status of `GET /photos/`. */
  photos(access: string): Promise<number>
  /** Logs vitor in at the host. */
  enterHost(): Promise<void>
  issuer: string
}

/** Two hosts of one site, and one of another site, whose iframes send no cookies in Chromium. */
const [SERVER, APP, OTHER_APP] = ['id.lesson.test', 'print.lesson.test', 'print.test']

/** The session of a host that logs users in by its own means. */
const HOST_COOKIE = { name: 'host', value: '1', sameSite: 'None', secure: true } as const

/** Serves the page of an app over TLS. */
async function serveApp (t: Test, port: number, settings: object): Promise<void> {
  const script = await bundle('test/fixtures/clients', 'oidc-page.js')
  const html = `<!doctype html><title>App</title><link rel="icon" href="data:,">
    <script>globalThis.settings = ${JSON.stringify(settings)}</script>
    <script type="module" src="/app.js"></script>`
  const server = createServer(createCertificate(t, APP), ({ url }, response) => {
    const isScript = url === '/app.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(isScript ? script : html)
  }).listen(port, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => { server.close(); server.closeAllConnections() })
}

/** Opens an app beside a server with the consent page of the demo, each at an origin. */
async function openPlace (t: Test, name = APP): Promise<Place> {
  const [port, appPort] = [await freePort(), await freePort()]
  const issuer = `https://${SERVER}:${port}`
  const app = `https://${name}:${appPort}`
  const server = await openProvider(t, {
    port,
    server: { https: createCertificate(t, SERVER) } as FastifyServerOptions,
    core: { cookie: true, issuer },
    oauth: {
      clients: [{ id: 'web-page', name: 'Web Page', redirectUris: [`${app}/callback`] }],
      loggedIn: ({ headers: { cookie = '' } }) =>
        cookie.includes('host=1') ? { user: { id: 1 }, at: server.clock() } : null
    },
    routes: async app => {
      await app.register(connect)
      app.get('/style.css', async (_request, reply) => reply.type('text/css').send(''))
      app.get('/me/', { onRequest: app.authenticate }, async () => ({ username: 'vitor' }))
    }
  })
  await serveApp(t, appPort, {
    authority: issuer,
    client_id: 'web-page',
    redirect_uri: `${app}/callback`,
    scope: OPENID_SCOPES,
    loadUserInfo: true,
    automaticSilentRenew: false
  })
  const { page, faults } = await visit(browser as Browser, `${app}/`, {
    ignoreHTTPSErrors: true
  })
  t.after(() => page.context().close())

  const arrive = async (): Promise<string> => {
    await page.waitForURL(`${app}/callback?*`)
    return page.evaluate<string>('ready')
  }
  const place: Place = {
    ...server,
    issuer,
    page,
    faults,
    run: expression => page.evaluate(`(async () => ${expression})().catch(error => error.error ?? error.message)`),
    begin: async () => {
      await page.evaluate('void manager.signinRedirect()')
      await title(page, 'Log in to connect Web Page')
      await logIn(page)
      await title(page, 'Connect Web Page to your account?')
    },
    arrive,
    logIn: async () => {
      await place.begin()
      await press(page, 'Allow')
      await arrive()
      return await place.user() as LibraryUser
    },
    user: () => page.evaluate('manager.getUser()'),
    photos: async access => (await server.app.inject(
      { url: '/photos/', headers: { authorization: `Bearer ${access}` } }
    )).statusCode,
    enterHost: () => page.context().addCookies([{ ...HOST_COOKIE, url: issuer }])
  }
  return place
}

t.test('oidc-client-ts: logs in, and reads the claims of userinfo', { skip }, async t => {
  const { begin, arrive, page, user, photos, issuer, faults } = await openPlace(t)
  await begin()
  await press(page, 'Allow')
  t.equal(await arrive(), 'logged in')
  const { profile, scope, access_token: access } = await user() as LibraryUser
  t.match(profile, { sub: '1', aud: 'web-page', iss: issuer, email: 'vitor@example.com' })
  t.equal(scope, OPENID_SCOPES)
  t.equal(await photos(access), 200)
  t.same(faults, [])
})

t.test('oidc-client-ts: reports the denial of the user', { skip }, async t => {
  const { begin, arrive, page, user } = await openPlace(t)
  await begin()
  await press(page, 'Deny')
  t.equal(await arrive(), 'access_denied')
  t.equal(await user(), null)
})

t.test('oidc-client-ts: refreshes silently, and revokes its tokens', { skip }, async t => {
  const { logIn, run, user, photos, clock, count, faults } = await openPlace(t)
  const first = await logIn()
  clock.advance(1000)
  const second = await run<LibraryUser>('manager.signinSilent()')
  t.equal(count('refreshed'), 1)
  t.not(second.access_token, first.access_token)
  t.not(second.refresh_token, first.refresh_token)
  t.match(second.profile, { sub: '1', email: 'vitor@example.com' })

  await run('manager.revokeTokens()')
  t.match(await user(), { refresh_token: undefined })
  t.equal(await photos(second.access_token), 401)
  t.same(faults, [])
})

const SILENT = 'manager.signinSilent({ forceIframeAuth: true })'

t.test('oidc-client-ts: logs in by an iframe while the host has a session', { skip }, async t => {
  const { logIn, run, enterHost, count, faults } = await openPlace(t)
  await logIn()
  t.equal(await run(SILENT), 'login_required')
  await enterHost()
  const { profile } = await run<LibraryUser>(SILENT)
  t.match(profile, { sub: '1', email: 'vitor@example.com' })
  t.equal(count('code_exchanged'), 2)

  const more = 'manager.signinSilent({ forceIframeAuth: true, scope: "openid photos:write" })'
  t.equal(await run(more), 'consent_required', 'a scope that the user has not allowed')
  t.same(faults, [])
})

t.test('oidc-client-ts: an iframe of another site has no login', { skip }, async t => {
  const { logIn, run, enterHost } = await openPlace(t, OTHER_APP)
  await logIn()
  await enterHost()
  t.equal(await run(SILENT), 'login_required')
})
