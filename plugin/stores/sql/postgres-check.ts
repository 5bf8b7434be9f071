import type { Statement } from './postgres-client.ts'

/** Settings of the server for this role, and the kind of the sessions table. */
interface Settings { fsync: string, commit: string, table_kind: string }

/** Each statement of the store needs one of these rights. None of them finds a row. */
const changes = (table: string, key: string): string => `(
  INSERT INTO ${table} (${key}) SELECT ${key} FROM ${table} WHERE false
), changed_${key} AS (
  UPDATE ${table} SET ${key} = ${key} WHERE false
), deleted_${key} AS (
  DELETE FROM ${table} WHERE false
)`

/**
 * Tries to write to the tables. Returns warnings about settings that can lose a commit.
 * @throws Error if the role may not change a table, or the server is read-only
 */
export async function checkPostgres (
  run: (statement: Statement) => Promise<{ rows: unknown[] }>, prefix: string
): Promise<string[]> {
  const sessions = `${prefix}sessions`
  const { rows } = await run({
    verb: 'check',
    text: `WITH added_sid AS ${changes(sessions, 'sid')}, added_key AS ${changes(`${prefix}counters`, 'key')}
SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit, (SELECT relpersistence FROM pg_class WHERE oid = CAST('${sessions}' AS regclass)) AS table_kind`,
    parameters: {}
  })
  const { fsync, commit, table_kind: kind } = rows[0] as Settings
  return [
    ...fsync === 'off'
      ? ['A crash of the machine can undo logouts, since "fsync" is off. Set "fsync = on".']
      : [],
    ...commit === 'off'
      ? [
          'A crash of PostgreSQL can undo logouts, since "synchronous_commit" is off for this ' +
            'role. Set "synchronous_commit = on".'
        ]
      : [],
    ...kind === 'u'
      ? [
          `A crash of PostgreSQL empties the table ${sessions}, since it is UNLOGGED. ` +
            `Run "ALTER TABLE ${sessions} SET LOGGED".`
        ]
      : []
  ]
}
