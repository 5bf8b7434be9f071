import { type RedisClient, redisCommands } from './redis-client.ts'
import { CLOCK, CREATE, FIELDS, INDEX, REMOVE, REVOKE, ROTATE } from './redis-scripts.ts'
import { serverClock } from './server-clock.ts'
import { type Session, isLive } from './session.ts'
import { outcomeWithoutChange, type Rotation, type RotationResult, type SessionStore } from './store.ts'

/** Options of the store. */
export interface RedisStoreOptions {
  /** What the names of the keys begin with. Default `'simplejwt:'`. */
  prefix?: string
}

/** Sessions are spread over as many hash tags, each with its own sets, so that a Cluster spreads them too. */
const BUCKETS = Array.from({ length: 16 }, (_, bucket) => bucket)
/** Commands that are sent without waiting for the first to be answered. */
const MOST = 500
/** No token is good for longer after the end of its session: the most that the option `leeway` may be, in milliseconds. */
const HOUR = 3_600_000

/**
 * A store in Redis 7, Valkey or a Cluster of either, for any number of machines. A session is one key, and the server deletes
 * it when it can be of no more use. What a restart of the server loses is the server's `appendonly` and `appendfsync`.
 * @param client a client of ioredis
 */
export function redisStore (client: RedisClient, { prefix = 'simplejwt:' }: RedisStoreOptions = {}): SessionStore {
  const { command, run } = redisCommands(client)
  const inBucket = (bucket: number, name: string): string => `${prefix}{${bucket}}:${name}`
  const userKey = (userId: string): string => `${prefix}user:${userId}`
  const sessionKey = (sid: string): string => inBucket(bucketOf(sid), `session:${sid}`)
  const keysOf = (sid: string): string[] => [sessionKey(sid), inBucket(bucketOf(sid), 'over'), inBucket(bucketOf(sid), 'revoked')]

  // In a Cluster each bucket may be on another machine, with a clock of its own.
  const clocks = BUCKETS.map(bucket => serverClock(async () => Number(await run(CLOCK, [inBucket(bucket, 'over')]))))

  /** Into the user's index first: an entry without a session does no harm, a session without an entry could not be ended. */
  async function insert (session: Session, onlyIfAbsent: boolean): Promise<void> {
    const { sid, userId, createdAt, endsAt, adoptedUntil } = session
    const goneAt = Math.max(endsAt, adoptedUntil ?? 0) + HOUR
    await run(INDEX, [userKey(userId)], sid, createdAt, goneAt, goneAt - createdAt)
    const fields = Object.entries(session).filter(([, value]) => value !== null).flat() as (string | number)[]
    await run(CREATE, keysOf(sid), sid, goneAt - createdAt, Math.min(session.expiresAt, endsAt), adoptedUntil ?? '', onlyIfAbsent ? 1 : 0, ...fields)
  }

  const find = async (sid: string): Promise<Session | null> => sessionOf(await command('hmget', sessionKey(sid), ...FIELDS) as Row)
  const idsOf = async (userId: string): Promise<string[]> => await command('zrange', userKey(userId), 0, -1) as string[]

  /** Undefined if the server found the call too late. */
  async function exchange (rotation: Rotation): Promise<RotationResult | undefined> {
    const { sid, presented, next, now, reuseInterval, deadline } = rotation
    const latest = await (clocks[bucketOf(sid)] as (typeof clocks)[number]).timeThere(deadline)
    if (Date.now() > deadline) return undefined
    const [done, row] = await run(ROTATE, keysOf(sid), sid, presented, next.jti, next.issuedAt, next.expiresAt, now, reuseInterval, latest) as [string, Row]
    const session = sessionOf(row)
    const outcome = done === 'rotated' || done === 'reused' ? done : outcomeWithoutChange(session, rotation)
    return outcome && { outcome, session }
  }

  return {
    shared: true,
    counters: { redis: client, prefix: `${prefix}limit:` },
    create: session => insert(session, false),
    adopt: session => insert(session, true),
    find,

    async rotate (rotation) {
      while (Date.now() <= rotation.deadline) {
        const result = await exchange(rotation)
        if (result !== undefined) return result
        clocks[bucketOf(rotation.sid)]?.measureAgain()
      }
      throw new Error('The deadline of this rotation has passed.')
    },

    revoke: async (sid, now) => await run(REVOKE, keysOf(sid), sid, now) === 1,

    async revokeUser (userId, now, except) {
      const ending = (await idsOf(userId)).filter(sid => sid !== except)
      const ended = await inSlices(ending, async sid => await run(REVOKE, keysOf(sid), sid, now) === 1)
      return ending.filter((_sid, index) => ended[index])
    },

    async list (userId, now) {
      const sessions = await inSlices(await idsOf(userId), find)
      return sessions.filter(session => session !== null && isLive(session, now)).sort((a, b) => (a as Session).createdAt - (b as Session).createdAt) as Session[]
    },

    async revokedSince (time) {
      const found = await Promise.all(BUCKETS.map(bucket => command('zrangebyscore', inBucket(bucket, 'revoked'), time, '+inf', 'withscores') as Promise<string[]>))
      return found.flatMap(pairs).map(([sid, revokedAt]) => ({ sid, revokedAt: Number(revokedAt) }))
    },

    async sweep (before) {
      let total = 0
      for (const bucket of BUCKETS) {
        for (let found = MOST; found === MOST;) {
          const sids = await command('zrangebyscore', inBucket(bucket, 'over'), '-inf', `(${before}`, 'limit', 0, MOST) as string[]
          const users = await inSlices(sids, sid => run(REMOVE, keysOf(sid), sid, before) as Promise<string | null>)
          await inSlices(sids, async (sid, index) => { if (users[index] !== null) await command('zrem', userKey(users[index] as string), sid) })
          total += users.filter(user => user !== null).length
          found = sids.length
        }
      }
      return total
    }
  }
}

function bucketOf (sid: string): number {
  let hash = 0
  for (let index = 0; index < sid.length; index++) hash = (hash * 31 + sid.charCodeAt(index)) | 0
  return hash & (BUCKETS.length - 1)
}

async function inSlices<Item, Result> (items: Item[], work: (item: Item, index: number) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  for (let start = 0; start < items.length; start += MOST) {
    results.push(...await Promise.all(items.slice(start, start + MOST).map((item, index) => work(item, start + index))))
  }
  return results
}

const pairs = (flat: string[]): [string, string][] => flat.flatMap((name, index) => index % 2 === 0 ? [[name, flat[index + 1] as string]] : [])

/** The values of FIELDS, in their order. */
type Row = [
  sid: string | null, userId: string, jti: string, previousJti: string | null, issuedAt: string, rotatedAt: string | null, expiresAt: string,
  createdAt: string, endsAt: string, revokedAt: string | null, adoptedUntil: string | null, userAgent: string | null, address: string | null
]

function sessionOf ([sid, userId, jti, previousJti, issuedAt, rotatedAt, expiresAt, createdAt, endsAt, revokedAt, adoptedUntil, userAgent, address]: Row): Session | null {
  if (sid === null) return null
  return {
    sid,
    userId,
    jti,
    previousJti,
    issuedAt: Number(issuedAt),
    rotatedAt: orNull(rotatedAt),
    expiresAt: Number(expiresAt),
    createdAt: Number(createdAt),
    endsAt: Number(endsAt),
    revokedAt: orNull(revokedAt),
    adoptedUntil: orNull(adoptedUntil),
    userAgent,
    address
  }
}

const orNull = (time: string | null): number | null => time === null ? null : Number(time)
