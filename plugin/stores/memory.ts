import { isLive, isOver, isReplay, type Rotation, type RotationResult, type Session, type SessionStore } from './store.ts'

/**
 * A store in the memory of this process: the default, for tests, demonstrations and single processes that may forget
 * their sessions when they restart. Each verb runs to its end without giving way, which is what makes it atomic.
 */
export function memoryStore (): SessionStore {
  const sessions = new Map<string, Session>()
  const sidsOfUser = new Map<string, Set<string>>()
  const revoked = new Map<string, number>()

  function insert (session: Session): void {
    sessions.set(session.sid, { ...session })
    const sids = sidsOfUser.get(session.userId)
    if (sids === undefined) sidsOfUser.set(session.userId, new Set([session.sid]))
    else sids.add(session.sid)
  }

  function end (session: Session, now: number): void {
    session.revokedAt = now
    revoked.set(session.sid, now)
  }

  function remove (session: Session): void {
    sessions.delete(session.sid)
    revoked.delete(session.sid)
    const sids = sidsOfUser.get(session.userId)
    sids?.delete(session.sid)
    if (sids?.size === 0) sidsOfUser.delete(session.userId)
  }

  function ofUser (userId: string): Session[] {
    return [...sidsOfUser.get(userId) ?? []].map(sid => sessions.get(sid) as Session)
  }

  function exchange ({ sid, presented, next, now, reuseInterval, deadline }: Rotation): RotationResult {
    if (Date.now() > deadline) throw new Error('The deadline of this rotation has passed.')
    const session = sessions.get(sid)
    if (session === undefined) return { outcome: 'ended', session: null }
    if (!isLive(session, now)) return { outcome: 'ended', session: { ...session } }
    if (session.jti === presented) {
      session.previousJti = presented
      session.jti = next.jti
      session.issuedAt = next.issuedAt
      session.expiresAt = Math.min(next.expiresAt, session.endsAt)
      session.rotatedAt = now
      return { outcome: 'rotated', session: { ...session } }
    }
    if (isReplay(session, presented, now, reuseInterval)) return { outcome: 'replayed', session: { ...session } }
    end(session, now)
    return { outcome: 'reused', session: { ...session } }
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

    async revoke (sid, now) {
      const session = sessions.get(sid)
      if (session === undefined || session.revokedAt !== null) return false
      end(session, now)
      return true
    },

    async revokeUser (userId, now, except) {
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
      let count = 0
      for (const session of sessions.values()) {
        if (!isOver(session, before)) continue
        remove(session)
        count++
      }
      return count
    }
  }
}
