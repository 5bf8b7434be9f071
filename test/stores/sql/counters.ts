import t from 'tap'
import { NOW } from '../../../plugin/store-contract/case.ts'
import {
  type CounterRow, countRows, counterStatements
} from '../../../plugin/stores/sql/counters.ts'
import { POSTGRES, SQLITE } from '../../../plugin/stores/sql/statements.ts'

const sql = counterStatements('auth.staff_', POSTGRES)
const MINUTE = 60_000

/** Counts in a database that answers with these rows, and says what it was asked. */
async function count (requests: [string, number][], found: CounterRow[] = []) {
  const asked: unknown[] = []
  const counted = await countRows(sql, async (verb, text, parameters) => {
    asked.push([verb, parameters])
    t.equal(text, verb === 'increment' ? sql.increment : sql.readCounters)
    return found.filter(({ key }) => key in JSON.parse(parameters.requests as string))
  }, new Map(requests), MINUTE, NOW)
  return { asked, counted: Object.fromEntries(counted) }
}

t.test('requests are one JSON parameter, and counts may be number, bigint or text', async t => {
  for (const number of [Number, BigInt, String]) {
    const { asked, counted } = await count(
      [
        ['"a"', 2],
        ['b', 1]
      ],
      [
        { key: '"a"', count: number(3), ends_at: number(NOW + 1) },
        { key: 'b', count: number(1), ends_at: number(NOW + MINUTE) }
      ]
    )
    t.strictSame(asked, [
      [
        'increment',
        {
          requests: '{"\\"a\\"":2,"b":1}',
          now: NOW,
          endsAt: NOW + MINUTE,
          tooFar: NOW + 61 * MINUTE
        }
      ]
    ])
    t.strictSame(counted, { '"a"': { current: 3, ttl: 1 }, b: { current: 1, ttl: MINUTE } })
  }
})

t.test('requests of 0 are read with a SELECT', async t => {
  const { asked, counted } = await count(
    [
      ['a', 0],
      ['b', 0]
    ],
    [{ key: 'b', count: 4, ends_at: NOW + 5 }]
  )
  t.strictSame(asked, [['read_counters', { requests: '{"a":0,"b":0}', now: NOW }]])
  t.strictSame(counted, { a: { current: 0, ttl: 0 }, b: { current: 4, ttl: 5 } })
  t.match(sql.readCounters, /^SELECT /)
})

t.test('reads and increments together are two statements', async t => {
  const { asked, counted } = await count(
    [
      ['a', 0],
      ['b', 1]
    ],
    [{ key: 'b', count: 1, ends_at: NOW + MINUTE }]
  )
  t.match(asked, [
    ['read_counters', { requests: '{"a":0}' }],
    ['increment', { requests: '{"b":1}' }]
  ])
  t.strictSame(counted, { a: { current: 0, ttl: 0 }, b: { current: 1, ttl: MINUTE } })
})

t.test('an empty map runs no statement', async t => {
  t.strictSame(await count([]), { asked: [], counted: {} })
})

t.test('the statements of a prefix name no other table, and values are parameters', async t => {
  for (const statements of [sql, counterStatements('simplejwt_', SQLITE)]) {
    for (const text of Object.values(statements)) t.notMatch(text, /'/)
  }
  t.same(
    new Set(
      Object.values(sql)
        .join('\n')
        .match(/[\w.]*counters\b/g)
    ),
    new Set(['auth.staff_counters'])
  )
})

t.test('requests that are given back are an UPDATE, then a read', async t => {
  const asked: unknown[] = []
  const counted = await countRows(sql, async (verb, text, parameters) => {
    asked.push([verb, parameters])
    t.equal(text, verb === 'give_back' ? sql.giveBack : sql.readCounters)
    return verb === 'give_back' ? [] : [{ key: 'a', count: 2, ends_at: NOW + 5 }]
  }, new Map([['a', -1], ['b', -2]]), MINUTE, NOW)
  t.strictSame(asked, [
    ['give_back', { requests: '{"a":-1,"b":-2}', now: NOW, endsAt: NOW + MINUTE }],
    ['read_counters', { requests: '{"a":-1,"b":-2}', now: NOW }]
  ])
  t.strictSame(Object.fromEntries(counted), {
    a: { current: 2, ttl: 5 }, b: { current: 0, ttl: 0 }
  })
  t.match(sql.giveBack, /^UPDATE /)
})
