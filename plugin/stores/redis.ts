import { LATE, type ServerClock, beforeDeadline, serverClock } from './deadline.ts'
import { BATCH_SIZE, inBatches, pairs } from './redis/batches.ts'
import { tagsOf } from './redis/buckets.ts'
import { checkRedis } from './redis/check.ts'
import { type RedisClient, redisCommands } from './redis/client.ts'
import { redisCounters } from './redis/counters.ts'
import { revokedSince } from './redis/revoked-since.ts'
import { CLOCK, CREATE, INDEX, REMOVE, REVOKE, ROTATE } from './redis/scripts.ts'
import { FIELDS, type Row, sessionOf } from './redis/row.ts'
import { type Session, isLive, overAt } from './session.ts'
import { type RotationResult, decideRotation } from './rotation.ts'
import type { SessionStore } from './store.ts'

export type { RedisClient } from './redis/client.ts'

/** Options of the store. */
export interface RedisStoreOptions {
  /** Prefix of the key names. Default `'simplejwt:'`. */
  prefix?: string
  /**
   * A client for the counters of the login limits. Default: the client of the sessions. With a
   * separate server a flood of logins takes no memory of the sessions.
   */
  counters?: RedisClient
}

/** Each bucket is a hash tag with separate sets, so that a Cluster spreads the sessions. */
const BUCKETS = Array.from({ length: 16 }, (_, bucket) => bucket)
/** Upper bound of the option `leeway`: no token is good for longer after its session has ended. */
const MAX_LEEWAY_MS = 3_600_000

/**
 * A store in Redis 7, Valkey or a Cluster of either, for any number of machines. A session is one
 * key, which the server deletes after the last token of the session has expired. The settings
 * `appendonly` and `appendfsync` decide which sessions survive a restart of the server.
 * @param client a client of ioredis
 * @throws TypeError for a client of another package
 */
export function redisStore (
  client: RedisClient,
  { prefix = 'simplejwt:', counters = client }: RedisStoreOptions = {}
): SessionStore {
  const commands = redisCommands(client)
  const { command, run } = commands
  const tags = tagsOf(client)
  const counterCommands = counters === client ? commands : redisCommands(counters)
  const inBucket = (bucket: number, name: string): string => `${prefix}{${tags[bucket]}}:${name}`
  const userKey = (userId: string): string => `${prefix}user:${userId}`
  const sessionKey = (sid: string): string => inBucket(bucketOf(sid), `session:${sid}`)
  const keysOf = (sid: string): string[] => [
    sessionKey(sid), inBucket(bucketOf(sid), 'over'), inBucket(bucketOf(sid), 'revoked')
  ]

  // In a Cluster each bucket may be on a different machine, with a different clock.
  const clocks = BUCKETS.map(bucket =>
    serverClock(async () => Number(await run(CLOCK, [inBucket(bucket, 'over')])))
  )

  /**
   * A session without an entry in the user's index could not be revoked with the others, so the
   * entry comes first. An entry without a session does no harm.
   */
  async function insert (session: Session, onlyIfAbsent: boolean): Promise<void> {
    const { sid, userId, createdAt, endsAt, adoptedUntil } = session
    const toLive = Math.max(endsAt, adoptedUntil ?? 0) + MAX_LEEWAY_MS - createdAt
    await run(INDEX, [userKey(userId)], sid, toLive)
    const fields = Object.entries(session)
      .filter(([, value]) => value !== null)
      .flat() as (string | number)[]
    await run(
      CREATE,
      keysOf(sid),
      sid,
      toLive,
      overAt(session),
      onlyIfAbsent ? 1 : 0,
      ...fields
    )
  }

  const find = async (sid: string): Promise<Session | null> =>
    sessionOf((await command('hmget', sessionKey(sid), ...FIELDS)) as Row)

  /** Reads pages: one reply with ten thousand ids would block the event loop. */
  async function idsOf (userId: string): Promise<string[]> {
    const ids = new Set<string>()
    for (let cursor = ''; cursor !== '0';) {
      const [next, page] = (await command(
        'zscan', userKey(userId), cursor || '0', 'count', BATCH_SIZE
      )) as [string, string[]]
      for (const [sid] of pairs(page.flat())) ids.add(sid)
      cursor = next
    }
    return [...ids]
  }

  const before = <T>(
    deadline: number, sid: string, call: (deadlineThere: number) => Promise<T | typeof LATE>
  ): Promise<T> => beforeDeadline(clocks[bucketOf(sid)] as ServerClock, deadline, call)

  const revoke = async (sid: string, now: number, deadline = Infinity): Promise<boolean> =>
    (await before(deadline, sid, deadlineThere =>
      run(REVOKE, keysOf(sid), sid, now, deadlineThere)
    )) === 'revoked'

  return {
    shared: true,
    async close () { await Promise.all([commands.close(), counterCommands.close()]) },
    check: () => checkRedis(commands, BUCKETS.map(bucket => inBucket(bucket, 'check'))),
    counters: redisCounters(counterCommands, `${prefix}limit:`),
    create: session => insert(session, false),
    adopt: session => insert(session, true),
    find,

    rotate: rotation => before(rotation.deadline, rotation.sid, async deadlineThere => {
      const { sid, presented, next, now, reuseInterval, client, sameAddress } = rotation
      const [done, row] = (await run(
        ROTATE,
        keysOf(sid),
        sid,
        presented,
        next.jti,
        next.issuedAt,
        next.expiresAt,
        now,
        reuseInterval,
        deadlineThere,
        sameAddress ? 1 : 0,
        rotation.accessLifetime,
        orUnknown(client.userAgent),
        orUnknown(client.address)
      )) as [string, Row]
      if (done === LATE) return LATE
      const session = sessionOf(row)
      const outcome = done === 'nothing' ? decideRotation(session, rotation) : done
      return { outcome, session } as RotationResult
    }),

    revoke,

    async revokeUser (userId, now, except, deadline) {
      const ending = (await idsOf(userId)).filter(sid => sid !== except)
      const ended = await inBatches(ending, sid => revoke(sid, now, deadline))
      return ending.filter((_sid, index) => ended[index])
    },

    async list (userId, now) {
      const sessions = await inBatches(await idsOf(userId), find)
      return sessions
        .filter(session => session !== null && isLive(session, now))
        .sort((a, b) => (a as Session).createdAt - (b as Session).createdAt) as Session[]
    },

    async revokedSince (time) {
      const found = await Promise.all(BUCKETS.map(bucket => {
        const sets = { revoked: inBucket(bucket, 'revoked'), over: inBucket(bucket, 'over') }
        return revokedSince(command, sets, time)
      }))
      return found.flat()
    },

    async sweep (time) {
      let total = 0
      for (const bucket of BUCKETS) {
        // A machine whose clock is ahead must not delete sessions that others still need.
        const before = Math.floor(await (clocks[bucket] as ServerClock).timeThere(time))
        for (let found = BATCH_SIZE; found === BATCH_SIZE;) {
          const sids = (await command(
            'zrangebyscore', inBucket(bucket, 'over'), '-inf', `(${before}`, 'limit', 0, BATCH_SIZE
          )) as string[]
          const users = await inBatches(
            sids, sid => run(REMOVE, keysOf(sid), sid, before) as Promise<string | null>
          )
          await inBatches(sids, async (sid, index) => {
            if (users[index] !== null) await command('zrem', userKey(users[index] as string), sid)
          })
          total += users.filter(user => user !== null).length
          found = sids.length
        }
      }
      return total
    }
  }
}

/** Redis has no null: the sign tells an empty text from an unknown one. */
const orUnknown = (text: string | null): string => text === null ? '' : `=${text}`

function bucketOf (sid: string): number {
  let hash = 0
  for (let index = 0; index < sid.length; index++) hash = (hash * 31 + sid.charCodeAt(index)) | 0
  return hash & (BUCKETS.length - 1)
}
