import { newId } from '../ids.ts'
import { isSameClient } from '../stores/rotation.ts'
import { type Session, isLive, isReplay, lastAccessExpiry } from '../stores/session.ts'
import type { PresentingClient, RotationResult, SessionStore } from '../stores/store.ts'
import type { ClientInfo } from './client-info.ts'
import { clockJump } from './clock-jump.ts'
import type { Revocations } from './revocation.ts'
import type { RotationSettings, SessionRules, SessionStart } from './session-rules.ts'

export type { Session } from '../stores/session.ts'

/** The claims of a verified refresh token that identify its session. Times in seconds. */
export interface PresentedToken {
  /** Absent from a token that another server minted. */
  readonly sid?: string
  readonly jti: string
  readonly user_id: string
  readonly exp: number
  readonly iat?: number
}

/** The claims of a token that a rotation spends. */
export type SpentToken = Pick<PresentedToken, 'sid' | 'jti'>

/** Starts, rotates, adopts, revokes and lists sessions. Knows neither JWTs nor HTTP. */
export interface Sessions {
  start(userId: string, client: ClientInfo, settings?: SessionStart): Promise<Session>
  /** Creates the session of a refresh token that another server minted. Does it at most once. */
  adopt(token: PresentedToken, client: ClientInfo): Promise<void>
  /**
   * Spends the current token of a session. Reuse revokes the session in the same step. Default
   * client: unknown.
   */
  rotate(
    token: SpentToken, client?: PresentingClient, settings?: RotationSettings
  ): Promise<RotationResult>
  /** Returns the session if the refresh token is its current one and it is live, else null. */
  current(token: PresentedToken): Promise<Session | null>
  /** Returns a session, live or not, or null. */
  find(sid: string): Promise<Session | null>
  /** Returns true if this call revoked the session. */
  revoke(sid: string): Promise<boolean>
  revokeUser(userId: string, except?: string): Promise<string[]>
  list(userId: string): Promise<Session[]>
  isLive(session: Session): boolean
  /**
   * Returns whether a refresh would accept a token: the current one, or the last one spent, within
   * `reuseInterval`. With a client, only if that client made the rotation.
   */
  isAccepted(session: Session, jti: string, client?: PresentingClient): boolean
  /** Deletes the sessions that no token needs. Returns their number. */
  sweep(): Promise<number>
}

/** Returns the session id of a token: its `sid`, or its `jti` if another server minted it. */
export const sidOf = (token: SpentToken): string => token.sid ?? token.jti

type NewSession = Pick<
  Session,
  'sid' | 'userId' | 'jti' | 'issuedAt' | 'expiresAt' | 'adoptedUntil' | 'endsAt' | 'accessLifetime'
> & Partial<Pick<Session, 'clientId' | 'scope'>>

const UNKNOWN_CLIENT: PresentingClient = { userAgent: null, address: null }

export function createSessions (
  store: SessionStore, revocations: Revocations, rules: SessionRules, now: () => number
): Sessions {
  const {
    refreshTokenLifetime, sessionLifetime: usualLifetime, accessTokenLifetime
  } = rules
  const sameAddress = rules.replayFrom === 'sameAddress'
  const jumpedBy = clockJump()

  const newSession = (session: NewSession, createdAt: number, client: ClientInfo): Session => ({
    clientId: null,
    scope: null,
    ...session,
    previousJti: null,
    rotatedAt: null,
    createdAt,
    revokedAt: null,
    ...client,
    rotatedUserAgent: null,
    rotatedAddress: null
  })

  /** An access token lives at most as long as the refresh token of its session. */
  const accessLifetimeOf = (refreshLifetime: number): number =>
    Math.min(accessTokenLifetime, refreshLifetime)

  /** The refresh tokens of OAuth clients rotate always. A custom store may not know `clientId`. */
  const isRotated = ({ clientId = null }: Session): boolean =>
    rules.rotateRefreshTokens || clientId !== null

  /** A slow store may revoke after our timeout. This picks such a revocation up from the row. */
  const noticeRevocation = (session: Session | null): Session | null => {
    if (session !== null && session.revokedAt !== null) {
      revocations.add(session.sid, session.revokedAt, lastAccessExpiry(session))
    }
    return session
  }

  return {
    async start (userId, client, settings = {}) {
      const { refreshLifetime = refreshTokenLifetime, sessionLifetime = usualLifetime } = settings
      const issuedAt = now()
      const session = newSession({
        ...{ sid: newId(), userId, jti: newId(), issuedAt, adoptedUntil: null },
        expiresAt: issuedAt + Math.min(refreshLifetime, sessionLifetime),
        endsAt: issuedAt + sessionLifetime,
        accessLifetime: accessLifetimeOf(refreshLifetime),
        ...settings.grant
      }, issuedAt, client)
      await store.create(session)
      return session
    },

    async adopt ({ jti, user_id: userId, exp, iat }, client) {
      const createdAt = now()
      const adoptedUntil = Math.floor(exp * 1000)
      const endsAt = createdAt + usualLifetime
      await store.adopt(newSession({
        ...{ sid: jti, userId, jti, adoptedUntil, endsAt },
        issuedAt: iat === undefined ? createdAt : Math.floor(iat * 1000),
        expiresAt: Math.min(adoptedUntil, endsAt),
        accessLifetime: accessTokenLifetime
      }, createdAt, client))
    },

    async rotate (token, client = UNKNOWN_CLIENT, settings = {}) {
      const {
        refreshLifetime = refreshTokenLifetime, reuseInterval = rules.reuseInterval
      } = settings
      const issuedAt = now()
      const result = await store.rotate({
        sid: sidOf(token),
        presented: token.jti,
        next: { jti: newId(), issuedAt, expiresAt: issuedAt + refreshLifetime },
        now: issuedAt,
        reuseInterval,
        client,
        sameAddress,
        accessLifetime: accessLifetimeOf(refreshLifetime),
        // The bounded store sets the deadline.
        deadline: Infinity
      })
      noticeRevocation(result.session)
      return result
    },

    async current (token) {
      const session = noticeRevocation(await store.find(sidOf(token)))
      return session !== null && session.jti === token.jti && isLive(session, now())
        ? session
        : null
    },

    find: async sid => noticeRevocation(await store.find(sid)),

    async revoke (sid) {
      const revokedAt = now()
      const revoked = await store.revoke(sid, revokedAt)
      if (revoked) revocations.add(sid, revokedAt)
      // Another process revoked it, or the answer to an earlier call of ours was lost.
      else noticeRevocation(await store.find(sid))
      return revoked
    },

    async revokeUser (userId, except) {
      const revokedAt = now()
      const sids = await store.revokeUser(userId, revokedAt, except)
      for (const sid of sids) revocations.add(sid, revokedAt)
      return sids
    },

    list: userId => store.list(userId, now()),
    isLive: session => isLive(session, now()),

    isAccepted (session, jti, client = UNKNOWN_CLIENT) {
      if (!isLive(session, now())) return false
      if (session.jti === jti) return true
      return isRotated(session) && isReplay(session, jti, now(), rules.reuseInterval) &&
        isSameClient(session, { client, sameAddress })
    },

    sweep: () => store.sweep(now() - rules.leeway - jumpedBy())
  }
}
