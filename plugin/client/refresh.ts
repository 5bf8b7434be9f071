import type { Answer } from './answer.ts'
import { sidOf } from './claims.ts'
import { hold, take, tokensOf } from './login-state.ts'
import type { Parts } from './parts.ts'
import { retry } from './retry.ts'
import { post, presenting, routeOf } from './token-routes.ts'

/**
 * Replaces the access token `seen`, by default the present one, unless that has happened. All calls
 * that need it at a time share one exchange.
 */
export async function refresh (parts: Parts, seen = parts.access): Promise<void> {
  if (parts.access !== seen) return
  parts.refreshing ??= parts.lock(() => exchange(parts, seen))
    .finally(() => { parts.refreshing = undefined })
  return parts.refreshing
}

async function exchange (parts: Parts, seen: string | undefined): Promise<void> {
  const { epoch, user } = parts
  if (parts.access !== seen || (user === null && !seen)) return
  const route = routeOf(parts, 'refresh')
  let sent: string | null = null
  let requested = 0
  const answer = await retry(async (): Promise<Answer> => {
    sent = await parts.readToken()
    requested = Date.now()
    return parts.inCookie || sent ? post(parts, route, presenting(sent)) : { status: 401 }
  })
  if (parts.epoch !== epoch) return

  if (answer.status === 401) {
    // Only a token that is still the stored one was refused. Another tab may have replaced it.
    const stored = await parts.changeToken(stored => stored === sent ? null : undefined)
    if (stored !== sent) return exchange(parts, seen)
    if (parts.access === seen) hold(parts)
    return
  }

  const tokens = tokensOf(answer)
  // Never over a token that another tab has stored since: that one may be a later one.
  const stored = await parts.changeToken(stored => stored === sent ? tokens.refresh : undefined)
  if (stored !== sent) tokens.refresh = undefined
  const isOurs = stored === sent || sidOf(stored) === sidOf(tokens.access)
  if (isOurs && parts.epoch === epoch) take(parts, tokens, requested)
}
