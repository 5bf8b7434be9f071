import type { Counters } from '../store.ts'
import type { RedisCommands } from './client.ts'
import { script } from './scripts.ts'

/** Longest legitimate window of back-off. A window that ends later was opened by a wrong clock. */
const MAX_WINDOW_MS = 3_600_000

/**
 * Arguments: requests, window length, now. A counter is a text: its count and the end of its
 * window. The server deletes it when the window is over. Returns the count and the milliseconds
 * left.
 */
export const COUNT = script(`
local add, length, now = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local count, ends = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+) (%d+)$')
count, ends = tonumber(count or 0), tonumber(ends or 0)
local open = ends > now
if add > 0 and (not open or ends > now + length + ${MAX_WINDOW_MS}) then
  redis.call('SET', KEYS[1], string.format('%.0f %.0f', add, now + length), 'PX', length)
  return {add, length}
end
if not open then return {0, 0} end
if add > 0 or (add < 0 and ends <= now + length) then
  count = math.max(0, count + add)
  redis.call('SET', KEYS[1], string.format('%.0f %.0f', count, ends), 'KEEPTTL')
end
return {count, ends - now}`)

/** Counters in Redis: one key and one script for each, so that a Cluster spreads them. */
export function redisCounters ({ run }: RedisCommands, prefix: string): Counters {
  return {
    async increment (requests, length, now) {
      const counted = await Promise.all([...requests].map(async ([key, count]) => {
        // Some clients reply with numbers as text.
        const reply = await run(COUNT, [prefix + key], count, length, now) as unknown[]
        return [key, { current: Number(reply[0]), ttl: Number(reply[1]) }] as const
      }))
      return new Map(counted)
    }
  }
}
