import { setImmediate as nextTurn } from 'node:timers/promises'
import { isLive, isOver, type Session } from './session.ts'
import { checkDeadline, outcomeWithoutChange, type Rotation, type RotationResult, type SessionStore } from './store.ts'

/** How many sessions a sweep looks at before others have their turn. */
const SLICE = 5000
/** How many texts are kept once. Whoever makes up new ones only spends this much. */
const USER_AGENTS = 1000

/**
 * A store in the memory of this process: the default, for tests, demonstrations and single processes that may forget
 * their sessions when they restart. Each verb but `sweep` runs to its end without giving way, which is what makes it atomic.
 */
export function memoryStore (): SessionStore {
  const sessions = new Map<string, Session>()
  const sidsOfUser = new Map<string, string | Set<string>>()
  const revoked = new Map<string, number>()
  const userAgents = new Map<string, string>()

  /** The same text as it is kept already: there are many sessions of few browsers, and it would be the longest part of each. */
  function once (userAgent: string | null): string | null {
    if (userAgent === null) return null
    const kept = userAgents.get(userAgent) ?? userAgent
    if (userAgents.size < USER_AGENTS) userAgents.set(userAgent, kept)
    return kept
  }

  function insert (session: Session): void {
    sessions.set(session.sid, { ...session, userAgent: once(session.userAgent) })
    const sids = sidsOfUser.get(session.userId)
    // Most users have one session, and a set for each of them would take more memory than the session.
    if (sids === undefined) sidsOfUser.set(session.userId, session.sid)
    else if (typeof sids === 'string') sidsOfUser.set(session.userId, new Set([sids, session.sid]))
    else sids.add(session.sid)
  }

  function end (session: Session, now: number): void {
    session.revokedAt = now
    revoked.set(session.sid, now)
  }

  function remove ({ sid, userId }: Session): void {
    sessions.delete(sid)
    revoked.delete(sid)
    const sids = sidsOfUser.get(userId)
    if (typeof sids === 'object' && sids.size > 1) sids.delete(sid)
    else sidsOfUser.delete(userId)
  }

  function ofUser (userId: string): Session[] {
    const sids = sidsOfUser.get(userId) ?? []
    return (typeof sids === 'string' ? [sids] : [...sids]).map(sid => sessions.get(sid) as Session)
  }

  function exchange (rotation: Rotation): RotationResult {
    const { sid, presented, next, now, deadline } = rotation
    checkDeadline(deadline)
    const session = sessions.get(sid)
    if (session === undefined) return { outcome: 'ended', session: null }
    const unchanged = outcomeWithoutChange(session, rotation)
    if (unchanged !== undefined) return { outcome: unchanged, session: { ...session } }
    if (session.jti !== presented) {
      end(session, now)
      return { outcome: 'reused', session: { ...session } }
    }
    session.previousJti = presented
    session.jti = next.jti
    session.issuedAt = next.issuedAt
    session.expiresAt = Math.min(next.expiresAt, session.endsAt)
    session.rotatedAt = now
    return { outcome: 'rotated', session: { ...session } }
  }

  return {
    shared: false,

    async create (session) { insert(session) },

    async adopt (session) { if (!sessions.has(session.sid)) insert(session) },

    async find (sid) {
      const session = sessions.get(sid)
      return session === undefined ? null : { ...session }
    },

    async rotate (rotation) { return exchange(rotation) },

    async revoke (sid, now, deadline) {
      checkDeadline(deadline)
      const session = sessions.get(sid)
      if (session === undefined || session.revokedAt !== null) return false
      end(session, now)
      return true
    },

    async revokeUser (userId, now, except, deadline) {
      checkDeadline(deadline)
      const ending = ofUser(userId).filter(session => session.revokedAt === null && session.sid !== except)
      for (const session of ending) end(session, now)
      return ending.map(session => session.sid)
    },

    async list (userId, now) {
      return ofUser(userId).filter(session => isLive(session, now)).map(session => ({ ...session })).sort((a, b) => a.createdAt - b.createdAt)
    },

    async revokedSince (time) {
      return [...revoked].filter(([, revokedAt]) => revokedAt >= time).map(([sid, revokedAt]) => ({ sid, revokedAt }))
    },

    async sweep (before) {
      let seen = 0
      let deleted = 0
      for (const session of sessions.values()) {
        if (++seen % SLICE === 0) await nextTurn()
        if (!isOver(session, before)) continue
        remove(session)
        deleted++
      }
      return deleted
    }
  }
}
