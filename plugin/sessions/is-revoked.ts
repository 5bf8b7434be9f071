import type { Claims } from '../tokens/claims.ts'
import type { Core } from '../registration.ts'

/** Whether the session of an access token has ended, by the way that `revocation` says. A promise only if the store is asked. */
export function isRevoked (core: Core, { sid }: Claims): boolean | Promise<boolean> {
  if (sid === undefined || core.options.revocation === 'off') return false
  if (core.options.revocation === 'list') return core.revocations.has(sid)
  return core.sessions.find(sid).then(session => session === null || session.revokedAt !== null)
}
