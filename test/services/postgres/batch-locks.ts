import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import t, { type Test } from 'tap'
import { NOW } from '../../../plugin/store-contract/case.ts'
import { otherProcess } from '../../../plugin/store-contract/processes.ts'
import type { RotationResult } from '../../../plugin/stores/rotation.ts'
import { forkLean } from '../../fixtures/servers/lean-children.ts'
import { postgresIsAt } from '../../fixtures/stores/open-postgres.ts'
import {
  rotationOf as of, sleepBeforeLocks, slowDown, storeOfBatches, untilAsleep
} from '../../fixtures/stores/postgres-batches.ts'
import { postgresProgram, startPostgres } from '../../fixtures/servers/postgres.ts'
import { skipUnless } from '../../fixtures/servers/programs.ts'

forkLean()

t.test('PostgreSQL', { skip: skipUnless(postgresProgram, 'postgres') }, async t => {
  const { url } = await startPostgres(t, {
    fsync: 'off', deadlock_timeout: '50ms', autovacuum: 'off'
  })
  postgresIsAt(url)

  /** Locks the row of a session in another transaction. Returns its end. */
  async function lockRow (t: Test, pool: pg.Pool, prefix: string, sid: string) {
    const client = await pool.connect()
    await client.query('BEGIN')
    await client.query(`SELECT sid FROM ${prefix}sessions WHERE sid = '${sid}' FOR UPDATE`)
    // A client that stays out would keep the pool of a failed test from its end.
    let isOut = true
    const unlock = async (): Promise<void> => {
      if (!isOut) return
      isOut = false
      await client.query('COMMIT')
      client.release()
    }
    t.after(unlock)
    return unlock
  }

  t.test('a locked row delays no other rotation', async t => {
    const { pool, store, together } = await storeOfBatches(t, 'locked_', ['a', 'b', 'c', 'd'])
    const unlock = await lockRow(t, pool, 'locked_', 'b')
    const [a, b, c] = await together(of('a'), of('b'), of('c'))
    t.match(await Promise.all([a, c]), [{ outcome: 'rotated' }, { outcome: 'rotated' }])
    t.match(await store.find('b'), { jti: 't0' }, 'which waits meanwhile')
    await delay(100)
    const [again, d] = [store.rotate(of('b', 'b2')), store.rotate(of('d'))]
    t.match(await d, { outcome: 'rotated' }, 'a lone rotation that waits delays none either')
    await unlock()
    const results = await Promise.all([b, again])
    t.same(results.map(result => result?.outcome).sort(), ['replayed', 'rotated'])
  })

  t.test('a row that stays locked is late alone, and does not change', async t => {
    const { pool, store, together } = await storeOfBatches(t, 'stays_', ['a', 'b'])
    const unlock = await lockRow(t, pool, 'stays_', 'b')
    const deadline = Date.now() + 600
    const results = await Promise.allSettled(
      await together(of('a'), of('b', 'late', { deadline }))
    )
    t.match(results, [{ value: { outcome: 'rotated' } }, { status: 'rejected' }])
    await unlock()
    t.match(await store.rotate(of('b')), { outcome: 'rotated', session: { previousJti: 't0' } })
  })

  t.test('a rotation that is late in a batch changes nothing, and the others go on', async t => {
    const { pool, store, sent, together } = await storeOfBatches(t, 'late_', ['a', 'b', 'c'])
    await slowDown(pool, 'late_', '^b', 0.15)
    const deadline = Date.now() + 140
    const results = await Promise.allSettled(
      await together(of('a'), of('b', 'late', { deadline }), of('c'))
    )
    t.match(results, [
      { value: { outcome: 'rotated' } }, { status: 'rejected' }, { value: { outcome: 'rotated' } }
    ])
    t.match(await store.find('b'), { jti: 't0', previousJti: null, revokedAt: null })
    t.equal(sent.filter(name => name === 'rotate_batch').length, 1)
  })

  t.test('a rotation that a later row of its batch delays is late too', async t => {
    const { pool, store, together } = await storeOfBatches(t, 'behind_', ['a', 'b'])
    await slowDown(pool, 'behind_', '^b', 0.3)
    const deadline = Date.now() + 200
    const results = await Promise.allSettled(await together(of('a', 'late', { deadline }), of('b')))
    t.match(results, [{ status: 'rejected' }, { value: { outcome: 'rotated' } }])
    t.match(await store.find('a'), { jti: 't0', previousJti: null, revokedAt: null })
  })

  t.test('a session that is revoked before the batch locks its row stays as it is', async t => {
    const { pool, store, sent, together } = await storeOfBatches(
      t, 'revoked_', ['a', 'b', 'c'], { look: sleepBeforeLocks }
    )
    const results = Promise.all(await together(of('a'), of('b'), of('c')))
    await untilAsleep(pool)
    t.equal(await store.revoke('b', NOW), true)
    t.same((await store.revokeUser('7', NOW, 'a')).sort(), ['c', 'opener'])
    const [a, b, c] = await results
    t.match(a, { outcome: 'rotated' })
    for (const result of [b, c]) {
      t.match(result, { outcome: 'ended', session: { jti: 't0', revokedAt: NOW } })
    }
    t.equal(sent.filter(name => name === 'rotate_batch').length, 1)
  })

  t.test('a rotation with less than 50 ms left goes alone', async t => {
    const look = <Query extends { text: string }>(query: Query): Query => ({
      ...query, text: query.text.replace('of_deadline - 50', 'of_deadline - 30000')
    })
    const { sent, together } = await storeOfBatches(t, 'margin_', ['a', 'b', 'c'], { look })
    const results = await Promise.all(
      await together(of('a'), of('b', 'b1', { deadline: Date.now() + 20_000 }), of('c'))
    )
    t.match(results, Array(3).fill({ outcome: 'rotated' }))
    t.same(sent, ['rotate', 'find', 'rotate_batch', 'find', 'rotate'])
  })

  t.test('a batch keeps deadlines when the clock of the server jumps ahead', async t => {
    const clock = { off: '' }
    const look = <Query extends { name?: string, text: string }>(query: Query): Query => ({
      ...query,
      // A migration has no name.
      ...query.name === undefined ? {} : { name: `${query.name}${clock.off}` },
      text: query.text.replaceAll('clock_timestamp()', `(clock_timestamp() ${clock.off})`)
    })
    const { together } = await storeOfBatches(t, 'jump_', ['a', 'b', 'c', 'd'], { look })
    const soon = { deadline: Date.now() + 30_000 }
    for (const sids of [['a', 'b'], ['c', 'd']]) {
      const results = await together(...sids.map(sid => of(sid, `${sid}1`, soon)))
      t.match(await Promise.all(results), Array(2).fill({ outcome: 'rotated' }))
      clock.off = "+ interval '1 hour'"
    }
  })

  t.test('an index finds the rows, also if the table was small at first', async t => {
    const options = '-c session_preload_libraries=auto_explain -c auto_explain.log_min_duration=0'
    const config = { max: 1, options: `${options} -c client_min_messages=log` }
    const sids = Array.from({ length: 64 }, (_, index) => `s${index}`)
    const { pool, together } = await storeOfBatches(t, 'plan_', sids, { config })
    const plans: string[] = []
    const client = await pool.connect()
    client.on('notice', ({ message = '' }) => {
      const [, plan] = message.split('\nCTE Scan on changed')
      if (plan !== undefined) plans.push(plan)
    })
    client.release()
    // PostgreSQL plans the first five by their parameters.
    for (let count = 0; count < 7; count++) {
      await Promise.all(await together(...sids.map(sid => of(sid, `${sid}-${count}`, {
        presented: count === 0 ? 't0' : `${sid}-${count - 1}`
      }))))
    }
    t.equal(plans.length, 7)
    t.same(plans.at(-1)?.match(/\w+ Scan using|Seq Scan/g), Array(2).fill('Index Scan using'))
  })

  t.test('batches of two processes do not deadlock', async t => {
    const sids = Array.from({ length: 8 }, (_, index) => `s${index}`)
    const { pool, together } = await storeOfBatches(t, 'both_', sids)
    await slowDown(pool, 'both_', '^s', 0.01)
    const other = await otherProcess(
      new URL('../../fixtures/stores/open-postgres.ts', import.meta.url), 'both'
    )
    t.after(() => other.end())
    const rotate = (sid: string, next: string) =>
      ({ verb: 'rotate' as const, given: [of(sid, next)] })
    await other.work({ at: 0, calls: [rotate('opener', 'opener1')] })
    const at = Date.now() + 50
    const there = other.work({
      at,
      calls: [
        rotate('opener', 'opener1'), ...sids.toReversed().map(sid => rotate(sid, `${sid}2`))
      ]
    })
    await delay(at - Date.now())
    const here = await Promise.all(await together(...sids.map(sid => of(sid))))
    const theirs = (await there as RotationResult[]).slice(1).toReversed()
    for (const [index, sid] of sids.entries()) {
      const both = [here[index], theirs[index]]
      t.same(both.map(result => result?.outcome).sort(), ['replayed', 'rotated'], sid)
      t.equal(both[0]?.session?.jti, both[1]?.session?.jti)
    }
    const { rows } = await pool.query(
      'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()'
    )
    t.same(rows, [{ deadlocks: '0' }])
  })
})
