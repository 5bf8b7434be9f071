import { newId } from '../plugin/ids.ts'
import type { Session } from '../plugin/stores/session.ts'
import { USER_AGENT } from './refresher.ts'

const DAY = 86_400_000

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
  address: '203.0.113.7',
  rotatedUserAgent: null,
  rotatedAddress: null,
  clientId: null,
  scope: null
})
