import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import type { SimpleJwtOptions } from '../../plugin/index.ts'
import { SECOND, SECRET, type TestApp, buildApp } from '../fixtures/app.ts'
import { decode, sign } from '../fixtures/tokens/jwt.ts'
import { inputOf } from '../fixtures/tokens/keys.ts'
import { authorizations, respelled, twinOf } from '../fixtures/tokens/respelled.ts'

const KEYS: Record<string, Partial<SimpleJwtOptions>> = {
  HS256: { secret: SECRET },
  ES256: { keys: [inputOf('ES256')] }
}
/** For each algorithm. */
const FORGED = 5000
const ROUTES = [['refresh', 'refresh'], ['blacklist', 'refresh'], ['verify', 'token']] as const

/**
 * Statuses of the guarded route, for each way to write the header, and of the routes that take a
 * token, for a token as it is and with white space around it.
 */
async function present (
  { app, post }: TestApp, access: string, refresh: string
): Promise<{ guard: Set<number>, routes: Set<number> }> {
  const guard = new Set<number>()
  const routes = new Set<number>()
  for (const authorization of authorizations(access)) {
    guard.add((await app.inject({ url: '/hello/', headers: { authorization } })).statusCode)
  }
  for (const [route, field] of ROUTES) {
    for (const token of [refresh, ` ${refresh}\n`]) {
      routes.add((await post(`/api/token/${route}/`, { [field]: token })).statusCode)
    }
  }
  return { guard, routes }
}

for (const [algorithm, keys] of Object.entries(KEYS)) {
  const login = async (t: Test) => {
    const app = await buildApp(t, keys)
    return { app, ...await app.login() }
  }

  t.test(`${algorithm}: rejects respelled tokens, and all spellings after a logout`, async t => {
    const { app, access, refresh } = await login(t)
    for (const [name, token] of respelled(access)) {
      t.equal(
        (
          await app.app.inject({
            url: '/hello/',
            headers: { authorization: `Bearer ${token.replace('\n', ' ')}` }
          })
        ).statusCode,
        401,
        `${name}, at the guard`
      )
      t.equal(
        (await app.post('/api/token/verify/', { token })).statusCode, 401, `${name}, at verify`
      )
    }
    for (const [name, token] of respelled(refresh)) {
      for (const [route, field] of ROUTES) {
        t.equal(
          (await app.post(`/api/token/${route}/`, { [field]: token })).statusCode,
          401,
          `${name}, at ${route}`
        )
      }
    }
    for (const authorization of authorizations(access)) {
      t.equal(
        (await app.app.inject({ url: '/hello/', headers: { authorization } })).statusCode,
        200,
        authorization.replace(access, 'x')
      )
    }
    t.equal(
      (await app.post('/api/token/verify/', { token: refresh })).statusCode,
      200,
      'all that has ended nothing'
    )

    t.equal((await app.post('/api/token/blacklist/', { refresh })).statusCode, 200)
    t.strictSame(await present(app, access, refresh), {
      guard: new Set([401]),
      routes: new Set([401])
    })
    for (const [name, token] of respelled(access)) {
      t.strictSame(
        await present(app, token.replace('\n', ' '), respelled(refresh).get(name) as string),
        { guard: new Set([401]), routes: new Set([401]) },
        name
      )
    }
  })

  t.test(`${algorithm}: rejects a respelled spent token and keeps the session`, async t => {
    const { app, refresh } = await login(t)
    const next = (await app.post('/api/token/refresh/', { refresh })).json()
    app.clock.advance(10 * SECOND)
    for (const [name, token] of respelled(refresh)) {
      t.equal((await app.post('/api/token/refresh/', { refresh: token })).statusCode, 401, name)
    }
    t.equal((await app.post('/api/token/refresh/', next)).statusCode, 200, 'and ends nothing')
  })

  t.test(`${algorithm}: 5,000 forged tokens that name a live session do not end it`, async t => {
    const { app, access, refresh } = await login(t)
    const { header, payload } = decode(refresh)
    const [start = '', claims = '', signature = ''] = refresh.split('.')
    const jti = (): string => randomBytes(16).toString('hex')
    const forgers: (() => string)[] = [
      () => sign({ ...payload, jti: jti() }, header, 'a secret of the attacker, 32 bytes'),
      () => sign(payload, header, randomBytes(32)),
      () =>
        sign({ ...payload, jti: jti() }, { alg: 'none', typ: 'JWT' }).replace(/[^.]+$/, signature),
      () => sign({ ...payload, jti: jti() }, header).replace(/[^.]+$/, signature),
      () => `${start}.${claims}.${randomBytes(signature.length * 3 >> 2).toString('base64url')}`,
      () => sign({ ...payload, jti: jti() }, { ...header, kid: jti() }, randomBytes(32))
    ]
    const statuses = new Set<number>()
    for (let done = 0; done < FORGED; done += 100) {
      const replies = await Promise.all(
        Array.from({ length: 100 }, (_, index) =>
          app.post(`/api/token/${index % 2 === 0 ? 'refresh' : 'blacklist'}/`, {
            refresh: forgers[((done + index) >> 1) % forgers.length]?.()
          })
        )
      )
      for (const { statusCode } of replies) statuses.add(statusCode)
    }
    t.strictSame(statuses, new Set([401]))
    t.strictSame(app.events.map(({ type }) => type), ['login'])
    t.equal((await app.hello(access)).statusCode, 200)
    t.equal((await app.post('/api/token/refresh/', { refresh })).statusCode, 200)
  })
}

t.test('an unknown jti that is signed with the key counts as reuse', async t => {
  const { login, post, hello, events } = await buildApp(t)
  const { access, refresh } = await login()
  t.equal(
    (
      await post('/api/token/refresh/', {
        refresh: sign({ ...decode(refresh).payload, jti: 'guessed' })
      })
    ).statusCode,
    401
  )
  t.equal(events.at(-1)?.type, 'reuse_detected')
  t.equal((await hello(access)).statusCode, 401)
})

t.test('the twin of an ES256 token is valid, spent and revoked with that token', async t => {
  const { app, login, post, hello, clock, events } = await buildApp(t, KEYS.ES256)
  const { access, refresh } = await login()
  t.not(twinOf(access), access)
  t.equal((await hello(twinOf(access))).statusCode, 200)
  const first = (await post('/api/token/refresh/', { refresh })).json()
  const again = (await post('/api/token/refresh/', { refresh: twinOf(refresh) })).json()
  t.equal(decode(again.refresh).payload.jti, decode(first.refresh).payload.jti, 'the one successor')
  t.strictSame(events.map(({ type }) => type), ['login', 'refreshed', 'replayed'])

  clock.advance(10 * SECOND)
  t.equal((await post('/api/token/refresh/', { refresh: twinOf(refresh) })).statusCode, 401)
  t.equal(events.at(-1)?.type, 'reuse_detected')
  for (const token of [access, twinOf(access), first.access, twinOf(again.access)]) {
    t.equal((await hello(token)).statusCode, 401)
  }
  for (const token of [first.refresh, twinOf(first.refresh), again.refresh]) {
    t.equal((await post('/api/token/refresh/', { refresh: token })).statusCode, 401)
  }
  t.strictSame(await app.tokens.sessions(1), [])
})
