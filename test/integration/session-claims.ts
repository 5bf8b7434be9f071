import t from 'tap'
import type { SimpleJwtOptions } from '../../plugin/index.ts'
import { MINUTE, SECOND, type TestApp, buildApp } from '../fixtures/app.ts'
import { decode, refreshClaims, sign } from '../fixtures/tokens/jwt.ts'

const claims = () => ({ role: 'author', plan: 'free' })
const findUser = (id: string) => ({ id })
const SESSION = { mfa: true, plan: 'trial' }

/** The options that decide whether a refresh token carries the claims of the user. */
const WAYS: Record<string, Partial<SimpleJwtOptions>> = {
  'claims alone': { claims },
  'claims and findUser': { claims, findUser },
  'no rotation': { claims, findUser, rotateRefreshTokens: false },
  'cookie mode': { claims, cookie: true }
}

const HEADERS = { origin: 'https://localhost', host: 'localhost' }
const payloadOf = (token: string) => decode(token).payload

/** Refreshes by the body or the cookie. Returns the access token and the next refresh token. */
async function refresh ({ post }: TestApp, token: string, inCookie: boolean) {
  const reply = inCookie
    ? await post('/api/token/refresh/', {}, {
      headers: { ...HEADERS, cookie: `__Host-refresh=${token}` }
    })
    : await post('/api/token/refresh/', { refresh: token })
  const set = /^__Host-refresh=([^;]+)/.exec(String(reply.headers['set-cookie']))?.[1]
  return {
    access: reply.json().access as string,
    refresh: (set ?? reply.json().refresh ?? token) as string
  }
}

for (const [way, options] of Object.entries(WAYS)) {
  t.test(`session claims are in each access token of the session: ${way}`, async t => {
    const built = await buildApp(t, options)
    const inCookie = options.cookie === true
    let pair: { access: string, refresh: string } = await built.app.tokens.issue(
      { id: 1, role: 'admin' }, { claims: SESSION })
    for (let count = 0; count < 5; count++) {
      t.match(payloadOf(pair.access), { role: 'author', plan: 'trial', mfa: true })
      t.notOk('session_options' in payloadOf(pair.access))
      built.clock.advance(MINUTE)
      pair = await refresh(built, pair.refresh, inCookie)
    }
    const other = await built.app.tokens.issue({ id: 1 })
    t.match(payloadOf(other.access), { plan: 'free', mfa: undefined }, 'but not of another')
    t.notOk('session_options' in payloadOf(other.refresh))
  })

  t.test(`a replay mints the refresh token of the rotation: ${way}`, async t => {
    const built = await buildApp(t, options)
    const inCookie = options.cookie === true
    const pair = await built.app.tokens.issue({ id: 1 }, {
      claims: { 9: 'nine', ...SESSION, 1: 'one' }, refreshTokenLifetime: '1h', persistent: false
    })
    built.clock.advance(MINUTE)
    const first = await refresh(built, pair.refresh, inCookie)
    built.clock.advance(5 * SECOND)
    const replays = await Promise.all(
      [1, 2].map(() => refresh(built, pair.refresh, inCookie)))
    for (const replay of replays) t.equal(replay.refresh, first.refresh)
    if (options.rotateRefreshTokens !== false) {
      t.match(payloadOf(first.refresh), {
        exp: payloadOf(pair.refresh).iat as number + 60 + 3600,
        session_options: { refresh_lifetime: 3600, persistent: false }
      })
    }
  })
}

t.test('a token of another server carries no session options', async t => {
  const { post } = await buildApp(t, { adoptRefreshTokens: true })
  const foreign = sign(refreshClaims({
    session_options: { claims: { mfa: true }, refresh_lifetime: 30 * 86_400 }
  }))
  const pair = (await post('/api/token/refresh/', { refresh: foreign })).json()
  t.equal(payloadOf(pair.access).mfa, undefined)
  t.notOk('session_options' in payloadOf(pair.refresh))
  t.equal(payloadOf(pair.refresh).exp as number - (payloadOf(pair.refresh).iat as number), 86_400)
})

t.test('a refresh token of version 0.1 works, and its successor says no more', async t => {
  for (const options of [{}, { claims, findUser }]) {
    const { app, post, clock } = await buildApp(t, options)
    const issued = payloadOf((await app.tokens.issue({ id: 1 })).refresh)
    const old = sign({ ...issued, ...claims() })
    clock.advance(MINUTE)
    const pair = (await post('/api/token/refresh/', { refresh: old })).json()
    t.match(payloadOf(pair.access), claims())
    t.notOk('session_options' in payloadOf(pair.refresh))
    t.equal((await post('/api/token/refresh/', { refresh: pair.refresh })).statusCode, 200)
  }
})

t.test('session claims count for the size of both tokens, and of the cookie', async t => {
  const tooLong: [options: Partial<SimpleJwtOptions>, bytes: number][] = [
    [{ claims: () => ({ more: 'x'.repeat(2000) }) }, 2100],
    [{ claims, findUser }, 4090],
    [{ claims, findUser, cookie: true }, 2020]
  ]
  for (const [options, bytes] of tooLong) {
    const { app } = await buildApp(t, options)
    const issued = app.tokens.issue({ id: 1 }, { claims: { note: 'x'.repeat(bytes) } })
    await t.rejects(issued, { name: 'RangeError', message: /at most \d+ bytes as JSON/ })
    t.same(await app.tokens.sessions(1), [])
  }
  const { app } = await buildApp(t, { claims, findUser, cookie: true })
  const { refresh } = await app.tokens.issue({ id: 1 }, { claims: { note: 'x'.repeat(1900) } })
  t.ok(refresh.length < 4000)
})

t.test('a reserved claim of claims() is an error that names it, and starts no session', async t => {
  const names = [
    'exp', 'jti', 'user_id', 'sid', 'uid', 'sub', 'client_id', 'session_options', 'iss'
  ]
  for (const name of names) {
    const { app, login, events } = await buildApp(t, {
      claims: () => ({ role: 'x', [name]: 'x' }), userIdClaim: 'uid'
    })
    t.match(await login(), {
      statusCode: 500, message: RegExp(`the result of claims\\(\\) has the claim "${name}"`)
    })
    await t.rejects(app.tokens.issue({ id: 1 }), { name: 'TypeError' })
    t.same([await app.tokens.sessions(1), events], [[], []])
  }
})

t.test('a session claim that names a client is an error that names it', async t => {
  for (const name of ['sub', 'client_id']) {
    const sessionOptions = () => ({ claims: { [name]: 'x' } })
    const { app, login } = await buildApp(t, { sessionOptions })
    t.match(await login(), { statusCode: 500, message: RegExp(`has the claim "${name}"`) })
    await t.rejects(app.tokens.issue({ id: 1 }, { claims: { [name]: 'x' } }), {
      name: 'TypeError', message: RegExp(`has the claim "${name}"`)
    })
    t.same(await app.tokens.sessions(1), [])
  }
})
