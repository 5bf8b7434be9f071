import { newId } from '../plugin/ids.ts'
import type { Session } from '../plugin/stores/session.ts'

const DAY = 86_400_000

/** The user agent of a current browser, 111 characters. */
export const USER_AGENT =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) ' +
  'Chrome/143.0.0.0 Safari/537.36'
export const ADDRESS = '203.0.113.7'

/** A session as a login from a browser starts it, with the default lifetimes. */
export const newSession = (userId: string, createdAt: number): Session => ({
  sid: newId(),
  userId,
  jti: newId(),
  previousJti: null,
  issuedAt: createdAt,
  rotatedAt: null,
  expiresAt: createdAt + DAY,
  createdAt,
  endsAt: createdAt + 30 * DAY,
  revokedAt: null,
  adoptedUntil: null,
  accessLifetime: 300_000,
  userAgent: USER_AGENT,
  address: ADDRESS,
  rotatedUserAgent: null,
  rotatedAddress: null,
  clientId: null,
  scope: null
})
