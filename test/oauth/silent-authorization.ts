import type { FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import type { Client } from '../../plugin/oauth/clients.ts'
import { mintIdToken } from '../../plugin/oauth/id-token.ts'
import type { LoggedIn, OAuthOptions } from '../../plugin/oauth/index.ts'
import { memoryStore } from '../../plugin/stores/memory.ts'
import { DAY, MINUTE, SECOND } from '../fixtures/app.ts'
import {
  type AuthorizeApp, ISSUER, askAuthorize, buildAuthorizeApp
} from '../fixtures/oauth/authorize-app.ts'
import { buildServer } from '../fixtures/oauth/authorization-server.ts'
import { RFC_7636_PKCE } from '../fixtures/oauth/pkce.ts'
import { WEB_CALLBACK } from '../fixtures/oauth/server.ts'
import { postForm } from '../fixtures/oauth/token-app.ts'
import { PRINTER_BASIC } from '../fixtures/oauth/token-request.ts'
import { decode } from '../fixtures/tokens/jwt.ts'

const TRUSTED = {
  id: 'photo-printer', name: 'Printer', redirectUris: [WEB_CALLBACK], trusted: true
}

type Steps = Parameters<typeof buildAuthorizeApp>[1]
type LoggedInOption = NonNullable<OAuthOptions['loggedIn']>
type Parameters_ = Record<string, string | undefined>

/** Asks without a page. Returns the parameters of the answer, which goes to the app. */
async function askSilently (
  t: Test,
  { app }: AuthorizeApp,
  parameters: Parameters_ = {}
): Promise<Record<string, string>> {
  const { statusCode, headers } = await askAuthorize(app, { prompt: 'none', ...parameters })
  const url = new URL(String(headers.location), ISSUER)
  t.equal(statusCode, 303)
  t.equal(url.origin + url.pathname, WEB_CALLBACK, 'the answer is for the app, not a page')
  const { iss, ...answer } = Object.fromEntries(url.searchParams)
  t.equal(iss, ISSUER)
  return answer
}

/** An app whose user 1 has logged in a minute ago, by the host's own means. */
const buildLoggedIn = (
  t: { after(close: () => unknown): void }, loggedIn?: LoggedInOption, steps: Steps = {}
): Promise<AuthorizeApp> => {
  const built = buildAuthorizeApp(t, {
    ...steps,
    oauth: {
      loggedIn: loggedIn ?? (async () => ({
        user: { id: 1 }, at: (await built).clock.time - MINUTE
      })),
      ...steps?.oauth
    }
  })
  return built
}

/** Makes the user allow the printer once, by the page, and the printer exchange its code. */
async function consentOnce ({ app, clock }: AuthorizeApp): Promise<void> {
  const { headers } = await askAuthorize(app)
  const page = new URL(String(headers.location), ISSUER)
  const answer = await app.oauth.approve(
    page.searchParams.get('authorization') as string, { id: 1 }, { authTime: clock.time })
  await postForm(app, {
    grant_type: 'authorization_code',
    code: new URL(answer).searchParams.get('code') as string,
    code_verifier: RFC_7636_PKCE.verifier
  }, PRINTER_BASIC)
}

t.test('prompt=none: without loggedIn, and without a login, is login_required', async t => {
  const REQUIRED = {
    error: 'login_required', error_description: 'The user must log in.', state: 'a b&c=d'
  }
  t.same(await askSilently(t, await buildAuthorizeApp(t)), REQUIRED)
  for (const answer of [null, undefined]) {
    const built = await buildLoggedIn(t, async () => answer as null)
    t.same(await askSilently(t, built), REQUIRED)
    t.same(built.events, [])
  }
})

t.test('prompt=none: gives a code at once if the user has allowed the app before', async t => {
  const built = await buildLoggedIn(t)
  t.match(await askSilently(t, built), {
    error: 'consent_required', error_description: 'The user must be asked.', state: 'a b&c=d'
  })
  await consentOnce(built)
  const { code, state, ...rest } = await askSilently(t, built)
  t.same([state, rest], ['a b&c=d', {}])
  t.match(decode(code as string).payload, {
    token_type: 'code', auth_time: (built.clock.time - MINUTE) / 1000, scope: 'photos:read'
  })
  const wider = await askSilently(t, built, { scope: 'photos:read photos:write' })
  t.equal(wider.error, 'consent_required')
})

t.test('prompt=none: loggedIn gets the request, and a trusted app needs no consent', async t => {
  const requests: FastifyRequest[] = []
  const built = await buildLoggedIn(t, request => {
    requests.push(request)
    return { user: { id: 1 }, at: 0 }
  }, {
    oauth: { clients: [TRUSTED] }
  })
  t.match(await askSilently(t, built), { code: /^eyJ/ })
  const request = { method: 'GET', url: /^\/oauth\/authorize\?/ }
  t.match(requests, [request, request])
  const { length } = requests
  await askAuthorize(built.app)
  t.equal(requests.length, length, 'a request with a page does not call it')
})

t.test('prompt=none: a login older than max_age is login_required', async t => {
  const built = await buildLoggedIn(t)
  await consentOnce(built)
  t.match(await askSilently(t, built, { max_age: '60' }), { code: /^eyJ/ })
  for (const max of ['59', '0']) {
    t.equal((await askSilently(t, built, { max_age: max })).error, 'login_required')
  }
})

t.test('prompt=none: a user other than that of the hint is login_required', async t => {
  const built = await buildLoggedIn(t)
  await consentOnce(built)
  const { server } = await buildServer(t)
  const client = await server.options.findClient('photo-printer') as Client
  for (const [userId, expected] of [
    ['1', undefined], ['3', 'login_required'], ['', 'login_required']
  ] as const) {
    const hint = mintIdToken(server, { sid: 'a', userId, endsAt: built.clock.time + DAY },
      { client, authTime: 1 }, undefined)
    const { error } = await askSilently(t, built, { id_token_hint: hint })
    t.equal(error, expected, userId)
  }
})

t.test('prompt=none: a user who is gone or inactive is login_required', async t => {
  for (const user of [null, { id: 1, isActive: false }]) {
    const built = await buildLoggedIn(t, undefined,
      { core: { findUser: async () => user }, oauth: { clients: [TRUSTED] } })
    t.equal((await askSilently(t, built)).error, 'login_required')
    t.same(built.events, [])
  }
})

t.test('prompt=none: a store that is away is temporarily_unavailable', async t => {
  let isAway = false
  const store = memoryStore()
  const built = await buildLoggedIn(t, undefined, {
    core: {
      store: {
        ...store,
        list: async (...given) => {
          if (isAway) throw new Error('away')
          return store.list(...given)
        }
      }
    }
  })
  await consentOnce(built)
  isAway = true
  t.match(await askSilently(t, built), {
    error: 'temporarily_unavailable', error_description: 'The server is busy. Try again.'
  })
})

const FUTURE = 61 * SECOND

t.test('prompt=none: a fault of the host is server_error, and in the log', async t => {
  const faults: [name: string, loggedIn: (now: number) => unknown, logged: RegExp][] = [
    ['throws', () => { throw new Error('the session store is away') }, /store is away/],
    ['throws a text', () => { throw 'a text' }, /threw a value that is not an Error/], // eslint-disable-line no-throw-literal
    ['true', () => true, /loggedIn\(\) must resolve to null/],
    ['no time', () => ({ user: { id: 1 } }), /loggedIn\(\) must resolve to null/],
    ['a time in the future', now => ({ user: { id: 1 }, at: now + FUTURE }), /not in the future/],
    ['no user', now => ({ user: {}, at: now }), /a user must have an id/]
  ]
  for (const [name, loggedIn, logged] of faults) {
    const lines: string[] = []
    const built: AuthorizeApp = await buildLoggedIn(t,
      async () => loggedIn(built.clock.time) as LoggedIn,
      { server: { logger: { level: 'error', stream: { write: line => { lines.push(line) } } } } })
    t.match(await askSilently(t, built), {
      error: 'server_error', error_description: 'The server has a fault.'
    }, name)
    t.equal(lines.length, 1)
    t.match(lines[0], logged, name)
  }
})
