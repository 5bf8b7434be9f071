import { isOlder, sidOf } from './claims.ts'
import { hold } from './login-state.ts'
import type { Parts } from './parts.ts'

/**
 * A login, refresh or logout in one tab, for the others. Without `access` the session is revoked.
 * `refresh` is absent in cookie mode. `expires` is as in the state.
 */
export interface TabMessage {
  sid: string | undefined
  access?: string
  expires?: number
  refresh?: string | undefined
}

/**
 * Follows another tab: takes its tokens, or forgets those of a session that it has revoked. Ignores
 * a tab that has another session, unless both share the cookie or the storage.
 */
export async function receive (
  parts: Parts, { sid, access, expires, refresh }: TabMessage
): Promise<void> {
  const isSame = sid === sidOf(parts.access)
  if (!isSame && !parts.inCookie && sid !== sidOf(await parts.readToken())) return
  if (!access) return forget(parts, sid)
  if (isSame && isOlder(access, parts.access)) return
  if (!isSame) parts.epoch++
  await parts.changeToken(
    stored => sidOf(stored) === sid && isOlder(refresh, stored) ? undefined : refresh)
  hold(parts, access, expires)
}

/** Forgets a session that the server has revoked. */
export async function forget (parts: Parts, sid: string | undefined): Promise<void> {
  parts.epoch++
  await parts.changeToken(stored => sidOf(stored) === sid ? null : undefined)
  hold(parts)
}
