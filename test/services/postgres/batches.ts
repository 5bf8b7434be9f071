import type { Socket } from 'node:net'
import t from 'tap'
import { NOW } from '../../../plugin/store-contract/case.ts'
import { postgresStore } from '../../../plugin/stores/postgres.ts'
import { postgresIsAt } from '../../fixtures/stores/open-postgres.ts'
import {
  ASLEEP, rotationOf as of, slowDown, storeOfBatches, untilAsleep
} from '../../fixtures/stores/postgres-batches.ts'
import { postgresProgram, startPostgres } from '../../fixtures/servers/postgres.ts'
import { skipUnless } from '../../fixtures/servers/programs.ts'

t.test('PostgreSQL', { skip: skipUnless(postgresProgram, 'postgres') }, async t => {
  const { url } = await startPostgres(t, { fsync: 'off' })
  postgresIsAt(url)

  t.test('rotations that wait go in one statement, each with its outcome', async t => {
    const { store, sent, together } = await storeOfBatches(t, 'own_', ['a', 'b', 'c', 'd', 'e'])
    await store.rotate(of('b'))
    await store.revoke('d', NOW)
    await store.rotate(of('e'))
    const results = await Promise.all(await together(
      of('a'), of('b', 'b2'), of('c', 'c1', { presented: 'forged' }), of('d'), of('e'),
      of('unknown'), of('nul\0')
    ))
    t.match(results, [
      { outcome: 'rotated', session: { jti: 'a1', previousJti: 't0', rotatedAt: NOW } },
      { outcome: 'replayed', session: { jti: 'b1' } },
      { outcome: 'reused', session: { jti: 't0', revokedAt: NOW } },
      { outcome: 'ended', session: { revokedAt: NOW } },
      { outcome: 'rotated', session: { jti: 'e1' } },
      { outcome: 'ended', session: null },
      { outcome: 'ended', session: null }
    ])
    t.same(sent, ['rotate', 'find', 'rotate_batch', ...Array(5).fill('find')])
    t.strictSame(await store.find('a'), results[0]?.session)
    t.strictSame(await store.find('c'), results[2]?.session)
  })

  t.test('a lone rotation keeps its statement', async t => {
    const { store, sent, together } = await storeOfBatches(t, 'lone_', ['a', 'b'])
    await Promise.all(await together(of('a')))
    await store.rotate(of('b'))
    t.same(sent, ['rotate', 'find', 'rotate', 'rotate'])
  })

  t.test('rotations of one session at once give one successor', async t => {
    const { store, together } = await storeOfBatches(t, 'twice_', ['a', 'b'])
    const results = await Promise.all(
      await together(of('a', 'x'), of('a', 'y'), of('b'), of('a', 'z'))
    )
    t.match(results, [
      { outcome: 'rotated', session: { jti: 'x' } },
      { outcome: 'replayed', session: { jti: 'x' } },
      { outcome: 'rotated', session: { jti: 'b1' } },
      { outcome: 'replayed', session: { jti: 'x' } }
    ])
    t.match(await store.find('a'), { jti: 'x', revokedAt: null })
  })

  t.test('each row gets its own values, whatever a client sends', async t => {
    const agents = [
      null, '', 'NULL', 'null', '","', '{a,b}', '}', '\\"', "'; --", ' ', '\0é\u{1f600}'
    ]
    const sids = agents.map((_, index) => `s${index}`)
    const { store, together, sent } = await storeOfBatches(t, 'agents_', sids)
    await Promise.all(await together(...sids.map((sid, index) => of(sid, undefined, {
      client: { userAgent: agents[index] as string | null, address: `192.0.2.${index}` }
    }))))
    t.same(sent, ['rotate', 'find', 'rotate_batch'])
    for (const [index, sid] of sids.entries()) {
      t.match(await store.find(sid), {
        jti: `${sid}1`,
        rotatedUserAgent: agents[index]?.replace('\0', '\ufffd') ?? null,
        rotatedAddress: `192.0.2.${index}`
      })
    }
  })

  t.test('a row that the database refuses fails alone', async t => {
    const { pool, store, together } = await storeOfBatches(t, 'refused_', ['a', 'b', 'c'])
    await pool.query("ALTER TABLE refused_sessions ADD CHECK (jti <> 'forbidden')")
    const results = await Promise.allSettled(
      await together(of('a'), of('b', 'forbidden'), of('c'))
    )
    t.match(results, [
      { value: { outcome: 'rotated' } }, { reason: { code: '23514' } },
      { value: { outcome: 'rotated' } }
    ])
    t.match(await store.find('b'), { jti: 't0' })
  })

  t.test('a connection that the server closes fails its batch', async t => {
    const { pool, store, sent, together } = await storeOfBatches(t, 'closed_', ['a', 'b'])
    await slowDown(pool, 'closed_', '^b', 0.3)
    const results = Promise.allSettled(await together(of('a'), of('b')))
    await untilAsleep(pool)
    await pool.query(`SELECT pg_terminate_backend(pid) ${ASLEEP}`)
    const code = '57P01'
    t.match(await results, [{ reason: { code } }, { reason: { code } }])
    t.same(sent, ['rotate', 'find', 'rotate_batch'], 'none is sent again')
    t.match(await store.find('a'), { jti: 't0', revokedAt: null })
    t.match(await store.rotate(of('a')), { outcome: 'rotated' }, 'the token is still good')
  })

  t.test('a batch that may take effect later is not sent again', async t => {
    const { pool, store, sent, together } = await storeOfBatches(t, 'cut_', ['a', 'b'])
    const sockets: Socket[] = []
    pool.on('acquire', client => {
      sockets.push((client as unknown as { connection: { stream: Socket } }).connection.stream)
    })
    await slowDown(pool, 'cut_', '^b', 0.3)
    const results = Promise.allSettled(await together(of('a'), of('b')))
    await untilAsleep(pool)
    for (const socket of sockets) socket.destroy()
    t.match(await results, [{ status: 'rejected' }, { status: 'rejected' }])
    t.same(sent, ['rotate', 'find', 'rotate_batch'])
    // The clients come again, with the token that they have. The server may have gone on.
    for (const sid of ['a', 'b']) {
      t.match(await store.rotate(of(sid, `${sid}2`)), { outcome: /^(rotated|replayed)$/ })
      t.match(await store.find(sid), { revokedAt: null })
    }
  })

  t.test('a lost connection is known by its code, in each language', async t => {
    const { pool } = await storeOfBatches(t, 'codes_', ['a', 'b'])
    type Text = string | undefined
    const failures: [severity: Text, code: Text, isRepeated: boolean][] = [
      ['ОШИБКА', '22001', true], ['ERROR', '57014', true], ['ВАЖНО', '57P01', false],
      ['FATAL', '58000', false], ['PANIC', 'XX000', false], ['FEHLER', '08P01', false],
      ['ERROR', '40003', false], ['ERROR', undefined, true], [undefined, 'EPIPE', false],
      [undefined, '22001', false]
    ]
    for (const [severity, code, isRepeated] of failures) {
      const store = postgresStore({
        on: (event, listener) => pool.on(event, listener),
        listenerCount: event => pool.listenerCount(event),
        async query (query) {
          if (query.name !== 'codes_rotate_batch') return pool.query(query)
          throw Object.assign(new Error('gone'), { severity, code })
        }
      }, { prefix: 'codes_' })
      const outcomes = await Promise.allSettled(
        ['opener', 'a', 'b'].map(sid => store.rotate(of(sid)))
      )
      t.same(
        outcomes.map(({ status }) => status === 'fulfilled'), [true, isRepeated, isRepeated],
        `${severity} ${code}`
      )
    }
  })
})
