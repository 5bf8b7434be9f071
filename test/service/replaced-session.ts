import t from 'tap'
import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import { type SimpleJwtOptions, memoryStore } from '../../plugin/index.ts'
import { DAY, MINUTE, SECOND, buildApp } from '../fixtures/app.ts'
import { createBrowser } from '../fixtures/clients/browser.ts'
import type { Test } from '../fixtures/servers/home.ts'
import { decode, refreshClaims, sign } from '../fixtures/tokens/jwt.ts'

const NAME = '__Host-refresh'
const VITOR = { username: 'vitor', password: '123' }
const MARIA = { username: 'maria', password: '456' }
const PAGE = { 'sec-fetch-site': 'same-origin' }

const sidOf = (token: string): unknown => decode(token).payload.sid

/** The number of live sessions of vitor and of maria. */
const liveSessions = async ({ tokens }: FastifyInstance): Promise<number[]> =>
  [(await tokens.sessions(1)).length, (await tokens.sessions(3)).length]

/** An app with login routes of maria, and a browser in which vitor is logged in. */
async function build (
  t: Test, options: Partial<SimpleJwtOptions> = {}, server: FastifyServerOptions = {}
) {
  const calls: string[] = []
  const store = memoryStore()
  const { find, revoke } = store
  store.find = async sid => {
    calls.push('find')
    return find(sid)
  }
  store.revoke = async (...given) => {
    calls.push('revoke')
    return revoke(...given)
  }
  const built = await buildApp(t, { cookie: true, store, ...options }, server)
  const { app, events } = built
  app.post('/login', async (_request, reply) => app.tokens.login({ id: 3 }, reply))
  app.post('/inactive', async (_request, reply) =>
    app.tokens.login({ id: 3, isActive: false }, reply))
  const browser = createBrowser(app, PAGE)
  const { access } = (await browser.post('/api/token/', VITOR)).json()
  const refresh = browser.cookies.get(NAME) as string
  events.length = 0
  calls.length = 0
  const present = (token: string): void => { browser.cookies.set(NAME, token) }
  const types = (): string[] => events.map(({ type }) => type)
  return { ...built, store, calls, browser, access, refresh, present, types }
}

t.test('login: revokes the session of the cookie that it replaces, of any user', async t => {
  for (const [url, body, left] of [
    ['/api/token/', VITOR, [1, 0]], ['/api/token/', MARIA, [0, 1]], ['/login', {}, [0, 1]]
  ] as const) {
    const { app, browser, access, hello, events, calls } = await build(t)
    const reply = await browser.post(url, body)
    t.equal(reply.statusCode, 200)
    t.same(await liveSessions(app), left)
    const next = reply.json().access
    t.match(events, [
      { type: 'login', sid: sidOf(next) },
      { type: 'revoked', userId: '1', sid: sidOf(access), address: '127.0.0.1' }
    ])
    t.same(calls, ['find', 'revoke'])
    t.equal((await hello(access)).statusCode, 401)
    t.equal((await hello(next)).statusCode, 200)
    t.equal((await browser.post('/api/token/refresh/')).statusCode, 200)
  }
})

t.test('login: one that fails revokes nothing', async t => {
  const fault = { throws: '' }
  const throwing = (name: string) => () => {
    if (fault.throws === name) throw new Error(name)
    return {}
  }
  const { app, browser, access, hello, types } = await build(t, {
    rateLimit: { loginPerAddress: 6 },
    claims: throwing('claims'),
    sessionOptions: throwing('sessionOptions'),
    loginResponse: throwing('loginResponse')
  })
  const statusOf = async (url: string, body: object): Promise<number> =>
    (await browser.post(url, body)).statusCode
  t.equal(await statusOf('/api/token/', { ...VITOR, password: 'wrong' }), 401)
  t.equal(await statusOf('/api/token/', {}), 400)
  t.equal(await statusOf('/inactive', {}), 401)
  for (const name of ['claims', 'sessionOptions', 'loginResponse']) {
    fault.throws = name
    t.equal(await statusOf('/api/token/', VITOR), 500, name)
  }
  fault.throws = ''
  t.equal(await statusOf('/api/token/', { ...VITOR, password: 'wrong' }), 401)
  t.equal(await statusOf('/api/token/', VITOR), 429)
  t.same(types(), ['login_failed', 'login', 'revoked', 'login_failed', 'throttled'])
  t.same(await liveSessions(app), [1, 0])
  t.equal((await hello(access)).statusCode, 200)
  t.equal((await browser.post('/api/token/refresh/')).statusCode, 200)
})

t.test('login: a cookie that belongs to no session is as none', async t => {
  const { app, browser, refresh, access, present, events, calls } = await build(t)
  const { payload } = decode(refresh)
  for (const [name, token, expected] of [
    ['malformed', 'a.b', []],
    ['empty', '', []],
    ['forged', sign(payload, undefined, 'another secret of 32 bytes, or so'), []],
    ['without a signature', `${refresh.slice(0, refresh.lastIndexOf('.'))}.`, []],
    ['over-long', sign({ ...payload, pad: 'x'.repeat(7000) }), []],
    ['an access token', access, []],
    ['of a session that is not known', sign({ ...payload, sid: 'x' }), ['find']],
    ['of another server', sign(refreshClaims()), []]
  ] as const) {
    events.length = calls.length = 0
    present(token)
    const reply = await browser.post('/api/token/', MARIA)
    t.equal(reply.statusCode, 200, name)
    t.same(Object.keys(reply.json()), ['access'])
    t.same(events.map(({ type }) => type), ['login'], name)
    t.same(calls, expected, name)
  }
  t.match(await app.tokens.sessions(1), [{ sid: sidOf(access) }])
})

t.test('login: a cookie of a session that is over is as none', async t => {
  for (const [name, isRevoked, age, expected] of [
    ['revoked', true, 0, ['find']],
    ['expired, and the token is within the leeway', false, DAY + SECOND, ['find']],
    ['expired, and so is the token', false, DAY + MINUTE, []]
  ] as const) {
    const { browser, refresh, present, clock, events, types, calls } =
      await build(t, { leeway: '10s' })
    if (isRevoked) await browser.post('/api/token/blacklist/')
    events.length = calls.length = 0
    clock.advance(age)
    present(refresh)
    t.equal((await browser.post('/api/token/', MARIA)).statusCode, 200, name)
    t.same(types(), ['login'], name)
    t.same(calls, expected, name)
  }
})

t.test('login: a session of an adopted token is revoked too', async t => {
  const { app, browser, present, types } = await build(t, {
    adoptRefreshTokens: true, rotateRefreshTokens: false
  })
  present(sign(refreshClaims()))
  await browser.post('/api/token/', MARIA)
  t.same(types(), ['login'], 'a login adopts no token')
  present(sign(refreshClaims()))
  await browser.post('/api/token/refresh/')
  t.same(await liveSessions(app), [2, 1])
  await browser.post('/api/token/', MARIA)
  t.same(await liveSessions(app), [1, 2])
})

t.test('login: revokes the session of a spent cookie, outside reuseInterval as reuse', async t => {
  for (const [age, userAgent, type] of [
    [SECOND, 'lightMyRequest', 'revoked'],
    [MINUTE, 'lightMyRequest', 'reuse_detected'],
    [SECOND, 'another', 'reuse_detected']
  ] as const) {
    const { app, browser, refresh, access, present, clock, events } = await build(t)
    await browser.post('/api/token/refresh/')
    events.length = 0
    clock.advance(age)
    present(refresh)
    const headers = { ...PAGE, 'user-agent': userAgent }
    t.equal((await browser.post('/api/token/', MARIA, headers)).statusCode, 200)
    t.match(events, [{ type: 'login' }, { type, userId: '1', sid: sidOf(access) }])
    t.same(await liveSessions(app), [0, 1])
  }
})

t.test('login: goes on when the store fails to revoke, and logs the failure', async t => {
  for (const verb of ['find', 'revoke'] as const) {
    const lines: string[] = []
    const logger = { level: 'warn', stream: { write: (line: string) => { lines.push(line) } } }
    const { app, store, browser, access, events, hello } = await build(t, {}, { logger })
    const method = store[verb]
    store[verb] = async () => { throw new Error('down') }
    const reply = await browser.post('/api/token/', MARIA)
    t.equal(reply.statusCode, 200)
    t.match(events, [{ type: 'login' }, { type: 'store_failed', what: verb }])
    t.match(lines.map(line => JSON.parse(line) as object), [
      { level: 50, msg: 'the session store failed', verb, err: { message: 'down' } },
      { level: 40, msg: 'simplejwt store_failed' },
      {
        level: 40,
        msg: 'the session of the replaced cookie could not be revoked',
        sid: sidOf(access),
        err: { statusCode: 503 }
      }
    ])
    Object.assign(store, { [verb]: method })
    t.same(await liveSessions(app), [1, 1])
    t.equal((await hello(access)).statusCode, 200)
    t.equal((await browser.post('/api/token/refresh/')).statusCode, 200, 'the new one')
  }
})
