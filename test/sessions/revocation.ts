import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { type Revocations, createRevocations } from '../../plugin/sessions/revocation.ts'
import { memoryStore } from '../../plugin/stores/memory.ts'
import type { SessionStore } from '../../plugin/stores/store.ts'
import { MINUTE, SECOND, START, createClock } from '../fixtures/app.ts'
import { session } from '../fixtures/stores/session.ts'

const INTERVAL = 50

function build (t: { after(stop: () => void): void }, store: SessionStore = memoryStore()) {
  const clock = createClock()
  const revocations = createRevocations({
    store,
    interval: INTERVAL,
    accessTokenLifetime: 5 * MINUTE,
    now: clock
  })
  t.after(() => revocations.stop())
  return { revocations, clock, store }
}

const sharedStore = (): SessionStore => ({ ...memoryStore(), shared: true })

/** Waits for a poll, for two seconds at the most. */
async function learns (revocations: Revocations, sid: string): Promise<boolean> {
  for (let waited = 0; waited < 2000 && !revocations.has(sid); waited += 5) await setTimeout(5)
  return revocations.has(sid)
}

t.test('a session that ends here is on the list at once', async t => {
  const { revocations } = build(t)
  t.notOk(revocations.has('a'))
  revocations.add('a', START)
  t.ok(revocations.has('a'))
  t.notOk(revocations.has('__proto__'))
})

t.test('start: reads the revocations of the last access token lifetime', async t => {
  const { revocations, store } = build(t)
  for (const [sid, revokedAt] of [
    ['just now', START],
    ['one life ago', START - 5 * MINUTE],
    ['long ago', START - 6 * MINUTE]
  ] as const) {
    await store.create(session({ sid }))
    await store.revoke(sid, revokedAt)
  }
  await store.create(session({ sid: 'alive' }))
  await revocations.start()
  t.same(['just now', 'one life ago', 'long ago', 'alive'].map(revocations.has), [
    true, true, false, false
  ])
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
    START - 5 * MINUTE - 10 * SECOND,
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

t.test('a session is forgotten once its last access token has expired, on every clock', async t => {
  const { revocations, clock } = build(t)
  revocations.add('a', START)
  revocations.add('b', START + SECOND)
  clock.advance(5 * MINUTE + 10 * SECOND)
  revocations.prune()
  t.same(['a', 'b'].map(revocations.has), [true, true])
  clock.advance(1)
  revocations.prune()
  t.same(['a', 'b'].map(revocations.has), [false, true])
})
