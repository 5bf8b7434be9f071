import type { Revocation } from '../store.ts'
import { pairs } from './batches.ts'
import type { RedisCommands } from './client.ts'

/** Members of one ZMSCORE. */
const SCORES_AT_ONCE = 1000

/** The sets of a bucket: its sessions by the time of revocation, and by `overAt`. */
interface Sets { revoked: string, over: string }

/**
 * Returns the sessions of a bucket that were revoked at `time` or later. Their access tokens expire
 * at `overAt`, those of an adopted session earlier.
 */
export async function revokedSince (
  command: RedisCommands['command'], { revoked, over }: Sets, time: number
): Promise<Revocation[]> {
  const flat = await command('zrangebyscore', revoked, time, '+inf', 'withscores') as string[]
  const found = pairs(flat.flat())
  const scores: (string | null)[] = []
  for (let start = 0; start < found.length; start += SCORES_AT_ONCE) {
    const sids = found.slice(start, start + SCORES_AT_ONCE).map(([sid]) => sid)
    scores.push(...await command('zmscore', over, ...sids) as typeof scores)
  }
  return found.map(([sid, revokedAt], index) =>
    ({ sid, revokedAt: Number(revokedAt), accessExpiresAt: Number(scores[index] ?? revokedAt) }))
}
