import t from 'tap'
import { COLUMNS } from '../../../plugin/stores/sql/statements.ts'
import { ADDED_COLUMNS, addColumns, tables } from '../../../plugin/stores/sql/tables.ts'

t.test('the table has the columns of the statements, and the added ones last', async t => {
  const [, body] = /sessions \(([^;]*)\);/.exec(tables('simplejwt_', '')) as unknown as string[]
  const columns = (body as string).trim().split(/,\n/).map(line => line.trim().split(' ')[0])
  t.same([...columns].sort(), COLUMNS.split(', ').sort())
  t.same(columns.slice(-ADDED_COLUMNS.length), ADDED_COLUMNS)
})

t.test('addColumns: adds the missing columns only', async t => {
  t.equal(addColumns('a_', []), '')
  t.equal(
    addColumns('auth.a_', ['rotated_address', 'access_lifetime', 'other']),
    'ALTER TABLE auth.a_sessions ADD COLUMN access_lifetime bigint NOT NULL DEFAULT 86400000;\n' +
      'ALTER TABLE auth.a_sessions ADD COLUMN rotated_address text;\n'
  )
  t.match(addColumns('a_', ['rotated_address'], ' IF NOT EXISTS'), /COLUMN IF NOT EXISTS rotated/)
})

t.test('an index has the prefix without its schema, and only counters are unlogged', async t => {
  const sql = tables('auth.staff_', 'UNLOGGED ')
  t.same(
    [...sql.matchAll(/INDEX IF NOT EXISTS (\S+)/g)].map(match => match[1]),
    ['staff_sessions_user_id', 'staff_sessions_revoked_at', 'staff_counters_ends_at']
  )
  t.same(
    [...sql.matchAll(/UNLOGGED TABLE IF NOT EXISTS (\S+)/g)].map(match => match[1]),
    ['auth.staff_counters']
  )
  t.notMatch(tables('simplejwt_', ''), /UNLOGGED/)
})
