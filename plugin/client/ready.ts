import { lifetimeOf } from './claims.ts'
import type { Parts } from './parts.ts'
import { refresh } from './refresh.ts'

/**
 * Resolves when the access token is valid for a call, or no user is logged in. `isOnly`: the call
 * cannot be repeated, so the token must last a while.
 */
export async function ready (parts: Parts, isOnly = false): Promise<void> {
  const { access, expires, options: { leeway = 30 } } = parts
  const left = expires - Date.now()
  if (left <= 0) return refresh(parts)
  if (left < Math.min(leeway * 1000, lifetimeOf(access) / 5)) {
    // The token is still valid, so the call goes on if the server is away.
    const refreshed = refresh(parts).catch(() => {})
    if (isOnly) await refreshed
  }
}
