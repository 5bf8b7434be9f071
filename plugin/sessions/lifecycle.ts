import type { RefreshClaims } from '../tokens/claims.ts'
import { newId } from '../ids.ts'
import type { Origin } from './client-info.ts'
import type { Revocations } from './revocation.ts'
import { type Session, isLive, isReplay } from '../stores/session.ts'
import type { RotationResult, SessionStore } from '../stores/store.ts'

/** How long things live, in milliseconds. */
export interface Lifetimes { refreshTokenLifetime: number, sessionLifetime: number, accessTokenLifetime: number, leeway: number, reuseInterval: number }

/** Starts, rotates, replays, ends and lists sessions. Knows state only: no JWT, no HTTP. */
export interface Sessions {
  start(userId: string, origin: Origin): Promise<Session>
  /** Takes over the session of a refresh token that another server minted, unless that was done before. */
  adopt(claims: RefreshClaims, origin: Origin): Promise<void>
  /** Spends a refresh token. Reuse ends the session in the same step. */
  rotate(claims: RefreshClaims): Promise<RotationResult>
  /** The session that a refresh token is good for right now, unspent, or null. */
  current(claims: RefreshClaims): Promise<Session | null>
  /** A session, live or not, or null. */
  find(sid: string): Promise<Session | null>
  /** True if this call ended the session. */
  revoke(sid: string): Promise<boolean>
  revokeUser(userId: string, except?: string): Promise<string[]>
  list(userId: string): Promise<Session[]>
  isLive(session: Session): boolean
  /** Whether a spent token is the last one that was spent, recently enough to still answer. */
  isReplay(session: Session, jti: string): boolean
  sweep(): Promise<number>
}

/** A token that another server minted has no `sid`: its session goes by the token's own `jti`. */
export const sidOf = (claims: RefreshClaims): string => claims.sid ?? claims.jti

export function createSessions (store: SessionStore, revocations: Revocations, lifetimes: Lifetimes, now: () => number): Sessions {
  const { refreshTokenLifetime, sessionLifetime, reuseInterval } = lifetimes

  const newSession = (session: Pick<Session, 'sid' | 'userId' | 'jti' | 'issuedAt' | 'expiresAt' | 'adoptedUntil'>, origin: Origin): Session => {
    const createdAt = now()
    return {
      ...session,
      previousJti: null,
      rotatedAt: null,
      createdAt,
      endsAt: createdAt + sessionLifetime,
      revokedAt: null,
      ...origin
    }
  }

  /** An end that this process caused but was not told of in time, by a store that was slow, is learned from the row. */
  const notice = (session: Session | null): Session | null => {
    if (session !== null && session.revokedAt !== null) revocations.add(session.sid, session.revokedAt)
    return session
  }

  return {
    async start (userId, origin) {
      const issuedAt = now()
      const expiresAt = issuedAt + Math.min(refreshTokenLifetime, sessionLifetime)
      const session = newSession({ sid: newId(), userId, jti: newId(), issuedAt, expiresAt, adoptedUntil: null }, origin)
      await store.create(session)
      return session
    },

    async adopt (claims, origin) {
      const adoptedUntil = Math.floor(claims.exp * 1000)
      const expiresAt = Math.min(adoptedUntil, now() + sessionLifetime)
      const issuedAt = claims.iat === undefined ? now() : Math.floor(claims.iat * 1000)
      await store.adopt(newSession({ sid: claims.jti, userId: claims.user_id, jti: claims.jti, issuedAt, expiresAt, adoptedUntil }, origin))
    },

    async rotate (claims) {
      const issuedAt = now()
      const next = { jti: newId(), issuedAt, expiresAt: issuedAt + refreshTokenLifetime }
      // The deadline is set where the wait is bounded: in stores/bounded.ts.
      const result = await store.rotate({ sid: sidOf(claims), presented: claims.jti, next, now: issuedAt, reuseInterval, deadline: Infinity })
      notice(result.session)
      return result
    },

    async current (claims) {
      const session = notice(await store.find(sidOf(claims)))
      return session !== null && session.jti === claims.jti && isLive(session, now()) ? session : null
    },

    find: async sid => notice(await store.find(sid)),

    async revoke (sid) {
      const revokedAt = now()
      const ended = await store.revoke(sid, revokedAt)
      if (ended) revocations.add(sid, revokedAt)
      // Another process has ended it, or an earlier call of ours whose answer was lost.
      else notice(await store.find(sid))
      return ended
    },

    async revokeUser (userId, except) {
      const revokedAt = now()
      const ended = await store.revokeUser(userId, revokedAt, except)
      for (const sid of ended) revocations.add(sid, revokedAt)
      return ended
    },

    list: userId => store.list(userId, now()),
    isLive: session => isLive(session, now()),
    isReplay: (session, jti) => isReplay(session, jti, now(), reuseInterval),

    // A tombstone stays until the last access token of its session has expired, for the processes that start meanwhile.
    sweep: () => store.sweep(now() - lifetimes.accessTokenLifetime - lifetimes.leeway)
  }
}
