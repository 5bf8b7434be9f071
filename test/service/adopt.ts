import t from 'tap'
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
