import { ADDED_COLUMNS, addColumns, tables } from './tables.ts'

const PREFIX = 'simplejwt_'

/** The members of a database that a migration uses. */
interface Database {
  exec(sql: string): unknown
  prepare(sql: string): { all(parameters: Record<string, never>): unknown[] }
}

/** Creates missing tables and columns. An older worker may go on using the file. */
export function migrateSqlite (database: Database): void {
  database.exec(tables(PREFIX, ''))
  if (missingColumns(database).length === 0) return
  // Another process may add the columns first: only the lock's holder looks and adds.
  database.exec('BEGIN IMMEDIATE')
  try {
    database.exec(addColumns(PREFIX, missingColumns(database)))
    database.exec('COMMIT')
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}

function missingColumns (database: Database): string[] {
  const columns = database.prepare(`PRAGMA table_info(${PREFIX}sessions)`).all({})
  const names = columns.map(column => (column as { name: string }).name)
  return ADDED_COLUMNS.filter(name => !names.includes(name))
}
