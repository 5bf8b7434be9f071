import { atOnce } from './at-once.ts'
import { inSlices } from './in-slices.ts'
import { type Row, rowOf, sessionOf } from './memory/row.ts'
import { isLive, isOver, lastAccessExpiry, type Session } from './session.ts'
import { type Rotation, type RotationResult, checkDeadline, decideRotation } from './rotation.ts'
import { shardOfId, shardOfText, shardedMap } from './sharded-map.ts'
import type { Revocation, SessionStore } from './store.ts'

/** Cap on interned user agents, so made-up values cannot grow memory. */
const MAX_INTERNED_USER_AGENTS = 1000

/**
 * A store in the memory of this process: the default, for tests, demonstrations and single
 * processes that may forget their sessions when they restart. Each method is synchronous, and so
 * atomic, except `sweep` and `revokedSince`. Those visit a slice of the sessions in each turn of
 * the event loop.
 */
export function memoryStore (): SessionStore {
  const sessions = shardedMap<Row>(shardOfId)
  const sidsOfUser = shardedMap<string | Set<string>>(shardOfText)
  const revoked = shardedMap<Row>(shardOfId)
  const userAgents = new Map<string, string>()

  /** The user agent is the longest part of a session, and most sessions repeat one. */
  function intern (userAgent: string | null): string | null {
    if (userAgent === null) return null
    const kept = userAgents.get(userAgent) ?? userAgent
    if (userAgents.size < MAX_INTERNED_USER_AGENTS) userAgents.set(userAgent, kept)
    return kept
  }

  function insert (session: Session): void {
    sessions.set(session.sid, rowOf(session, intern(session.userAgent)))
    const sids = sidsOfUser.get(session.userId)
    // Most users have one session, and a set takes more memory than a session.
    if (sids === undefined) sidsOfUser.set(session.userId, session.sid)
    else if (typeof sids === 'string') sidsOfUser.set(session.userId, new Set([sids, session.sid]))
    else sids.add(session.sid)
  }

  function revokeNow (session: Row, now: number): void {
    session.revokedAt = now
    revoked.set(session.sid, session)
  }

  function remove (session: Row): void {
    const { sid, userId } = session
    sessions.delete(sid)
    revoked.delete(sid)
    const sids = sidsOfUser.get(userId)
    if (typeof sids === 'object' && sids.size > 1) sids.delete(sid)
    else sidsOfUser.delete(userId)
  }

  function ofUser (userId: string): Row[] {
    const sids = sidsOfUser.get(userId) ?? []
    return (typeof sids === 'string' ? [sids] : [...sids]).map(sid => sessions.get(sid) as Row)
  }

  function rotateNow (rotation: Rotation): RotationResult {
    const { sid, presented, next, now, client, accessLifetime, deadline } = rotation
    checkDeadline(deadline)
    const row = sessions.get(sid)
    if (row === undefined) return { outcome: 'ended', session: null }
    const session = sessionOf(row)
    const unchanged = decideRotation(session, rotation)
    if (unchanged !== undefined) return { outcome: unchanged, session }
    if (row.jti !== presented) {
      revokeNow(row, now)
      return { outcome: 'reused', session: sessionOf(row) }
    }
    row.previousJti = presented
    row.jti = next.jti
    row.issuedAt = next.issuedAt
    row.expiresAt = Math.min(next.expiresAt, row.endsAt)
    row.rotatedAfter = now - next.issuedAt
    row.rotatedUserAgent = intern(client.userAgent)
    row.rotatedAddress = client.address === row.address ? row.address : client.address
    if (accessLifetime > row.accessLifetime) row.accessLifetime = accessLifetime
    return { outcome: 'rotated', session: sessionOf(row) }
  }

  return {
    shared: false,

    create: session => atOnce(() => { insert(session) }),

    adopt: session => atOnce(() => { if (!sessions.has(session.sid)) insert(session) }),

    find: sid => atOnce(() => {
      const session = sessions.get(sid)
      return session === undefined ? null : sessionOf(session)
    }),

    rotate: rotation => atOnce(() => rotateNow(rotation)),

    revoke: (sid, now, deadline) => atOnce(() => {
      checkDeadline(deadline)
      const session = sessions.get(sid)
      if (session === undefined || session.revokedAt !== null) return false
      revokeNow(session, now)
      return true
    }),

    revokeUser: (userId, now, except, deadline) => atOnce(() => {
      checkDeadline(deadline)
      const ending = ofUser(userId).filter(
        session => session.revokedAt === null && session.sid !== except
      )
      for (const session of ending) revokeNow(session, now)
      return ending.map(session => session.sid)
    }),

    list: (userId, now) => atOnce(() =>
      ofUser(userId)
        .map(sessionOf)
        .filter(session => isLive(session, now))
        .sort((a, b) => a.createdAt - b.createdAt)
    ),

    revokedSince (time) {
      const found: Revocation[] = []
      const rest = inSlices(revoked.entries(), ([sid, session]) => {
        const revokedAt = session.revokedAt as number
        if (revokedAt < time) return
        found.push({ sid, revokedAt, accessExpiresAt: lastAccessExpiry(session) })
      })
      return rest === undefined ? atOnce(() => found) : rest.then(() => found)
    },

    async sweep (before) {
      let deleted = 0
      await inSlices(sessions.entries(), ([, session]) => {
        if (!isOver(session, before)) return
        remove(session)
        deleted++
      })
      return deleted
    }
  }
}
