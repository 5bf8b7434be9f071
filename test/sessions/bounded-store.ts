import { mock } from 'node:test'
import { setImmediate, setTimeout } from 'node:timers/promises'
import t from 'tap'
import { type Bounds, boundedStore } from '../../plugin/sessions/bounded-store.ts'
import { memoryStore } from '../../plugin/stores/memory.ts'
import type { Rotation, SessionStore } from '../../plugin/stores/store.ts'
import { DAY, SECOND, START } from '../fixtures/app.ts'
import { session, storeThat } from '../fixtures/stores/session.ts'

const ROTATION: Rotation = {
  sid: session().sid,
  presented: session().jti,
  next: { jti: 'next', issuedAt: START, expiresAt: START + DAY },
  now: START,
  reuseInterval: 0,
  client: { userAgent: null, address: null },
  sameAddress: false,
  accessLifetime: 0,
  deadline: Infinity
}

const CALLS: [verb: string, (store: SessionStore) => Promise<unknown>][] = [
  ['create', store => store.create(session())],
  ['adopt', store => store.adopt(session())],
  ['find', store => store.find('a')],
  ['rotate', store => store.rotate(ROTATION)],
  ['revoke', store => store.revoke('a', START)],
  ['revokeUser', store => store.revokeUser('1', START, 'a')],
  ['list', store => store.list('1', START)],
  ['revokedSince', store => store.revokedSince(START)],
  ['sweep', store => store.sweep(START)]
]

const UNAVAILABLE = {
  name: 'SimpleJwtError',
  statusCode: 503,
  code: 'store_unavailable',
  headers: { 'retry-after': '1' }
}

/** All that is told of failures: verb and cause. */
function build (store: SessionStore, timeoutMs?: number, more: Bounds = {}) {
  const failures: [verb: string, cause: unknown][] = []
  const bounds = { ...(timeoutMs !== undefined && { timeoutMs }), ...more }
  return {
    failures,
    store: boundedStore(
      store,
      (verb, cause) => {
        failures.push([verb, cause])
      },
      bounds
    )
  }
}

const never = storeThat(() => new Promise(() => {}))

t.test('a store that rejects or throws is a 503, and the cause is reported', async t => {
  const cause = new Error('ECONNREFUSED')
  for (const broken of [storeThat(async () => { throw cause }), storeThat(() => { throw cause })]) {
    for (const [verb, call] of CALLS) {
      const { store, failures } = build(broken)
      await t.rejects(call(store), UNAVAILABLE, verb)
      t.equal(failures.length, 1)
      t.equal(failures[0]?.[0], verb)
      t.equal(failures[0]?.[1], cause)
    }
  }
})

t.test('the message of the store is not in the error', async t => {
  const { store } = build(
    storeThat(async () => {
      throw new Error('password authentication failed for user "app"')
    })
  )
  const error = await store.find('a').catch((error: unknown) => error as Error & { body: unknown })
  t.notMatch(JSON.stringify(error), /password/)
  t.same((error as { body: unknown }).body, {
    detail: 'The session store is not available. Try again.',
    code: 'store_unavailable'
  })
})

t.test('a store that never answers is a 503 when timeoutMs is at its end', async t => {
  for (const [verb, call] of CALLS.filter(([verb]) => !['revokedSince', 'sweep'].includes(verb))) {
    const { store, failures } = build(never, 20)
    await t.rejects(call(store), UNAVAILABLE, verb)
    t.match(failures, [[verb, { message: 'The store did not answer within 20 ms.' }]])
  }
})

t.test('revokedSince and sweep: have longer timeouts than timeoutMs', async t => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.after(() => { mock.timers.reset() })
  for (const [verb, within] of [['revokedSince', 5 * SECOND], ['sweep', 60 * SECOND]] as const) {
    const { store, failures } = build(never, 20)
    const called = store[verb](START).catch((error: unknown) => error)
    mock.timers.tick(within - 50)
    mock.timers.tick(49)
    await setImmediate()
    t.equal(failures.length, 0)
    mock.timers.tick(1)
    t.match(await called, UNAVAILABLE)
    t.match(failures, [[verb, { message: `The store did not answer within ${within} ms.` }]])
  }
})

t.test('a store that answers in the turn of the call is not waited for by a timer', async t => {
  const timer = mock.method(globalThis, 'setTimeout')
  t.after(() => { mock.restoreAll() })
  const { store: memory } = build(memoryStore())
  for (const [verb, call] of CALLS.filter(([verb]) => verb !== 'sweep')) {
    await call(memory)
    t.equal(timer.mock.callCount(), 0, verb)
  }
  const { store: other } = build({ ...memoryStore(), find: async () => null })
  t.equal(await other.find('a'), null)
  t.equal(timer.mock.callCount(), 1)
})

t.test('an answer in the turn of the call frees its place and ends the suspicion', async t => {
  const memory = memoryStore()
  const left: number[] = []
  const { store } = build({
    ...memory,
    rotate: rotation => {
      left.push(rotation.deadline - Date.now())
      return memory.rotate(rotation)
    }
  }, 750, { maxPending: 1 })
  store.suspect()
  for (let count = 0; count < 3; count++) await store.rotate(ROTATION)
  t.ok(left[0] as number <= 250, `${left[0]} ms`)
  t.ok(left[1] as number > 250, `${left[1]} ms`)
  t.equal(left.length, 3)
})

t.test('no more calls are made while too many are unanswered, given up or not', async t => {
  const answers: ((answer: null) => void)[] = []
  const { store, failures } = build(
    {
      ...memoryStore(),
      find: () =>
        new Promise(resolve => {
          answers.push(resolve)
        })
    },
    20,
    { maxPending: 3 }
  )
  for (let count = 0; count < 3; count++) await t.rejects(store.find('a'), UNAVAILABLE)
  await t.rejects(store.find('a'), UNAVAILABLE)
  t.equal(answers.length, 3)
  t.match(failures.at(-1), ['find', { message: '3 calls to the store are pending.' }])
  answers[0]?.(null)
  await setImmediate()
  const found = store.find('a')
  t.equal(answers.length, 4)
  answers[3]?.(null)
  t.equal(await found, null)
})

/** A store whose `find` is answered by the test, in order. */
function answeredStore () {
  const answers: ((answer: null) => void)[] = []
  const find = () => new Promise<null>(resolve => { answers.push(resolve) })
  return { answers, store: { ...memoryStore(), find } }
}

t.test('one session gets only its share of the pending calls, by any method', async t => {
  const ofSession = CALLS.filter(([verb]) => ['find', 'rotate', 'revoke', 'adopt'].includes(verb))
  for (const [verb] of ofSession) {
    const { store, failures } = build(never, 20, { maxPendingPerOwner: 2 })
    const { sid } = session()
    const calls: Record<string, () => Promise<unknown>> = {
      find: () => store.find(sid),
      rotate: () => store.rotate(ROTATION),
      revoke: () => store.revoke(sid, START),
      adopt: () => store.adopt(session())
    }
    const call = calls[verb] as () => Promise<unknown>
    await Promise.all([t.rejects(call(), UNAVAILABLE), t.rejects(call(), UNAVAILABLE)])
    t.equal(failures.length, 2)
    await t.rejects(call(), {
      ...UNAVAILABLE, cause: { message: '2 calls to the store are pending for one owner.' }
    }, verb)
    t.equal(failures.length, 2, 'a client over its share is no failure of the store')
    await t.rejects(store.find('another'), UNAVAILABLE)
    t.match(failures.at(-1), ['find', { message: /did not answer/ }], 'others reach the store')
  }
})

t.test('one user gets only its share of lists and mass revocations', async t => {
  const { store, failures } = build(never, 20, { maxPendingPerOwner: 2 })
  await t.rejects(store.list('1', START), UNAVAILABLE)
  await t.rejects(store.revokeUser('1', START), UNAVAILABLE)
  await t.rejects(store.list('1', START), { ...UNAVAILABLE, cause: { name: 'Error' } })
  t.equal(failures.length, 2)
  await t.rejects(store.find('1'), UNAVAILABLE)
  t.equal(failures.length, 3, 'a session that has the id of a user is not the user')
})

t.test('too many pending calls do not shorten the timeout of others', async t => {
  let time = 1000
  mock.method(performance, 'now', () => time)
  t.after(() => { mock.restoreAll() })
  for (const bounds of [{ maxPending: 1 }, { maxPendingPerOwner: 1, maxWaiting: 0 }]) {
    const left: number[] = []
    const { answers, store: answered } = answeredStore()
    const { store } = build({
      ...answered,
      rotate: async ({ deadline }) => {
        left.push(deadline - Date.now())
        return { outcome: 'ended', session: null }
      }
    }, 5 * SECOND, bounds)
    const found = store.find('a')
    await t.rejects(store.find('a'), UNAVAILABLE)
    time += 30 * SECOND
    await store.rotate(ROTATION)
    t.ok(left[0] as number > 4 * SECOND, `${JSON.stringify(bounds)}: ${left[0]} ms`)
    answers[0]?.(null)
    t.equal(await found, null)
  }
})

t.test('a call without an answer does not shorten the timeout while others have one', async t => {
  const left: number[] = []
  const { store } = build({
    ...memoryStore(),
    find: async sid => sid === 'slow' ? new Promise(() => {}) : null,
    rotate: async ({ deadline }) => {
      left.push(deadline - Date.now())
      return { outcome: 'ended', session: null }
    }
  }, 400)
  const slow = t.rejects(store.find('slow'), UNAVAILABLE)
  await store.find('a')
  await slow
  await store.rotate(ROTATION)
  await t.rejects(store.find('slow'), UNAVAILABLE)
  await store.rotate(ROTATION)
  t.ok(left[0] as number > 250, `${left[0]} ms`)
  t.ok(left[1] as number <= 250, `${left[1]} ms`)
})

t.test('calls that never settle are let go of after 30 s', async t => {
  let time = 1000
  mock.method(performance, 'now', () => time)
  t.after(() => { mock.restoreAll() })
  const asked: string[] = []
  const { store } = build({
    ...memoryStore(),
    find: async sid => {
      asked.push(sid)
      return new Promise(() => {})
    }
  }, 20, { maxPending: 4, maxPendingPerOwner: 2 })
  const find = (sid: string) => t.rejects(store.find(sid), UNAVAILABLE)
  await Promise.all([find('a'), find('a'), find('a'), find('b'), find('b'), find('c')])
  t.same(asked, ['a', 'a', 'b', 'b'])
  time += 29_999
  await Promise.all([find('a'), find('c')])
  t.equal(asked.length, 4)
  time += 1
  await Promise.all([find('a'), find('a'), find('a'), find('c'), find('c'), find('c')])
  t.same(asked.slice(4), ['a', 'a', 'c', 'c'])
})

t.test('one address gets only its share, until the store has answered', async t => {
  const { answers, store: answered } = answeredStore()
  const { store, failures } = build(answered, 20, { maxPendingPerAddress: 2 })
  const ask = (address: string | undefined, sid: string) =>
    store.inShare(address, () => store.find(sid))
  await Promise.all([
    t.rejects(ask('192.0.2.1', 'a'), UNAVAILABLE), t.rejects(ask('192.0.2.1', 'b'), UNAVAILABLE)
  ])
  await t.rejects(ask('192.0.2.1', 'c'), {
    ...UNAVAILABLE, cause: { message: '2 calls to the store are pending for one owner.' }
  })
  t.equal(answers.length, 2, 'the requests are answered, but their calls are pending')
  t.equal(failures.length, 2)
  await t.rejects(ask('192.0.2.2', 'a'), UNAVAILABLE)
  await t.rejects(ask(undefined, 'a'), UNAVAILABLE)
  t.equal(answers.length, 4, 'other addresses, and clients without one, reach the store')
  answers[0]?.(null)
  await setImmediate()
  const found = ask('192.0.2.1', 'd')
  answers[4]?.(null)
  t.equal(await found, null)
})

t.test('calls over the share of a session wait for its other calls', async t => {
  const { answers, store: answered } = answeredStore()
  const { store, failures } = build(answered, 400, { maxPendingPerOwner: 2, maxWaiting: 3 })
  const found = Array.from({ length: 5 }, () => store.find('a'))
  await t.rejects(store.find('a'), UNAVAILABLE, 'at most maxWaiting')
  t.equal(answers.length, 2)
  for (let count = 0; count < 5; count++) {
    while (answers[count] === undefined) await setImmediate()
    answers[count]?.(null)
  }
  t.same(await Promise.all(found), [null, null, null, null, null])
  t.same(failures, [])
})

t.test('calls that wait are refused once a call of their session has timed out', async t => {
  const { answers, store: answered } = answeredStore()
  const { store } = build(answered, 20, { maxPendingPerOwner: 2 })
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: 10 }, () => t.rejects(store.find('a'), UNAVAILABLE)))
  await t.rejects(store.find('a'), UNAVAILABLE, 'further ones do not wait')
  t.ok(performance.now() - startedAt < SECOND)
  t.equal(answers.length, 2)
  answers[0]?.(null)
  await setImmediate()
  const found = store.find('a')
  answers[2]?.(null)
  t.equal(await found, null, 'until the store has answered one')
})

t.test('requests over the share of an address wait for its other requests', async t => {
  const { store } = build(memoryStore(), 400, { maxPendingPerAddress: 2 })
  let running = 0
  let most = 0
  const work = async (index: number): Promise<number> => {
    most = Math.max(most, ++running)
    await setImmediate()
    running--
    return index
  }
  const indices = Array.from({ length: 20 }, (_, index) => index)
  t.same(await Promise.all(indices.map(index => store.inShare('192.0.2.1', () => work(index)))),
    indices)
  t.equal(most, 2)
})

t.test('work that fails or succeeds without the store frees its place at once', async t => {
  const { store } = build(memoryStore(), 20, { maxPendingPerAddress: 1 })
  for (let count = 0; count < 3; count++) {
    await t.rejects(store.inShare('192.0.2.1', async () => { throw new Error('bad') }), 'bad')
    t.equal(await store.inShare('192.0.2.1', async () => count), count)
  }
})

t.test('a store that fails or is suspected has a shorter timeout until it answers', async t => {
  for (const [timeoutMs, inDoubt] of [[750, 250], [300, 250], [50, 50]] as const) {
    for (const failing of [true, false]) {
      const memory = memoryStore()
      const left: number[] = []
      const { store } = build({
        ...memory,
        find: async () => { throw new Error('down') },
        rotate: rotation => {
          left.push(rotation.deadline - Date.now())
          return memory.rotate(rotation)
        }
      }, timeoutMs)
      if (failing) await t.rejects(store.find('a'), UNAVAILABLE)
      else store.suspect()
      await store.rotate(ROTATION)
      await store.rotate(ROTATION)
      t.ok(left[0] as number <= inDoubt, `${left[0]} ms`)
      if (inDoubt < timeoutMs) t.ok(left[1] as number > inDoubt, `${left[1]} ms`)
    }
  }
})

t.test('rotate, revoke and revokeUser: carry timeoutMs as a wall-clock deadline', async t => {
  for (const [timeoutMs, expected] of [[undefined, 0.75 * SECOND], [250, 250]] as const) {
    const deadlines: (number | undefined)[] = []
    const { store } = build({
      ...memoryStore(),
      rotate: async ({ deadline }) => {
        deadlines.push(deadline)
        return { outcome: 'ended', session: null }
      },
      revoke: async (_sid, _now, deadline) => { deadlines.push(deadline); return true },
      revokeUser: async (_userId, _now, _except, deadline) => {
        deadlines.push(deadline)
        return []
      }
    }, timeoutMs)
    const before = Date.now()
    for (const [, call] of CALLS) await call(store)
    t.equal(deadlines.length, 3)
    for (const deadline of deadlines) {
      t.ok(
        deadline !== undefined && deadline >= before + expected && deadline <= Date.now() + expected
      )
    }
  }
})

t.test('a rotation that starts too late changes nothing after the 503', async t => {
  const memory = memoryStore()
  await memory.create(session())
  let thawed = Promise.resolve()
  const { store } = build(
    {
      ...memory,
      rotate: rotation => (thawed = setTimeout(40)).then(() => memory.rotate(rotation))
    },
    10
  )
  await t.rejects(store.rotate(ROTATION), UNAVAILABLE)
  await thawed
  await setTimeout(5)
  t.same(await memory.find(session().sid), session())
})

t.test('arguments and answers of the store are passed on', async t => {
  for (const [verb, call] of CALLS) {
    const asked: unknown[] = []
    const answer = {}
    const { store, failures } = build({
      ...memoryStore(),
      [verb]: async (...given: unknown[]) => {
        asked.push(...given)
        return answer
      }
    })
    t.equal(await call(store), answer, verb)
    const direct: unknown[] = []
    await call({
      ...memoryStore(),
      [verb]: async (...given: unknown[]) => {
        direct.push(...given)
      }
    })
    if (['revoke', 'revokeUser'].includes(verb)) {
      t.ok((asked.pop() as number) > Date.now(), 'a deadline is added')
    }
    t.same(
      asked.map(given =>
        verb === 'rotate' ? { ...(given as Rotation), deadline: Infinity } : given
      ),
      direct,
      verb
    )
    t.equal(failures.length, 0)
  }
})

t.test('shared: is the value of the store', async t => {
  t.equal(build(memoryStore()).store.shared, false)
  t.equal(build({ ...memoryStore(), shared: true }).store.shared, true)
})
