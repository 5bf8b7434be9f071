import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { createGroupCommit } from '../../../plugin/stores/sql/group-commit.ts'

/** A group commit on a file that records its statements, and fails as a test says. */
function build (fail: (sql: string) => unknown = () => undefined) {
  const ran: string[] = []
  const inGroup = createGroupCommit(sql => {
    ran.push(sql)
    const error = fail(sql)
    if (error !== undefined) throw error
  })
  const call = (name: string, error?: unknown) => inGroup(() => {
    ran.push(name)
    if (error !== undefined) throw error
    return name
  })
  return { ran, call }
}

const errorOf = (code: string, message = code) => Object.assign(new Error(message), { code })
const settledAs = async (calls: Promise<unknown>[]): Promise<unknown[]> =>
  (await Promise.allSettled(calls)).map(result =>
    result.status === 'fulfilled' ? result.value : (result.reason as Error).message)

t.test('group: one call alone runs without a transaction', async t => {
  const { ran, call } = build()
  t.equal(await call('a'), 'a')
  t.same(ran, ['a'])
  t.same(await settledAs([call('b', new Error('no'))]), ['no'])
})

t.test('group: calls of one turn are one transaction, in their order', async t => {
  const { ran, call } = build()
  t.same(await Promise.all([call('a'), call('b'), call('c')]), ['a', 'b', 'c'])
  t.same(ran, ['BEGIN IMMEDIATE', 'a', 'b', 'c', 'COMMIT'])
  t.same(await Promise.all([call('d'), call('e')]), ['d', 'e'])
  t.same(ran.slice(5), ['BEGIN IMMEDIATE', 'd', 'e', 'COMMIT'])
})

t.test('group: no promise settles before the commit', async t => {
  const settled: string[] = []
  const { ran, call } = build(sql => {
    if (sql === 'COMMIT') t.same(settled, [])
  })
  const note = (name: string) => (): void => { settled.push(name) }
  await Promise.all([
    call('a').then(note('a')),
    call('b', new Error('no')).catch(note('b')),
    call('c').then(note('c'))
  ])
  t.same(ran.at(-1), 'COMMIT')
  t.same(settled.sort(), ['a', 'b', 'c'])
})

t.test('group: a call that throws fails alone', async t => {
  for (const error of [
    new Error('late'), errorOf('SQLITE_CONSTRAINT_PRIMARYKEY'),
    Object.assign(new Error('twice'), { code: 'ERR_SQLITE_ERROR', errcode: 1555 })
  ]) {
    const { ran, call } = build()
    t.same(await settledAs([call('a'), call('b', error), call('c')]), ['a', error.message, 'c'])
    t.same(ran, ['BEGIN IMMEDIATE', 'a', 'b', 'c', 'COMMIT'])
  }
})

t.test('group: an error of the file fails all, and commits nothing', async t => {
  for (const error of [
    errorOf('SQLITE_FULL'), errorOf('SQLITE_IOERR_WRITE'), errorOf('SQLITE_READONLY'),
    Object.assign(new Error('full'), { code: 'ERR_SQLITE_ERROR', errcode: 13 })
  ]) {
    const { ran, call } = build(sql =>
      // SQLite has ended the transaction.
      sql === 'ROLLBACK' ? errorOf('SQLITE_ERROR', 'no transaction is active') : undefined)
    t.same(await settledAs([call('a'), call('b', error), call('c')]),
      [error.message, error.message, error.message])
    t.same(ran, ['BEGIN IMMEDIATE', 'a', 'b', 'ROLLBACK'], 'the calls after it do not run')
  }
})

t.test('group: a commit that fails, fails all', async t => {
  const full = errorOf('SQLITE_FULL')
  const { ran, call } = build(sql => sql === 'COMMIT' ? full : undefined)
  t.same(await settledAs([call('a'), call('b')]), ['SQLITE_FULL', 'SQLITE_FULL'])
  t.same(ran, ['BEGIN IMMEDIATE', 'a', 'b', 'COMMIT', 'ROLLBACK'])
})

t.test('group: waits for the lock of another process, and runs each call once', async t => {
  let locked = 3
  const { ran, call } = build(sql =>
    sql === 'BEGIN IMMEDIATE' && locked-- > 0 ? errorOf('SQLITE_BUSY') : undefined)
  t.same(await Promise.all([call('a'), call('b')]), ['a', 'b'])
  t.same(ran.filter(name => name !== 'BEGIN IMMEDIATE'), ['ROLLBACK', 'a', 'b', 'COMMIT'].slice(1))
})

t.test('group: gives up after 700 ms, also for the calls that came meanwhile', async t => {
  const { call } = build(sql => sql === 'BEGIN IMMEDIATE' ? errorOf('SQLITE_BUSY') : undefined)
  const begun = performance.now()
  const first = [call('a'), call('b')]
  await delay(100)
  const later = Array.from({ length: 600 }, (_, index) => call(String(index)))
  const outcomes = new Set(await settledAs([...first, ...later]))
  t.same([...outcomes], ['Another process holds the lock of the SQLite file.'])
  const seconds = (performance.now() - begun) / 1000
  t.ok(seconds >= 0.7 && seconds < 1.5, `${seconds} s: three groups do not wait one by one`)
})

t.test('group: has at most 256 calls', async t => {
  const { ran, call } = build()
  const names = Array.from({ length: 600 }, (_, index) => String(index))
  t.same(await Promise.all(names.map(name => call(name))), names)
  t.same(ran.filter(name => name === 'COMMIT').length, 3)
  t.same([ran.indexOf('COMMIT'), ran.indexOf('255'), ran.indexOf('256')], [257, 256, 259])
})

t.test('group: a call that a result brings goes into a later group', async t => {
  const { ran, call } = build()
  await Promise.all([call('a').then(() => call('c')), call('b')])
  t.same(ran, ['BEGIN IMMEDIATE', 'a', 'b', 'COMMIT', 'c'])
})

t.test('group: fake timers do not stop it', async t => {
  const { mock } = await import('node:test')
  mock.timers.enable()
  t.teardown(() => mock.timers.reset())
  const { call } = build()
  t.same(await Promise.all([call('a'), call('b')]), ['a', 'b'])
})
