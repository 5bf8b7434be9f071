import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { type Revocations, createRevocations } from '../../plugin/sessions/revocation.ts'
import { memoryStore } from '../../plugin/stores/memory.ts'
import type { SessionStore } from '../../plugin/stores/store.ts'
import { MINUTE, SECOND, START, createClock } from '../fixtures/app.ts'
import { session } from '../fixtures/stores/session.ts'

const INTERVAL = 50

/** `clock` is the time of the app. `clocks` are those of the system, which stand still. */
function build (t: { after(stop: () => void): void }, store: SessionStore = memoryStore()) {
  const clock = createClock()
  const clocks = { wall: createClock(), monotonic: createClock(0) }
  const revocations = createRevocations({
    store,
    interval: INTERVAL,
    accessTokenLifetime: 5 * MINUTE,
    leeway: 0,
    now: clock,
    clocks
  })
  t.after(() => revocations.stop())
  return { revocations, clock, clocks, store }
}

const sharedStore = (): SessionStore => ({ ...memoryStore(), shared: true })

/** Waits for a poll, for two seconds at the most. */
async function learns (revocations: Revocations, sid: string): Promise<boolean> {
  for (let waited = 0; waited < 2000 && !await revocations.has(sid); waited += 5) {
    await setTimeout(5)
  }
  return revocations.has(sid)
}

t.test('a session that ends here is on the list at once', async t => {
  const { revocations } = build(t)
  t.notOk(revocations.has('a'))
  revocations.add('a', START)
  t.ok(revocations.has('a'))
  t.notOk(revocations.has('__proto__'))
})

t.test('start: reads every revocation that the store still has', async t => {
  const { revocations, store } = build(t)
  for (const [sid, revokedAt] of [
    ['just now', START],
    ['one life ago', START - 5 * MINUTE],
    ['of another server, with a longer life', START - 60 * MINUTE]
  ] as const) {
    await store.create(session({ sid, accessLifetime: 120 * MINUTE }))
    await store.revoke(sid, revokedAt)
  }
  await store.create(session({ sid: 'alive' }))
  await revocations.start()
  t.same(
    ['just now', 'one life ago', 'of another server, with a longer life', 'alive']
      .map(revocations.has),
    [true, true, true, false]
  )
})

t.test('a session that another process ends is on the list soon', async t => {
  const store = sharedStore()
  const [here, there] = [build(t, store), build(t, store)]
  await Promise.all([here.revocations.start(), there.revocations.start()])
  await store.create(session({ sid: 'a' }))
  await store.revoke('a', there.clock())
  there.revocations.add('a', there.clock())
  t.notOk(here.revocations.has('a'))
  t.ok(await learns(here.revocations, 'a'))
  await store.create(session({ sid: 'b' }))
  await store.revoke('b', there.clock())
  t.ok(await learns(here.revocations, 'b'), 'and the next')
})

t.test('a poll comes before the interval is over', async t => {
  const asked: number[] = []
  const store: SessionStore = {
    ...sharedStore(),
    revokedSince: async () => {
      asked.push(performance.now())
      return []
    }
  }
  const revocations = createRevocations({
    store,
    interval: 1000,
    accessTokenLifetime: 5 * MINUTE,
    leeway: 0,
    now: createClock()
  })
  t.after(() => revocations.stop())
  await revocations.start()
  while (asked.length < 2) await setTimeout(5)
  t.ok((asked[1] as number) - (asked[0] as number) < 1000)
})

t.test('each poll reads from ten seconds before the last one, as clocks differ', async t => {
  const asked: number[] = []
  const { revocations, clock } = build(t, {
    ...sharedStore(),
    revokedSince: async time => {
      asked.push(time)
      return []
    }
  })
  clock.advance(MINUTE)
  await revocations.start()
  clock.advance(7 * SECOND)
  while (asked.length < 3) await setTimeout(5)
  t.same(asked.slice(0, 3), [
    -10 * SECOND,
    START + MINUTE - 10 * SECOND,
    START + MINUTE + 7 * SECOND - 10 * SECOND
  ])
})

t.test('a session that ends during a read is left to the next read', async t => {
  const asked: number[] = []
  const { revocations, clock } = build(t, {
    ...sharedStore(),
    revokedSince: async time => {
      asked.push(time)
      clock.advance(MINUTE)
      return []
    }
  })
  await revocations.start()
  while (asked.length < 2) await setTimeout(5)
  t.equal(asked[1], START - 10 * SECOND)
})

t.test('a session that a process with a slow clock ends is on the list too', async t => {
  const { revocations, store } = build(t, sharedStore())
  await store.create(session({ sid: 'a' }))
  await revocations.start()
  await store.revoke('a', START - 9 * SECOND)
  t.ok(await learns(revocations, 'a'))
})

t.test('a poll that fails loses nothing: the next one asks for the same time', async t => {
  const memory = sharedStore()
  let down = false
  const failures: number[] = []
  const revokedSince: SessionStore['revokedSince'] = async time => {
    if (down) throw new Error(`down ${failures.push(time)}`)
    return memory.revokedSince(time)
  }
  const { revocations, clock } = build(t, { ...memory, revokedSince })
  await revocations.start()
  down = true
  await memory.create(session({ sid: 'a' }))
  await memory.revoke('a', clock())
  while (failures.length < 2) await setTimeout(5)
  clock.advance(MINUTE)
  t.notOk(revocations.has('a'))
  down = false
  t.ok(await learns(revocations, 'a'))
})

t.test('a start without the store is refused', async t => {
  const { revocations } = build(t, {
    ...memoryStore(),
    revokedSince: async () => {
      throw new Error('down')
    }
  })
  await t.rejects(revocations.start(), { message: 'down' })
})

t.test('a store that is not shared is not polled', async t => {
  const { revocations, store } = build(t)
  await revocations.start()
  await store.create(session({ sid: 'a' }))
  await store.revoke('a', START)
  await setTimeout(3 * INTERVAL)
  t.notOk(revocations.has('a'))
})

t.test('stopped, it reads no more, not even after a read that was under way', async t => {
  const asked: number[] = []
  let answer = () => {}
  const revokedSince: SessionStore['revokedSince'] = async time => {
    if (asked.push(time) > 1) await new Promise<void>(resolve => { answer = resolve })
    return []
  }
  const busy = build(t, { ...sharedStore(), revokedSince })
  await busy.revocations.start()
  while (asked.length < 2) await setTimeout(5)
  busy.revocations.stop()
  answer()
  const idle = build(t, {
    ...sharedStore(),
    revokedSince: async time => {
      asked.push(time)
      return []
    }
  })
  await idle.revocations.start()
  idle.revocations.stop()
  await setTimeout(3 * INTERVAL)
  t.equal(asked.length, 3)
})

t.test('prune: forgets a session once its last access token has expired', async t => {
  const { revocations, clocks: { monotonic } } = build(t)
  revocations.add('a', START)
  revocations.add('of a longer life', START, START + 60 * MINUTE)
  monotonic.advance(SECOND)
  revocations.add('b', START + SECOND)
  const after = (ms: number): unknown[] => {
    monotonic.time = ms
    revocations.prune()
    return ['a', 'b', 'of a longer life'].map(revocations.has)
  }
  t.same(after(5 * MINUTE + 10 * SECOND), [true, true, true])
  t.same(after(5 * MINUTE + 10 * SECOND + 1), [false, true, true])
  t.same(after(60 * MINUTE + 10 * SECOND), [false, false, true])
  t.same(after(60 * MINUTE + 10 * SECOND + 1), [false, false, false])
})

t.test('prune: forgets no session because the clock jumps ahead and back', async t => {
  const { revocations, clock } = build(t)
  revocations.add('before', START)
  clock.advance(120 * MINUTE)
  revocations.add('before', START)
  revocations.add('of a server whose clock is right', START)
  revocations.prune()
  clock.advance(-120 * MINUTE)
  t.same(['before', 'of a server whose clock is right'].map(revocations.has), [true, true])
})

t.test('a clock that was ahead and is set back misses no session that others ended', async t => {
  const { revocations, clock, store } = build(t, sharedStore())
  clock.advance(120 * MINUTE)
  await revocations.start()
  await store.create(session({ sid: 'a' }))
  await store.revoke('a', START)
  clock.advance(-60 * MINUTE)
  t.ok(await learns(revocations, 'a'))
})

/** A shared store whose reads wait until they are answered, each with the sids of that time. */
function slowStore () {
  const memory = sharedStore()
  const answers: (() => void)[] = []
  const revokedSince: SessionStore['revokedSince'] = async time => {
    const found = await memory.revokedSince(time)
    await new Promise<void>(resolve => { answers.push(resolve) })
    return found
  }
  const answer = async (): Promise<void> => {
    while (answers.length === 0) await setTimeout(1)
    answers.shift()?.()
  }
  return { ...memory, revokedSince, answer, answers }
}

const HOUR = 60 * MINUTE

for (const clockThatRan of ['wall', 'monotonic'] as const) {
  t.test(`has: after a freeze that the ${clockThatRan} clock shows, reads the store`, async t => {
    const { revocations, clocks, store } = build(t, sharedStore())
    await revocations.start()
    await store.create(session({ sid: 'a' }))
    await store.revoke('a', START)
    t.equal(revocations.has('a'), false, 'a list of now answers at once')
    clocks[clockThatRan].advance(INTERVAL)
    t.equal(revocations.has('a'), false, 'also at the end of the interval')
    clocks[clockThatRan].advance(1)
    t.same(await Promise.all([revocations.has('a'), revocations.has('b')]), [true, false])
    t.equal(revocations.has('b'), false, 'which is one read')
  })
}

t.test('has: does not trust a read from before the freeze', async t => {
  for (const clockThatRan of ['wall', 'monotonic'] as const) {
    const store = slowStore()
    const { revocations, clocks } = build(t, store)
    const started = revocations.start()
    await store.answer()
    await started
    while (store.answers.length === 0) await setTimeout(1) // the poll has asked
    await store.create(session({ sid: 'a' }))
    await store.revoke('a', START)
    clocks[clockThatRan].advance(HOUR)
    const has = revocations.has('a')
    await store.answer()
    await store.answer()
    t.equal(await has, true, clockThatRan)
  }
})

t.test('has: goes on with the list that it has while the store is away', async t => {
  let isDown = false
  const memory = sharedStore()
  const revokedSince: SessionStore['revokedSince'] = async time => {
    if (isDown) throw new Error('down')
    return memory.revokedSince(time)
  }
  const { revocations, clocks } = build(t, { ...memory, revokedSince })
  revocations.add('a', START)
  await revocations.start()
  isDown = true
  clocks.wall.advance(HOUR)
  t.equal(revocations.has('a'), true, 'a session on the list needs no read')
  t.equal(await revocations.has('b'), false)
  t.equal(revocations.has('b'), false, 'after a read that failed it waits for no other')
  isDown = false
  await memory.create(session({ sid: 'b' }))
  await memory.revoke('b', START)
  t.ok(await learns(revocations, 'b'))
})

t.test('has: waits less than a second for a store that does not answer', async t => {
  const store = slowStore()
  const { revocations, clocks } = build(t, store)
  const started = revocations.start()
  await store.answer()
  await started
  clocks.wall.advance(HOUR)
  const asked = performance.now()
  t.equal(await revocations.has('a'), false)
  t.ok(performance.now() - asked < SECOND)
  t.equal(revocations.has('a'), false, 'and no other request waits')
})

t.test('has: a list of a store that is not shared is never too old', async t => {
  const { revocations, clocks } = build(t)
  await revocations.start()
  clocks.wall.advance(HOUR)
  t.equal(revocations.has('a'), false)
})

t.test('lists of one store share a revocation at once, each for its own time', async t => {
  const store = memoryStore()
  const key = {}
  const monotonic = createClock(0)
  const listOf = (minutes: number, sharedBy: object) => createRevocations({
    store,
    interval: INTERVAL,
    accessTokenLifetime: minutes * MINUTE,
    leeway: 0,
    now: createClock(),
    sharedBy,
    clocks: { wall: createClock(), monotonic }
  })
  const [short, long, other] = [listOf(5, key), listOf(60, key), listOf(5, {})]
  short.add('a', START)
  t.same([short, long, other].map(list => list.has('a')), [true, true, false])
  monotonic.advance(5 * MINUTE + 11 * SECOND)
  for (const list of [short, long]) list.prune()
  t.same([short, long].map(list => list.has('a')), [false, true])
  long.stop()
  short.add('b', START)
  t.same([short, long].map(list => list.has('b')), [true, false], 'a stopped list takes no more')
})

/** A list that tells of revoked sessions, on a store that counts the reads of all revocations. */
function buildTelling (t: { after(stop: () => void): void }, memory = sharedStore()) {
  const told: string[] = []
  const since: number[] = []
  const store: SessionStore = {
    ...memory,
    revokedSince: time => { since.push(time); return memory.revokedSince(time) }
  }
  const clock = createClock()
  const clocks = { wall: createClock(), monotonic: createClock(0) }
  const revocations = createRevocations({
    store,
    interval: INTERVAL,
    accessTokenLifetime: MINUTE,
    leeway: 0,
    now: clock,
    clocks,
    onEnded: sid => { told.push(sid) }
  })
  t.after(() => revocations.stop())
  const revoke = async (sid: string, at = clock()): Promise<void> => {
    await store.create(session({ sid }))
    await store.revoke(sid, at)
  }
  /** Waits for a read that began after the call. */
  const nextRead = async (): Promise<void> => {
    const count = since.length
    while (since.length < count + 2) await setTimeout(5)
  }
  return { revocations, store, clock, clocks, told, since, revoke, nextRead }
}

t.test('onEnded: is called once for a session that ends here or elsewhere', async t => {
  const { revocations, told, revoke, nextRead } = buildTelling(t)
  await revoke('before the start')
  await revocations.start()
  t.same(told, [])
  revocations.add('here', START)
  t.same(told, ['here'], 'at once')
  revocations.add('here', START)
  await revoke('here')
  await revoke('elsewhere')
  await nextRead()
  await nextRead()
  revocations.add('elsewhere', START)
  revocations.add('before the start', START)
  t.same(told, ['here', 'elsewhere'])
})

t.test('onEnded: a list that was pruned, or a clock set back, tells nothing twice', async t => {
  const { revocations, told, clock, clocks, revoke, nextRead, since } = buildTelling(t)
  await revoke('before the start')
  await revocations.start()
  await revoke('a')
  await nextRead()
  clock.advance(10 * MINUTE)
  clocks.monotonic.advance(10 * MINUTE)
  revocations.prune()
  t.not(revocations.has('a'), true, 'pruned')
  await nextRead()
  clock.advance(-60 * MINUTE)
  await revoke('while the clock was ahead')
  await nextRead()
  t.ok(since.filter(time => time < 0).length > 1, 'all are read again')
  revocations.add('a', START)
  t.same(told, ['a', 'while the clock was ahead'])
})

t.test('onEnded: forgets a session once the store has forgotten it', async t => {
  for (const shared of [true, false]) {
    const memory: SessionStore = { ...memoryStore(), shared }
    const { revocations, told, store, clocks, revoke, since } = buildTelling(t, memory)
    await revocations.start()
    await revoke('gone')
    await revoke('kept')
    revocations.add('gone', START)
    revocations.add('kept', START)
    const isForgotten = async (sid: string): Promise<boolean> => {
      const count = told.length
      revocations.add(sid, START)
      return told.length > count
    }
    t.same([await isForgotten('gone'), await isForgotten('kept')], [false, false])
    const rows = await store.revokedSince(0)
    memory.revokedSince = async () => rows.filter(({ sid }) => sid !== 'gone')
    clocks.monotonic.advance(61 * MINUTE)
    const reads = since.length
    revocations.prune()
    while (since.length < reads + 1) await setTimeout(5)
    await setTimeout(5)
    t.same([await isForgotten('gone'), await isForgotten('kept')], [true, false], String(shared))
  }
})
