import t from 'tap'
import type { RefreshClaims } from '../../plugin/index.ts'
import { DAY, SECOND, buildApp } from '../fixtures/app.ts'
import { decode, refreshClaims, sign } from '../fixtures/tokens/jwt.ts'

const BLACKLISTED = '{"detail":"Token is blacklisted","code":"token_not_valid"}'

t.test('refresh: adopts a token of another server, with its jti as the session id', async t => {
  const { post, hello, app, events } = await buildApp(t, { adoptRefreshTokens: true })
  const foreign = sign(refreshClaims({ user_id: 1, role: 'admin' }))
  const reply = await post('/api/token/refresh/', { refresh: foreign })
  t.equal(reply.statusCode, 200)
  const { access, refresh } = reply.json()
  t.equal((await hello(access)).statusCode, 200)
  t.match(decode(refresh).payload, { sid: refreshClaims().jti, user_id: '1', role: 'admin' })
  t.match(decode(access).payload, { sid: refreshClaims().jti, user_id: '1', role: 'admin' })
  t.match(await app.tokens.sessions(1), [{ sid: refreshClaims().jti }])
  t.match(events, [{ type: 'refreshed', userId: '1' }])
  t.equal((await post('/api/token/refresh/', { refresh })).statusCode, 200)
})

t.test('refresh: an adopted token with client_id never becomes one of a client', async t => {
  const { post, hello, app } = await buildApp(t, { adoptRefreshTokens: true })
  const claims = { sub: 'printer', client_id: 'printer', role: 'admin', scope: 'photos:read' }
  let refresh = sign(refreshClaims(claims))
  for (const seen of ['adopted', 'refreshed']) {
    const pair = (await post('/api/token/refresh/', { refresh })).json()
    for (const { payload } of [decode(pair.access), decode(pair.refresh)]) {
      t.match(payload, { user_id: '1', role: 'admin', scope: 'photos:read' }, seen)
      t.notOk('sub' in payload || 'client_id' in payload, seen)
    }
    t.equal((await hello(pair.access)).statusCode, 200, 'it is the session of the user')
    refresh = pair.refresh
  }
  t.match(await app.tokens.sessions(1), [{ clientId: null, scope: null }])
})

t.test('an adopted token is replayed and reused like any other', async t => {
  const { post, clock } = await buildApp(t, { adoptRefreshTokens: true })
  const foreign = sign(refreshClaims())
  const [first, second] = await Promise.all([
    post('/api/token/refresh/', { refresh: foreign }),
    post('/api/token/refresh/', { refresh: foreign })
  ])
  t.equal(first.json().refresh, second.json().refresh)
  clock.advance(10 * SECOND)
  t.equal((await post('/api/token/refresh/', { refresh: foreign })).body, BLACKLISTED)
  t.equal((await post('/api/token/refresh/', { refresh: first.json().refresh })).body, BLACKLISTED)
})

t.test('without rotation an adopted token stays good', async t => {
  const { post } = await buildApp(t, { adoptRefreshTokens: true, rotateRefreshTokens: false })
  const refresh = sign(refreshClaims())
  for (let count = 0; count < 2; count++) {
    t.match((await post('/api/token/refresh/', { refresh })).body, /^\{"access":"[\w.-]+"\}$/)
  }
})

t.test('a token that lives longer than our sessions do is not adopted a second time', async t => {
  const { post, app, clock } = await buildApp(t, {
    adoptRefreshTokens: true,
    sessionLifetime: '2d'
  })
  const { iat } = refreshClaims()
  const refresh = sign(refreshClaims({ exp: iat as number + 10 * 86_400 }))
  const next = (await post('/api/token/refresh/', { refresh })).json()
  t.equal(decode(next.refresh).payload.exp, iat as number + 86_400)
  for (let day = 1; day < 10; day++) {
    clock.advance(DAY)
    await app.tokens.sweep()
    t.equal((await post('/api/token/refresh/', { refresh })).body, BLACKLISTED, `day ${day}`)
  }
})

t.test('a token without iat is adopted too', async t => {
  const { post } = await buildApp(t, { adoptRefreshTokens: true })
  t.equal(
    (await post('/api/token/refresh/', { refresh: sign(refreshClaims({ iat: undefined })) }))
      .statusCode,
    200
  )
})

t.test('refresh: rejects a token of another server without adoptRefreshTokens', async t => {
  const { post } = await buildApp(t)
  t.equal((await post('/api/token/refresh/', { refresh: sign(refreshClaims()) })).body, BLACKLISTED)
})

t.test('a token of another server whose ids are too long for a session is refused', async t => {
  const { app, post } = await buildApp(t, { adoptRefreshTokens: true })
  for (const [changes, status] of [
    [{ user_id: 'x'.repeat(255) }, 200],
    [{ user_id: 'x'.repeat(256), jti: 'a' }, 401],
    [{ user_id: '2', jti: 'x'.repeat(1024) }, 200],
    [{ user_id: '3', jti: 'x'.repeat(1025) }, 401],
    [{ user_id: '4', jti: '\u00e9'.repeat(513) }, 401]
  ] as const) {
    const refresh = sign(refreshClaims(changes))
    t.equal((await post('/api/token/verify/', { token: refresh })).statusCode, status)
    t.equal((await post('/api/token/refresh/', { refresh })).statusCode, status)
    t.equal((await app.tokens.sessions(changes.user_id)).length, status === 200 ? 1 : 0)
    t.equal((await post('/api/token/blacklist/', { refresh })).statusCode, status)
  }
})

t.test('a token of another server that leaves no room for ours is refused', async t => {
  const issuer = '\u0001'.repeat(450)
  const { post } = await buildApp(t, { adoptRefreshTokens: true, issuer })
  const foreign = (length: number) =>
    sign(refreshClaims({ iss: issuer, note: 'x'.repeat(length) }))
  let length = 3000
  while (foreign(length + 1).length <= 8192) length++
  const refresh = foreign(length)
  const reply = await post('/api/token/refresh/', { refresh })
  t.same([reply.statusCode, reply.json().detail], [401, 'Token is invalid'])
})

const ROUTES = [
  ['/api/token/verify/', 'token'], ['/api/token/refresh/', 'refresh'],
  ['/api/token/blacklist/', 'refresh']
] as const

t.test('adoptRefreshTokens: a function decides at refresh, at verify and at logout', async t => {
  for (const [url, field] of ROUTES) {
    const asked: [RefreshClaims, string | undefined][] = []
    const { post, login, app } = await buildApp(t, {
      adoptRefreshTokens: async (claims, request) => {
        asked.push([claims, request?.url])
        return claims.jti !== 'blacklisted'
      }
    })
    for (const [jti, status] of [['good', 200], ['blacklisted', 401]] as const) {
      const reply = await post(url, { [field]: sign(refreshClaims({ jti, user_id: 1 })) })
      t.equal(reply.statusCode, status, `${url} ${jti}`)
      if (status === 401) t.equal(reply.body, BLACKLISTED)
    }
    t.match(asked, [[{ jti: 'good', user_id: '1' }, url], [{ jti: 'blacklisted' }, url]])
    t.ok(asked.every(([claims]) => Object.isFrozen(claims)))
    t.notOk((await app.tokens.sessions(1)).some(({ sid }) => sid === 'blacklisted'))

    const { refresh } = await login()
    t.equal((await post(url, { [field]: refresh })).statusCode, 200)
    t.equal(asked.length, 2, 'it does not decide about tokens of this server')
  }
})

t.test('adoptRefreshTokens: the code of the app passes no request', async t => {
  const requests: unknown[] = []
  const { app } = await buildApp(t, {
    adoptRefreshTokens: (_claims, request) => {
      requests.push(request)
      return true
    }
  })
  await app.tokens.verify(sign(refreshClaims()))
  await app.tokens.refresh(sign(refreshClaims()))
  await app.tokens.revoke(sign(refreshClaims({ jti: 'other' })))
  t.strictSame(requests, [undefined, undefined, undefined])
})

t.test('adoptRefreshTokens: nothing except true adopts a token', async t => {
  for (const answer of [false, undefined, null, 1, 'yes', {}, []]) {
    const { post } = await buildApp(t, { adoptRefreshTokens: (async () => answer) as never })
    for (const [url, field] of ROUTES) {
      const reply = await post(url, { [field]: sign(refreshClaims()) })
      t.equal(reply.body, BLACKLISTED, `${url} ${JSON.stringify(answer)}`)
    }
  }
})

t.test('adoptRefreshTokens: a throw is a fault, and adopts nothing', async t => {
  const thrown: unknown[] = [new Error('Django is away'), 'away', 1, null, undefined, {}]
  for (const error of thrown) {
    for (const adoptRefreshTokens of [
      () => { throw error }, () => Promise.reject(error) as Promise<boolean>
    ]) {
      const { post, app } = await buildApp(t, { adoptRefreshTokens })
      for (const [url, field] of ROUTES) {
        const reply = await post(url, { [field]: sign(refreshClaims()) })
        t.equal(reply.statusCode, 500, `${url} ${String(error)}`)
      }
      t.strictSame(await app.tokens.sessions(1), [])
    }
  }
})

t.test('adoptRefreshTokens: the store alone decides about a token that is spent', async t => {
  const spent = new Set<string>()
  const { post, clock, events } = await buildApp(t, {
    adoptRefreshTokens: ({ jti }) => {
      if (spent.has(jti)) return false
      spent.add(jti)
      return true
    }
  })
  const refresh = sign(refreshClaims())
  const first = (await post('/api/token/refresh/', { refresh })).json()
  const again = await post('/api/token/refresh/', { refresh })
  t.equal(again.json().refresh, first.refresh, 'a lost reply is repeated')
  t.equal((await post('/api/token/verify/', { token: refresh })).statusCode, 200)
  clock.advance(10 * SECOND)
  t.equal((await post('/api/token/refresh/', { refresh })).body, BLACKLISTED)
  t.match(events.at(-1), { type: 'reuse_detected' })
  t.equal((await post('/api/token/refresh/', { refresh: first.refresh })).body, BLACKLISTED)
})

t.test('adoptRefreshTokens: without rotation the host decides at each refresh', async t => {
  let allowed = true
  const { post } = await buildApp(t, {
    adoptRefreshTokens: () => allowed, rotateRefreshTokens: false
  })
  const refresh = sign(refreshClaims())
  t.equal((await post('/api/token/refresh/', { refresh })).statusCode, 200)
  allowed = false
  t.equal((await post('/api/token/refresh/', { refresh })).body, BLACKLISTED)
  t.equal((await post('/api/token/verify/', { token: refresh })).body, BLACKLISTED)
})

/** The users of a Django: when each changed the password, in seconds since the epoch. */
const passwordChangedAt = new Map([['1', refreshClaims().iat as number]])

for (const [url, field] of ROUTES) {
  t.test(`${url} refuses a token of Django from before a password change`, async t => {
    const { post } = await buildApp(t, {
      adoptRefreshTokens: ({ user_id: id, iat = 0 }) => iat >= (passwordChangedAt.get(id) ?? 0)
    })
    const { iat } = refreshClaims()
    const before = sign(refreshClaims({ iat: iat as number - 1 }))
    t.equal((await post(url, { [field]: before })).body, BLACKLISTED)
    t.equal((await post(url, { [field]: sign(refreshClaims({ jti: 'new' })) })).statusCode, 200)
  })
}

t.test('a password change with revokeUser also revokes what was adopted before', async t => {
  const { app, post, hello } = await buildApp(t, { adoptRefreshTokens: () => true })
  const refresh = sign(refreshClaims())
  const next = (await post('/api/token/refresh/', { refresh })).json()
  await app.tokens.revokeUser(1)
  for (const token of [refresh, next.refresh, next.access]) {
    t.equal((await post('/api/token/verify/', { token })).body, BLACKLISTED)
  }
  t.equal((await post('/api/token/refresh/', { refresh: next.refresh })).body, BLACKLISTED)
  t.equal((await hello(next.access)).statusCode, 401)
})
