import { type ServerClock, deadlineThere } from '../deadline.ts'
import type { Rotation } from '../rotation.ts'
import { type Statement, type Value, codeOf } from './postgres-client.ts'
import { CLOCK, unlessLate } from './postgres-deadline.ts'
import {
  COLUMNS, ROTATE_SET, ROTATE_WHERE, type SessionRow, rotationParameters
} from './statements.ts'

/** The parameters of a batch, an array each, with the type of its members. */
const TYPES = {
  sid: 'text',
  presented: 'text',
  next: 'text',
  issuedAt: 'bigint',
  expiresAt: 'bigint',
  now: 'bigint',
  reuseInterval: 'bigint',
  userAgent: 'text',
  address: 'text',
  sameAddress: 'integer',
  accessLifetime: 'bigint',
  deadline: 'bigint'
} as const
const NAMES = Object.keys(TYPES) as (keyof typeof TYPES)[]

/** A rotation with less time left goes alone, since its deadline could fail the whole batch. */
const MARGIN_MS = 50

/** Replaces the parameters of one rotation by columns, such as `of_sid`. */
const ofRow = (text: string): string => text.replaceAll(/:(\w+)/g, 'of_$1')

/**
 * Returns the statement that rotates many sessions. It skips rows that another transaction has
 * locked. They would delay the others, and two processes could wait for each other.
 *
 * PostgreSQL repeats the conditions on the newest version of a row when it locks it. Afterwards
 * nothing else can change the row, so the UPDATE finds it by its sid alone.
 */
// PostgreSQL expects a single row of a LIMIT that is a parameter, so it plans by index. Otherwise a
// connection may keep a plan that reads the whole table, made while the table was small.
// It computes min() after the last change, so a slow change makes the ones before it late too.
function rotateTogetherStatement (prefix: string): string {
  const sessions = `${prefix}sessions`
  const arrays = NAMES.map(name => `CAST(:${name} AS ${TYPES[name]}[])`).join(', ')
  const columns = NAMES.map(name => `of_${name}`).join(', ')
  return `WITH changing AS (
  SELECT rotations.*
  FROM (SELECT * FROM unnest(${arrays}) LIMIT CAST(:most AS integer)) AS rotations (${columns}),
  LATERAL (
    SELECT FROM ${sessions} ${ofRow(ROTATE_WHERE)} AND ${CLOCK} <= of_deadline - ${MARGIN_MS}
    FOR NO KEY UPDATE SKIP LOCKED
  ) AS locked
), changed AS (
  UPDATE ${sessions} ${ofRow(ROTATE_SET)}
  FROM changing WHERE sid = of_sid RETURNING ${COLUMNS}, of_deadline
)
SELECT ${COLUMNS}, (SELECT ${unlessLate('min(of_deadline)')} FROM changed) AS in_time FROM changed`
}

/**
 * Returns a function that rotates different sessions with one statement. It returns the rows that
 * have changed, and none if the server has rolled the statement back.
 */
export function rotateTogether (
  run: (statement: Statement) => Promise<{ rows: SessionRow[] }>,
  prefix: string,
  clock: ServerClock
): (rotations: Rotation[]) => Promise<SessionRow[]> {
  const text = rotateTogetherStatement(prefix)
  return async rotations => {
    const all = await Promise.all(rotations.map(async rotation => ({
      ...rotationParameters(rotation), deadline: await deadlineThere(clock, rotation.deadline)
    })))
    const parameters: Record<string, Value> = { most: all.length }
    for (const name of NAMES) parameters[name] = all.map(rotation => rotation[name])
    try {
      return (await run({ verb: 'rotate_batch', text, parameters })).rows
    } catch (error) {
      if (isRolledBack(error)) return []
      throw error
    }
  }
}

/**
 * Returns whether a statement will never take effect. If it may, it must not be sent again: a
 * client could rotate further in between, and the late statement would be reuse.
 */
function isRolledBack (error: unknown): boolean {
  const { severity } = error as { severity?: string }
  if (severity === undefined || severity === 'FATAL' || severity === 'PANIC') return false
  // Connection exceptions, shutdowns, and "statement completion unknown". A translated severity
  // does not show that the connection was lost.
  return !/^(08|57P|40003)/.test(codeOf(error) ?? '')
}
