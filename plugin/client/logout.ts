import { successOf } from './auth-error.ts'
import { sidOf } from './claims.ts'
import type { Parts } from './parts.ts'
import { retry } from './retry.ts'
import { callSessions } from './sessions.ts'
import { forget } from './tab-messages.ts'
import { post, presenting, routeOf } from './token-routes.ts'

const REVOKED_BEFORE = 401

/**
 * Revokes the session, or all sessions of the user. Resolves when the server has done so: the
 * cookie would log the next visitor in.
 */
export async function logout (parts: Parts, everywhere?: boolean): Promise<void> {
  const route = routeOf(parts, 'blacklist')
  if (everywhere) successOf(await callSessions(parts, 'DELETE'), REVOKED_BEFORE)
  return parts.lock(async () => {
    const refresh = await parts.readToken()
    if (parts.inCookie || refresh) {
      successOf(await retry(() => post(parts, route, presenting(refresh))), REVOKED_BEFORE)
    }
    const sid = sidOf(refresh ?? parts.access)
    await forget(parts, sid)
    parts.channel?.postMessage({ sid })
  })
}
