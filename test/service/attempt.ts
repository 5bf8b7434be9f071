import t from 'tap'
import { createUnauthorized, storeUnavailable } from '../../plugin/errors.ts'
import type { SimpleJwtOptions, User } from '../../plugin/index.ts'
import { MINUTE, type TestApp, buildApp, createClock } from '../fixtures/app.ts'
import type { Test } from '../fixtures/servers/home.ts'
import { countingStore } from '../fixtures/stores/counting-store.ts'

const MAX = 5
const REFUSED =
  '{"detail":"No active account found with the given credentials","code":"no_active_account"}'

type Check = NonNullable<SimpleJwtOptions['verifyCredentials']>
/** Throws any value, as a host may. */
function thrown (value: unknown): never { throw value }
const withStatus = (statusCode: unknown): Error =>
  Object.assign(new Error('from the host'), { statusCode })

/** Builds an app in which each login from 127.0.0.1 has this outcome. */
async function build (t: Test, verifyCredentials: Check, options: Partial<SimpleJwtOptions> = {}) {
  const built = await buildApp(t, {
    verifyCredentials, rateLimit: { loginPerUsername: MAX }, ...options
  })
  const attempt = (username = 'vitor') =>
    built.post('/api/token/', { username, password: 'x' })
  return { ...built, attempt }
}

/**
 * Tries until it must wait, in two windows. Returns the waits: 60 and 120 seconds if each try was a
 * failure, 60 and 60 if it was only counted, none if it was given back.
 */
async function waits (
  attempt: () => ReturnType<TestApp['post']>, clock: TestApp['clock']
): Promise<number[]> {
  const found: number[] = []
  for (let window = 0; window < 2; window++) {
    for (let count = 0; count <= MAX; count++) {
      const reply = await attempt()
      if (reply.statusCode !== 429) continue
      found.push(Number(reply.headers['retry-after']))
      clock.advance(found.at(-1) as number * 1000)
      break
    }
  }
  return found
}

const FAILURES: Record<string, Check> = {
  null: () => null,
  undefined: () => undefined as unknown as null,
  false: () => false as unknown as null,
  0: () => 0 as unknown as null,
  'an empty string': () => '' as unknown as null,
  'a rejection with 401': async () => thrown(withStatus(401)),
  'a throw with 401': () => thrown(withStatus(401)),
  'a throw with 400': () => thrown(withStatus(400)),
  'a throw with 403': () => thrown(withStatus(403)),
  'a throw with 429': () => thrown(withStatus(429)),
  'a throw with a status as text': () => thrown(withStatus('401')),
  'a throw with `status`': () => thrown(Object.assign(new Error('no'), { status: 422 })),
  'an object with a status': () => thrown({ statusCode: 401 }),
  'a SimpleJwtError 401': () => thrown(createUnauthorized('api').refused('Token is invalid')),
  'an inactive user': () => ({ id: 1, isActive: false })
}

for (const [name, verifyCredentials] of Object.entries(FAILURES)) {
  t.test(`login: ${name} is a failed login and answers 401`, async t => {
    const { attempt, events } = await build(t, verifyCredentials)
    const reply = await attempt()
    t.equal(reply.statusCode, 401)
    t.equal(reply.body, REFUSED)
    t.equal(reply.headers['www-authenticate'], 'Bearer realm="api"')
    t.strictSame(events, [{ type: 'login_failed', username: 'vitor', address: '127.0.0.1' }])
    const other = await build(t, verifyCredentials)
    t.strictSame(await waits(other.attempt, other.clock), [60, 120])
  })
}

const FAULTS: Record<string, Check> = {
  'a throw without a status': () => thrown(new Error('wrong password')),
  'a rejection without a status': async () => thrown(new Error('wrong password')),
  'a thrown text': () => thrown('wrong password'),
  'a thrown object': () => thrown({ message: 'no' }),
  'a thrown null': () => thrown(null),
  'a thrown undefined': () => thrown(undefined),
  'a throw with a status that is none': () => thrown(withStatus('E_LOGIN')),
  'a throw with a status of success': () => thrown(withStatus(200)),
  'a user without an id': () => ({}) as User,
  'a user with an empty id': () => ({ id: '' }),
  'a `true`': () => true as unknown as User
}

for (const [name, verifyCredentials] of Object.entries(FAULTS)) {
  t.test(`login: ${name} is a failed login and stays a 500 of the host`, async t => {
    const { attempt, events } = await build(t, verifyCredentials)
    const reply = await attempt()
    t.equal(reply.statusCode, 500)
    t.strictSame(events, [{ type: 'login_failed', username: 'vitor', address: '127.0.0.1' }])
    const other = await build(t, verifyCredentials)
    t.strictSame(await waits(other.attempt, other.clock), [60, 120])
  })
}

for (const statusCode of [500, 502, 503, 599]) {
  t.test(`login: a throw with ${statusCode} gives the attempt back`, async t => {
    for (const store of [undefined, countingStore()]) {
      const { attempt, clock, events } = await build(
        t, async () => thrown(withStatus(statusCode)), store && { store }
      )
      const reply = await attempt()
      t.equal(reply.statusCode, statusCode)
      t.equal(reply.json().message, 'from the host')
      t.strictSame(await waits(attempt, clock), [])
      t.strictSame(events, [], 'no login has failed')
    }
  })
}

t.test('login: a SimpleJwtError 503 gives the attempt back and is passed on', async t => {
  const { attempt, clock } = await build(t, () => thrown(storeUnavailable()))
  const reply = await attempt()
  t.equal(reply.statusCode, 503)
  t.equal(reply.headers['retry-after'], '1')
  t.strictSame(await waits(attempt, clock), [])
})

t.test('login: a thrown object with a status of 5xx gives the attempt back', async t => {
  const { attempt, clock } = await build(t, () => thrown({ status: 503, message: 'busy' }))
  t.equal((await attempt()).statusCode, 503)
  t.strictSame(await waits(attempt, clock), [])
})

t.test('login: five 503s of a busy check leave the user all of his tries', async t => {
  for (const store of [undefined, countingStore()]) {
    let isBusy = true
    const { attempt } = await build(
      t, () => isBusy ? thrown(withStatus(503)) : null, store && { store }
    )
    for (let count = 0; count < MAX; count++) t.equal((await attempt()).statusCode, 503)
    isBusy = false
    const statuses: number[] = []
    for (let count = 0; count <= MAX; count++) statuses.push((await attempt()).statusCode)
    t.strictSame(statuses, [401, 401, 401, 401, 401, 429])
  }
})

t.test('login: the address gets its try back with a 503', async t => {
  for (const store of [undefined, countingStore()]) {
    let isBusy = true
    const { attempt } = await build(t, () => isBusy ? thrown(withStatus(503)) : null, {
      rateLimit: { loginPerAddress: 3 }, ...(store && { store })
    })
    for (let count = 0; count < 10; count++) t.equal((await attempt(`${count}`)).statusCode, 503)
    isBusy = false
    const statuses: number[] = []
    for (let count = 0; count < 4; count++) statuses.push((await attempt(`${count}`)).statusCode)
    t.strictSame(statuses, [401, 401, 401, 429])
  }
})

t.test('login: a late 503 gives nothing back to a newer window', async t => {
  for (const store of [undefined, countingStore()]) {
    const waiting: ((error: Error) => void)[] = []
    const clock = createClock()
    let isBusy = true
    const { attempt } = await build(
      t,
      () => isBusy ? new Promise<null>((_resolve, reject) => { waiting.push(reject) }) : null,
      { now: clock, ...(store && { store }) }
    )
    const first = attempt()
    while (waiting.length === 0) await new Promise(setImmediate)
    clock.advance(MINUTE)
    isBusy = false
    for (let count = 0; count < MAX; count++) t.equal((await attempt()).statusCode, 401)
    waiting[0]?.(withStatus(503))
    t.equal((await first).statusCode, 503)
    t.equal((await attempt()).statusCode, 429)
  }
})

t.test('login: a check that never settles stays counted', async t => {
  const waiting: (() => void)[] = []
  const { attempt } = await build(
    t, () => new Promise<null>(resolve => { waiting.push(() => resolve(null)) })
  )
  const replies = Array.from({ length: MAX }, () => attempt())
  while (waiting.length < MAX) await new Promise(setImmediate)
  t.equal((await attempt()).statusCode, 429)
  for (const settle of waiting) settle()
  t.strictSame((await Promise.all(replies)).map(({ statusCode }) => statusCode),
    Array.from({ length: MAX }, () => 401))
})

t.test('login: a fault after the right password is no failed login', async t => {
  const faults: Partial<SimpleJwtOptions>[] = [
    { claims: () => thrown(new Error('from claims')) },
    { claims: async () => thrown(withStatus(403)) },
    { claims: () => [] as unknown as Record<string, unknown> },
    { store: { ...countingStore(), create: async () => thrown(new Error('down')) } }
  ]
  for (const options of faults) {
    const { attempt, clock, events } = await build(t, () => ({ id: 1 }), options)
    t.not((await attempt()).statusCode, 401)
    clock.advance(MINUTE)
    t.strictSame(await waits(attempt, clock), [60, 60], 'it is counted as an attempt')
    t.notOk(events.some(({ type }) => type === 'login_failed'))
  }
})

t.test('login: findUser is not called, so its throws change nothing', async t => {
  const { attempt, events } = await build(t, () => ({ id: 1 }), {
    findUser: () => thrown(new Error('from findUser'))
  })
  t.equal((await attempt()).statusCode, 200)
  t.match(events, [{ type: 'login' }])
})

t.test('login: without limits a throw has the same answers and events', async t => {
  for (const [statusCode, answer] of [[401, 401], [undefined, 500], [503, 503]]) {
    const { attempt, events } = await build(
      t, () => thrown(withStatus(statusCode)), { rateLimit: false }
    )
    t.equal((await attempt()).statusCode, answer)
    t.equal(events.length, statusCode === 503 ? 0 : 1)
  }
})

/** An app with a login route `POST /code` that has this check. */
async function buildOther (
  t: Test, check: () => unknown, options: Partial<SimpleJwtOptions> = {}
) {
  const built = await buildApp(t, { rateLimit: { loginPerUsername: MAX }, ...options })
  const { app } = built
  app.post<{ Body: { email: string } }>('/code', async (request, reply) => {
    const user = await app.tokens.attempt(
      request, request.body.email, check as () => Promise<User | null>)
    return app.tokens.login(user, reply)
  })
  return { ...built, attempt: (email: unknown = 'vitor') => built.post('/code', { email }) }
}

t.test('attempt: has the answers, events and limits of the login route', async t => {
  const outcomes: Record<string, Check> = {
    ...FAILURES, ...FAULTS, busy: async () => thrown(withStatus(503)), user: () => ({ id: 1 })
  }
  for (const [name, check] of Object.entries(outcomes)) {
    const [route, other] = [await build(t, check), await buildOther(t, check as () => unknown)]
    const [expected, found] = [await route.attempt(), await other.attempt()]
    t.equal(found.statusCode, expected.statusCode, name)
    t.equal(found.headers['www-authenticate'], expected.headers['www-authenticate'])
    if (name !== 'user') t.equal(found.body, expected.body)
    const kinds = ({ events }: TestApp) => events.map(({ type, username }) => [type, username])
    t.strictSame(kinds(other), kinds(route))
    t.strictSame(await waits(other.attempt, other.clock), await waits(route.attempt, route.clock))
  }
})

t.test('attempt: shares its counters with the login route', async t => {
  const { attempt, post } = await buildOther(t, () => null)
  const byPassword = () => post('/api/token/', { username: ' VITOR', password: 'x' })
  const statuses: number[] = []
  for (let count = 0; count < 3; count++) {
    statuses.push((await attempt()).statusCode, (await byPassword()).statusCode)
  }
  t.strictSame(statuses, [401, 401, 401, 401, 401, 429])
})

t.test('attempt: counts before the check, and two in one request twice', async t => {
  let checks = 0
  const { app, post } = await buildOther(t, () => null)
  app.post('/twice', async request => {
    const once = () => app.tokens.attempt(request, 'vitor', () => { checks++; return null })
    await once().catch(() => {})
    return once()
  })
  const replies = await Promise.all(Array.from({ length: 10 }, () => post('/twice')))
  t.ok(replies.some(({ statusCode }) => statusCode === 429))
  t.equal(checks, MAX)
})

t.test('attempt: two in one request give back only their own', async t => {
  for (const store of [undefined, countingStore()]) {
    const { app, post, attempt } = await buildOther(t, () => null, store && { store })
    app.post('/twice', async request => {
      await app.tokens.attempt(request, 'vitor', () => null).catch(() => {})
      return app.tokens.attempt(request, 'vitor', () => thrown(withStatus(503)))
    })
    for (let count = 0; count < MAX - 1; count++) {
      t.equal((await post('/twice')).statusCode, 503)
    }
    t.strictSame([(await attempt()).statusCode, (await attempt()).statusCode], [401, 429])
  }
})

t.test('attempt: a success makes the address known', async t => {
  let isRight = true
  const { app, attempt } = await buildOther(t, () => isRight && { id: 1 })
  t.equal((await attempt()).statusCode, 200)
  isRight = false
  const stranger = () => app.inject({
    method: 'POST', url: '/code', payload: { email: 'vitor' }, remoteAddress: '203.0.113.9'
  })
  for (let count = 0; count < MAX; count++) await stranger()
  t.equal((await stranger()).statusCode, 429)
  t.equal((await attempt()).statusCode, 401, 'strangers do not lock out the user at home')
})

t.test('attempt: a user name that is no text within the limit is a 400 and no count', async t => {
  let checks = 0
  const { attempt, events } = await buildOther(t, () => { checks++; return null }, {
    usernameField: 'email', rateLimit: { loginPerAddress: 1 }
  })
  const bad: [username: unknown, problem: string][] = [
    [null, 'This field may not be null.'], [1, 'Not a valid string.'],
    [['vitor'], 'Not a valid string.'], [{}, 'Not a valid string.'],
    [' ', 'This field may not be blank.'],
    ['a\0', 'Null characters are not allowed.'],
    ['x'.repeat(256), 'Ensure this field has no more than 255 characters.'],
    ['x'.repeat(900_000), 'Ensure this field has no more than 255 characters.']
  ]
  for (const [username, problem] of bad) {
    const reply = await attempt(username)
    t.equal(reply.statusCode, 400)
    t.same(reply.json(), { email: [problem] })
  }
  t.same([checks, events], [0, []])
  t.equal((await attempt()).statusCode, 401)
})

t.test('attempt: returns the user of the check', async t => {
  const { app } = await buildApp(t)
  app.post('/', async request =>
    (await app.tokens.attempt(request, 'v', async () => ({ id: 1, name: 'vitor' }))).name)
  t.equal((await app.inject({ method: 'POST', url: '/' })).body, 'vitor')
})
