import t from 'tap'
import {
  ACCESS_LIFETIME, CLIENT, NOW, presentation, session
} from '../../plugin/store-contract/case.ts'
import { sqliteStore } from '../../plugin/stores/sqlite.ts'
import { buildApp } from '../fixtures/app.ts'
import { eachSqlite } from '../fixtures/stores/each-sqlite.ts'
import openStore, { openFresh, openHandle } from '../fixtures/stores/open-sqlite.ts'

eachSqlite(t, async t => {
  t.test('the file is put in WAL mode', async t => {
    const store = await openFresh('wal')
    await store.list('7', NOW)
    const other = openHandle('wal')
    t.after(() => { other.close(); return store.close?.() })
    t.match(other.prepare('PRAGMA journal_mode').all({}), [{ journal_mode: 'wal' }])
  })

  t.test('without its tables the app does not start, and says why', async t => {
    const { app } = await buildApp(t, { store: openStore('empty') })
    const message =
      'fastify-simplejwt: the session store cannot be used. The table simplejwt_sessions is ' +
      "missing. Call the store's migrate() before the app starts."
    await t.rejects(async () => { await app.ready() }, { message })
  })

  t.test('times that a handle gives as bigint come out as numbers', async t => {
    await (await openFresh('bigints')).close?.()
    const handle = openHandle('bigints', { bigints: true })
    t.after(() => handle.close())
    const store = sqliteStore(handle)
    await store.create(session({ adoptedUntil: NOW }))
    const rotated = session({
      jti: 't1',
      previousJti: 't0',
      rotatedAt: NOW,
      adoptedUntil: NOW,
      rotatedUserAgent: CLIENT.userAgent,
      rotatedAddress: CLIENT.address
    })
    t.strictSame(await store.rotate(presentation('t0', 't1')), {
      outcome: 'rotated',
      session: rotated
    })
    t.strictSame([await store.find('s'), await store.list('7', NOW)], [rotated, [rotated]])
    t.equal(await store.revoke('s', NOW), true)
    t.strictSame(await store.revokedSince(NOW), [
      { sid: 's', revokedAt: NOW, accessExpiresAt: NOW + ACCESS_LIFETIME }
    ])
    t.equal(await store.sweep(NOW + ACCESS_LIFETIME + 1), 1)
    if (store.counters && 'increment' in store.counters) {
      t.strictSame(
        [...(await store.counters.increment(new Map([['a', 1]]), 1000, NOW))],
        [['a', { current: 1, ttl: 1000 }]]
      )
    }
  })

  t.test('ten thousand refreshes of a session leave one row', async t => {
    const handle = openHandle('refreshes')
    t.after(() => handle.close())
    const store = sqliteStore(handle)
    await store.migrate?.()
    await store.create(session())
    for (let index = 0; index < 10_000; index++) {
      await store.rotate(presentation(`t${index}`, `t${index + 1}`))
    }
    t.match(handle.prepare('SELECT jti FROM simplejwt_sessions').all({}), [{ jti: 't10000' }])
  })

  t.test('a handle that may only read finds sessions, and never answers a rotation', async t => {
    const writer = await openFresh('readonly')
    await writer.create(session())
    await writer.rotate(presentation('t0', 't1'))
    const handle = openHandle('readonly', { readOnly: true })
    t.after(() => { handle.close(); return writer.close?.() })
    const store = sqliteStore(handle)
    const before = await writer.find('s')
    t.same(await store.find('s'), before)
    for (const rotation of [
      presentation('t1', 't2'),
      presentation('t0', 'replay'),
      presentation('forged', 't2'),
      presentation('t0', 't1', NOW, { sid: 'unknown' })
    ]) {
      await t.rejects(store.rotate(rotation), { message: /readonly/ }, rotation.presented)
    }
    for (const call of [
      () => store.create(session({ sid: 'new' })),
      () => store.revoke('s', NOW),
      () => store.revokeUser('7', NOW),
      () => store.sweep(NOW)
    ]) {
      await t.rejects(async () => { await call() }, { message: /readonly/ })
    }
    t.same(await writer.find('s'), before)
  })

  t.test('a full disk rejects what needs room, and leaves nothing half done', async t => {
    const handle = openHandle('full')
    t.after(() => handle.close())
    const store = sqliteStore(handle)
    await store.migrate?.()
    const [size] = handle.prepare('PRAGMA page_count').all({}) as [{ page_count: number }]
    handle.exec(`PRAGMA max_page_count = ${size.page_count + 4}`)

    const stored: string[] = []
    const full = async (): Promise<void> => {
      for (let index = 0; index < 10_000; index++) {
        await store.create(session({ sid: `s${index}` }))
        stored.push(`s${index}`)
      }
    }
    await t.rejects(full(), { message: /full/ })
    t.ok(stored.length > 5)
    t.equal(await store.find(`s${stored.length}`), null)
    t.same((await store.list('7', NOW)).map(({ sid }) => sid).sort(), stored.sort())

    await t.rejects(store.rotate(presentation('t0', 'x'.repeat(100_000), NOW, { sid: 's0' })), {
      message: /full/
    })
    t.same(
      await store.find('s0'), session({ sid: 's0' }), 'the token that was presented is still good'
    )
    t.match(handle.prepare('PRAGMA integrity_check').all({}), [{ integrity_check: 'ok' }])

    t.equal(await store.revoke('s1', NOW), true, 'what needs no room goes on')
    handle.exec('PRAGMA max_page_count = 1000000')
    t.match(await store.rotate(presentation('t0', 't1', NOW, { sid: 's0' })), {
      outcome: 'rotated'
    })
  })
})
