import { type Answer, refusal, successOf } from './answer.ts'
import { AuthError } from './auth-error.ts'
import { isOlder, lifetimeOf, sidOf, userOf } from './claims.ts'
import type { TokenStorage, User } from './client.ts'
import { createLock } from './lock.ts'
import { openStorage } from './refresh-token.ts'
import { retry } from './retry.ts'
import { openChannel } from './tabs.ts'

/** Time limit of a login. The server may queue the check of a password. */
const LOGIN_LIMIT_SECONDS = 30

/** Posts JSON to a token route. Rejects only for options that are missing. */
export type Post = (
  route: 'obtain' | 'refresh' | 'blacklist', body: object | string | null, limitSeconds?: number
) => Promise<Answer>

interface Tokens { access: string, refresh?: string | undefined }

/** The tokens of a login or refresh in another tab. Without `access`: the session is revoked. */
interface TabMessage extends Partial<Tokens> { sid: string | undefined, expiresMs?: number }

/** The login as this page knows it. */
export interface Login {
  /** As `Client.user`. */
  user(): User | null | undefined
  /** Returns the access token, which may have expired. */
  access(): string | undefined
  /**
   * Resolves when the access token is valid for a call, or no user is logged in. The token of an
   * unrepeatable call must last a while.
   */
  ready(isUnrepeatable?: boolean): Promise<void>
  /**
   * Replaces the access token `seen`, unless that has happened. All calls that need it at a time
   * share one exchange.
   */
  refresh(seen?: string): Promise<void>
  /** As `Client.login`. */
  login(credentials: object): Promise<User>
  /** Revokes the session by its refresh token. */
  logout(): Promise<void>
  /** Stops following other tabs. */
  close(): void
}

/** Keeps a login, together with the tabs that use the same `key`. `leeway` is in seconds. */
export function createLogin (
  post: Post,
  storage: 'cookie' | 'memory' | TokenStorage,
  key: string | undefined,
  leeway: number,
  listeners: Set<(user: User | null) => void>
): Login {
  const inCookie = storage === 'cookie'
  const isAlone = storage === 'memory'
  const name = isAlone ? undefined : key
  const lock = createLock(name)
  const [readToken, changeToken] = openStorage(storage, key)
  let access: string | undefined
  let user: User | null | undefined = isAlone ? null : undefined
  /** Expiry by the clock of this machine. 0 before the first call, never without a user. */
  let expiresMs = isAlone ? Infinity : 0
  /** Counts logins and logouts. An answer to a request from before one of them is dropped. */
  let epoch = 0
  let refreshing: Promise<void> | undefined
  let channel = openChannel(name, receive)

  function hold (next?: string, nextExpiresMs = Infinity): void {
    access = next
    expiresMs = nextExpiresMs
    const now = next ? userOf(next) : null
    // The object stays the same until a claim changes, so that a refresh renders nothing.
    if (JSON.stringify(now) === JSON.stringify(user)) return
    user = now
    // A listener that calls the client must not wait for the action that calls the listener.
    for (const listener of listeners) queueMicrotask(() => listener(now))
  }

  function take (tokens: Tokens, requestedMs: number): void {
    // The clock of the server is not read: the token lives as long from the request as it says.
    hold(tokens.access, requestedMs + lifetimeOf(tokens.access))
    channel?.postMessage({ ...tokens, sid: sidOf(access), expiresMs })
  }

  async function forget (sid: string | undefined): Promise<void> {
    epoch++
    await changeToken(stored => sid === sidOf(stored) ? null : undefined)
    hold()
  }

  /** Follows another tab, unless it has another session and another storage. */
  async function receive (
    { sid, access: next, refresh, expiresMs: nextExpiresMs }: TabMessage
  ): Promise<void> {
    const isSame = sid && sid === sidOf(access)
    if (!isSame && !inCookie && sid !== sidOf(await readToken())) return
    if (!next) return forget(sid)
    if (!isSame) epoch++
    const stored = await changeToken(
      stored => sid !== sidOf(stored) || isOlder(refresh, stored) ? undefined : refresh)
    // A login of this page may have replaced the session meanwhile.
    if (!isOlder(next, access) && (inCookie || sid === sidOf(stored))) hold(next, nextExpiresMs)
  }

  async function exchange (seen: string | undefined): Promise<void> {
    if (access !== seen) return
    const before = epoch
    let sent: string | null = null
    let requestedMs = 0
    const answer = await retry(async () => {
      sent = await readToken()
      requestedMs = Date.now()
      return inCookie || sent ? post('refresh', sent && { refresh: sent }) : { status: 401 }
    })
    if (epoch !== before) return

    if (answer.status === 401) {
      // Only a token that is still the stored one was refused. Another tab may have replaced it.
      const stored = await changeToken(stored => sent && stored === sent ? null : undefined)
      if (stored !== sent) return exchange(seen)
      if (access === seen) hold()
      return
    }

    const tokens = tokensOf(answer)
    // Never over a token that another tab has stored since: that one may be a later one.
    const stored = await changeToken(stored => stored === sent ? tokens.refresh : undefined)
    const isOurs = stored === sent || sidOf(stored) === sidOf(tokens.access)
    if (isOurs && epoch === before) take(tokens, requestedMs)
  }

  async function refresh (seen = access): Promise<void> {
    if (access !== seen) return
    refreshing ??= lock(() => exchange(seen)).finally(() => { refreshing = undefined })
    return refreshing
  }

  return {
    user: () => user,
    access: () => access,
    refresh,
    async ready (isUnrepeatable) {
      const leftMs = expiresMs - Date.now()
      if (leftMs <= 0) return refresh()
      if (leftMs < Math.min(leeway * 1000, lifetimeOf(access) / 5)) {
        // The token is still valid, so the call goes on if the server is away.
        const refreshed = refresh().catch(() => {})
        if (isUnrepeatable) await refreshed
      }
    },
    login: credentials => lock(async () => {
      const requestedMs = Date.now()
      const tokens = tokensOf(await post('obtain', credentials, LOGIN_LIMIT_SECONDS))
      if (inCookie !== !tokens.refresh) {
        throw new AuthError(
          `Cookie mode is ${inCookie ? 'off' : 'on'} there: see the option "storage".`,
          { code: 'invalid' })
      }
      epoch++
      await changeToken(() => tokens.refresh)
      take(tokens, requestedMs)
      return user as User
    }),
    logout: () => lock(async () => {
      const token = await readToken()
      if (inCookie || token) {
        // 401: the session was revoked before.
        successOf(await retry(() => post('blacklist', token && { refresh: token })), 401)
      }
      const sid = sidOf(token ?? access)
      await forget(sid)
      channel?.postMessage({ sid })
    }),
    close () {
      channel?.close()
      channel = undefined
    }
  }
}

/** Returns the tokens of an answer. @throws AuthError for a refusal, and for other content */
function tokensOf (answer: Answer): Tokens {
  const tokens = successOf(answer) as Tokens
  if (!sidOf(tokens?.access)) throw refusal({ cause: answer })
  return tokens
}
