import { pairs } from './batches.ts'
import type { RedisCommands } from './client.ts'
import { script } from './scripts.ts'

/**
 * Runs each command of the other scripts, and leaves no trace. The server checks the rights for a
 * command before its arguments. HSET has no form without effect, so it comes last.
 */
export const TRY = script(`
local key = KEYS[1]
redis.call('TIME')
for _, read in ipairs({'EXISTS', 'PTTL'}) do redis.call(read, key) end
redis.call('HDEL', key, 'sid')
redis.call('HMGET', key, 'sid')
redis.call('ZSCORE', key, 'sid')
redis.call('DEL', key)
redis.call('PEXPIRE', key, 1000, 'NX')
redis.call('ZREM', key, 'sid')
redis.call('ZREMRANGEBYSCORE', key, 0, 0)
redis.call('ZADD', key, 'XX', 0, 'sid')
redis.call('HSET', key, 'sid', '')
redis.call('DEL', key)
return 1`)

const NO_LOG = 'A crash of Redis can undo logouts, since "appendonly" is off. Set "appendonly yes".'
const EVICTS = 'Redis can evict sessions and logouts when its memory is full. ' +
  'Set "maxmemory-policy noeviction".'

type Settings = Record<string, string>

/**
 * Tries to write to each of the keys, which are on all servers. Returns warnings about settings.
 * @throws Error if the client may not run a command of the scripts, or a server is read-only
 */
export async function checkRedis (
  { run, onEachMaster }: Pick<RedisCommands, 'run' | 'onEachMaster'>, keys: string[]
): Promise<string[]> {
  await Promise.all(keys.map(key => run(TRY, [key])))
  // An ACL or a managed Redis may refuse CONFIG. Its settings are then unknown.
  const replies = await onEachMaster('config', 'get', 'appendonly', 'maxmemory', 'maxmemory-policy')
    .catch(() => [])
  const servers = replies.map(settingsOf)
  return [
    ...servers.some(({ appendonly }) => appendonly === 'no') ? [NO_LOG] : [],
    ...servers.some(evicts) ? [EVICTS] : []
  ]
}

/** The reply is a list, or with ioredis' `replyMapping: 'resp3'` an object. */
const settingsOf = (reply: unknown): Settings =>
  Array.isArray(reply) ? Object.fromEntries(pairs(reply)) : reply as Settings

const evicts = ({ maxmemory, 'maxmemory-policy': policy }: Settings): boolean =>
  maxmemory !== '0' && policy !== 'noeviction'
