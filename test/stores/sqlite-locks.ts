import t from 'tap'
import { setTimeout as delay } from 'node:timers/promises'
import { NOW, presentation, session } from '../../plugin/store-contract/case.ts'
import { sqliteStore } from '../../plugin/stores/sqlite.ts'
import { eachSqlite } from '../fixtures/stores/each-sqlite.ts'
import { openFresh, openHandle } from '../fixtures/stores/open-sqlite.ts'

eachSqlite(t, async t => {
  /** A store with one session, and a second handle that has locked its file. */
  async function locked (t: { after(close: () => unknown): void }, name: string) {
    const [store, other] = [await openFresh(name), openHandle(name)]
    t.after(() => { other.close(); return store.close?.() })
    await store.create(session())
    other.exec('BEGIN IMMEDIATE')
    return { store, other, unlock: () => other.exec('ROLLBACK') }
  }

  t.test('every verb waits for a lock, while timers fire', async t => {
    const { store, other, unlock } = await locked(t, 'waits')
    let answered = 0
    const count = (): void => { answered++ }
    const calls = [
      store.create(session({ sid: 'new' })),
      store.adopt(session({ sid: 'adopted' })),
      store.rotate(presentation('t0', 't1')),
      store.revoke('s', NOW),
      store.revokeUser('7', NOW),
      store.sweep(NOW),
      store.migrate?.()
    ].map(call => call?.then(count))
    let ticks = 0
    const timer = setInterval(() => { ticks++ }, 5)
    await delay(300)
    clearInterval(timer)
    t.ok(ticks > 10, `${ticks} ticks in 300 ms`)
    t.equal(answered, 1, 'migrate() finds the tables there, and has nothing to wait for')
    unlock()
    await Promise.all(calls)
    t.match(
      other.prepare('SELECT sid FROM simplejwt_sessions WHERE revoked_at IS NULL').all({}), []
    )
  })

  t.test('a call that waits past its deadline rejects, and changes nothing', async t => {
    const { store, unlock } = await locked(t, 'late')
    const message = 'The deadline of this call has passed.'
    const deadline = Date.now() + 50
    const calls = [
      t.rejects(store.rotate(presentation('t0', 't1', NOW, { deadline })), { message }),
      t.rejects(store.rotate(presentation('forged', 't1', NOW, { deadline })), { message }),
      t.rejects(async () => { await store.revoke('s', NOW, deadline) }, { message }),
      t.rejects(async () => { await store.revokeUser('7', NOW, '', deadline) }, { message })
    ]
    await delay(150)
    unlock()
    await Promise.all(calls)
    t.same(await store.find('s'), session())
  })

  t.test('a rotation takes place if the lock is released before its deadline', async t => {
    const { store, unlock } = await locked(t, 'intime')
    const rotation = store.rotate(presentation('t0', 't1'))
    await delay(150)
    unlock()
    t.match(await rotation, { outcome: 'rotated' })
  })

  t.test('a rotation that is given up changes nothing when the lock is let go of', async t => {
    const { store, unlock } = await locked(t, 'givenup')
    await t.rejects(store.rotate(presentation('t0', 't1')), {
      message: 'Another process holds the lock of the SQLite file.'
    })
    unlock()
    await delay(50)
    t.same(await store.find('s'), session())
  })

  t.test('migrate: waits for a lock at the first statement, then makes the tables', async t => {
    const [handle, other] = [openHandle('first'), openHandle('first')]
    t.after(() => { handle.close(); other.close() })
    other.exec('CREATE TABLE theirs (id); BEGIN EXCLUSIVE')
    const startedAt = performance.now()
    const store = sqliteStore(handle)
    const migrated = store.migrate?.()
    t.ok(performance.now() - startedAt < 300, 'the event loop is not held up')
    await delay(50)
    other.exec('COMMIT')
    await migrated
    t.equal(await store.find('s'), null)
  })
})
