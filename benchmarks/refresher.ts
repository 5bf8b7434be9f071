import { newId } from '../plugin/ids.ts'
import type { SessionStore } from '../plugin/stores/store.ts'
import { ADDRESS, USER_AGENT, newSession } from './new-session.ts'

const DAY = 86_400_000
/** Milliseconds for which the token just spent still answers: the default of the plugin. */
const REUSE_INTERVAL = 10_000
/** Milliseconds until a call is late. */
const PATIENCE = 10_000

/** Ids made beforehand, so that it is the store that is measured and not the making of ids. */
const ids = Array.from({ length: 1024 }, newId)

/**
 * Starts a session of a user, and gives what refreshes it once more: by `store.rotate`, with the
 * token that is good now. One that failed may be called again, which sends the same rotation once
 * more.
 */
export async function refresher (
  store: SessionStore, userId: string
): Promise<() => Promise<void>> {
  const session = newSession(userId, Date.now())
  const { sid } = session
  let current = 0
  const jti = (number: number): string => ids[number % ids.length] as string
  await store.create({ ...session, jti: jti(current) })

  return async () => {
    const now = Date.now()
    const next = { jti: jti(current + 1), issuedAt: now, expiresAt: now + DAY }
    const { outcome } = await store.rotate({
      sid,
      presented: jti(current),
      next,
      now,
      reuseInterval: REUSE_INTERVAL,
      client: { userAgent: USER_AGENT, address: ADDRESS },
      sameAddress: false,
      accessLifetime: 300_000,
      deadline: now + PATIENCE
    })
    if (outcome !== 'rotated') throw new Error(`a refresh of the current token was ${outcome}`)
    current++
  }
}
