import { type Session, UNKNOWN_ACCESS_LIFETIME_MS } from '../session.ts'

/** The fields of a session's hash, in the order in which the store reads them. */
export const FIELDS = [
  'sid', 'userId', 'jti', 'previousJti', 'issuedAt', 'rotatedAt', 'expiresAt', 'createdAt',
  'endsAt', 'revokedAt', 'adoptedUntil', 'accessLifetime', 'userAgent', 'address',
  'rotatedUserAgent', 'rotatedAddress', 'clientId', 'scope'
] as const satisfies readonly (keyof Session)[]

type Field = typeof FIELDS[number]

/** The values of FIELDS, in their order. A field that is null in the session is absent. */
export type Row = readonly (string | null)[]

/** The position of each field in a row, counted from 1 as Lua does. */
export const POSITION = Object.fromEntries(
  FIELDS.map((field, index) => [field, index + 1])
) as Record<Field, number>

/** Returns the session of a row, or null if the hash does not exist. */
export function sessionOf (row: Row): Session | null {
  const text = (field: Field): string | null => row[POSITION[field] - 1] ?? null
  const time = (field: Field): number | null => {
    const value = text(field)
    return value === null ? null : Number(value)
  }
  const sid = text('sid')
  if (sid === null) return null
  return {
    sid,
    userId: text('userId') as string,
    jti: text('jti') as string,
    previousJti: text('previousJti'),
    issuedAt: time('issuedAt') as number,
    rotatedAt: time('rotatedAt'),
    expiresAt: time('expiresAt') as number,
    createdAt: time('createdAt') as number,
    endsAt: time('endsAt') as number,
    revokedAt: time('revokedAt'),
    adoptedUntil: time('adoptedUntil'),
    accessLifetime: time('accessLifetime') ?? UNKNOWN_ACCESS_LIFETIME_MS,
    userAgent: text('userAgent'),
    address: text('address'),
    rotatedUserAgent: text('rotatedUserAgent'),
    rotatedAddress: text('rotatedAddress'),
    clientId: text('clientId'),
    scope: text('scope')
  }
}
