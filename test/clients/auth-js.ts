import t from 'tap'
import type { Credentials, TokenPair } from '../../plugin/index.ts'
import { MINUTE, SECRET } from '../fixtures/app.ts'
import { type ListeningApp, listeningApp } from '../fixtures/clients/listening-app.ts'
import type { Test } from '../fixtures/servers/home.ts'
import { decode } from '../fixtures/tokens/jwt.ts'

const SITE = 'http://127.0.0.1:3000'
const PAGES = 10
/** An access token has expired after this time. */
const EXPIRY = 6 * MINUTE

/** The members that the callbacks keep in the cookie of Auth.js. */
interface Kept { access: string, refresh: string, expiresAt: number, error?: string }

/** The JWT that a callback of Auth.js receives, and the user after a sign-in only. */
interface Callback { token: Kept, user?: Kept, session?: object }

// The types of @auth/core load those of the DOM, which would then hold for the whole project.
const load = (name: string): Promise<unknown> => import(name)
const { Auth } = await load('@auth/core') as {
  Auth(request: Request, config: object): Promise<Response>
}
const { default: credentialsProvider } = await load('@auth/core/providers/credentials') as {
  default(options: object): object
}

const keep = ({ access, refresh }: TokenPair): Kept =>
  ({ access, refresh, expiresAt: Number(decode(access).payload.exp) })

const postJson = (url: string, body: object): Promise<Response> => fetch(url, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body)
})

/** Rotates as the guide of Auth.js on refresh tokens does, with the credentials provider. */
const configFor = ({ url, clock }: Pick<ListeningApp, 'url' | 'clock'>): object => ({
  secret: SECRET,
  trustHost: true,
  basePath: '/auth',
  logger: { error: () => {} },
  providers: [
    credentialsProvider({
      credentials: { username: {}, password: { type: 'password' } },
      authorize: async ({ username, password }: Credentials) => {
        const reply = await postJson(`${url}/api/token/`, { username, password })
        return reply.ok ? keep(await reply.json() as TokenPair) : null
      }
    })
  ],
  callbacks: {
    // The tokens of the credentials provider are in `user`: its `account` has none.
    async jwt ({ token, user }: Callback) {
      if (user !== undefined) return { ...token, ...user }
      if (clock() < token.expiresAt * 1000) return token
      const reply = await postJson(`${url}/api/token/refresh/`, { refresh: token.refresh })
      if (!reply.ok) return { ...token, error: 'RefreshTokenError' }
      return { ...token, ...keep(await reply.json() as TokenPair) }
    },
    session: ({ session, token }: Callback) =>
      ({ ...session, access: token.access, error: token.error })
  },
  events: {
    signOut: ({ token: { refresh } }: Callback) => postJson(`${url}/api/token/blacklist/`, { refresh })
  }
})

/** A browser at a site with Auth.js: keeps its cookies. */
interface Visitor {
  cookies: Map<string, string>
  session(): Promise<Partial<Kept> | null>
  /** Signs in, or out, with the CSRF token of Auth.js. Returns the URL that it redirects to. */
  submit(path: string, form?: Record<string, string>): Promise<string>
}

function createVisitor (config: object): Visitor {
  const cookies = new Map<string, string>()
  const visit = async (path: string, form?: Record<string, string>): Promise<Response> => {
    const reply = await Auth(new Request(`${SITE}/auth/${path}`, {
      headers: { cookie: [...cookies].map(pair => pair.join('=')).join('; ') },
      ...(form !== undefined && { method: 'POST', body: new URLSearchParams(form) })
    }), config)
    for (const line of reply.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    return reply
  }
  return {
    cookies,
    session: async () => await (await visit('session')).json() as Partial<Kept> | null,
    async submit (path, form = {}) {
      const { csrfToken } = await (await visit('csrf')).json() as { csrfToken: string }
      return (await visit(path, { csrfToken, ...form })).headers.get('location') ?? ''
    }
  }
}

const GOOD = { username: 'vitor', password: '123' }

async function signIn (t: Test): Promise<ListeningApp & { visitor: Visitor }> {
  const app = await listeningApp(t)
  const visitor = createVisitor(configFor(app))
  await visitor.submit('callback/credentials', GOOD)
  return { ...app, visitor }
}

t.test('Auth.js: signs in, and keeps the refresh token in its encrypted cookie', async t => {
  const { visitor, count } = await signIn(t)
  t.equal(count('login'), 1)
  t.match(await visitor.session(), { access: /^ey/, refresh: undefined })
  t.notMatch([...visitor.cookies.values()].join(), /^ey[^.]+\.ey/, 'no JWT that can be read')
})

t.test('Auth.js: refuses a wrong password', async t => {
  const app = await listeningApp(t)
  const visitor = createVisitor(configFor(app))
  const target = await visitor.submit('callback/credentials', { ...GOOD, password: 'wrong' })
  t.match(target, 'error=CredentialsSignin')
  t.equal(await visitor.session(), null)
  t.equal(app.count('login_failed'), 1)
})

t.test('Auth.js: pages that refresh at the same time get one successor', async t => {
  const { visitor, hello, clock, count } = await signIn(t)
  clock.advance(EXPIRY)
  const pages = await Promise.all(Array.from({ length: PAGES }, () => visitor.session()))
  t.equal(count('refreshed'), 1)
  t.equal(count('replayed'), PAGES - 1)
  for (const page of pages) {
    t.equal(page?.error, undefined)
    t.equal((await hello(page?.access ?? '')).statusCode, 200)
  }
})

t.test('Auth.js: keeps the successor of each refresh', async t => {
  const { visitor, hello, clock, count } = await signIn(t)
  for (let refreshes = 1; refreshes <= 3; refreshes++) {
    clock.advance(EXPIRY)
    const page = await visitor.session()
    t.equal((await hello(page?.access ?? '')).statusCode, 200)
    t.equal(count('refreshed'), refreshes)
  }
  t.equal(count('reuse_detected'), 0)
})

t.test('Auth.js: a sign-out revokes the session', async t => {
  const { visitor, hello, clock, count } = await signIn(t)
  clock.advance(EXPIRY)
  const { access = '' } = await visitor.session() ?? {}
  await visitor.submit('signout')
  t.equal(await visitor.session(), null)
  t.equal(count('revoked'), 1)
  t.equal((await hello(access)).statusCode, 401)
})

t.test('Auth.js: a refused refresh is an error of the session', async t => {
  const { app, visitor, clock } = await signIn(t)
  await app.tokens.revokeUser(1)
  clock.advance(EXPIRY)
  t.equal((await visitor.session())?.error, 'RefreshTokenError')
})
