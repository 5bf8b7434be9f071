import { createHash } from 'node:crypto'

/** A Lua script, which the server runs as one atomic step and knows by the SHA-1 of its text. */
export interface RedisScript { lua: string, sha: string }

const script = (lua: string): RedisScript => ({ lua, sha: createHash('sha1').update(lua).digest('hex') })

/** The keys of a session are in one slot: its hash, and its bucket's sets of sessions by their end and by their revocation. */
const HEAD = `
local session, over, revoked = KEYS[1], KEYS[2], KEYS[3]
local function number (field) return tonumber(redis.call('HGET', session, field) or nil) end
-- Nothing stays for ever: what a set holds is of no use once the last of its sessions is gone.
local function keep (key, milliseconds)
  redis.call('PEXPIRE', key, milliseconds, 'NX')
  redis.call('PEXPIRE', key, milliseconds, 'GT')
end
local function sort_in (sid, at)
  local adopted = number('adoptedUntil')
  if adopted and adopted > tonumber(at) then at = redis.call('HGET', session, 'adoptedUntil') end
  redis.call('ZADD', over, at, sid)
  keep(over, redis.call('PTTL', session))
end
local function revoke (sid, at)
  redis.call('HSET', session, 'revokedAt', at)
  redis.call('ZADD', revoked, at, sid)
  keep(revoked, redis.call('PTTL', session))
  local expires = redis.call('HGET', session, 'expiresAt')
  sort_in(sid, tonumber(expires) < tonumber(at) and expires or at)
end
`

/** sid, milliseconds to live, expiresAt, '1' to leave a session that exists as it is, then fields and values. */
export const CREATE = script(`${HEAD}
if ARGV[4] == '1' and redis.call('EXISTS', session) == 1 then return 0 end
redis.call('HSET', session, unpack(ARGV, 5))
redis.call('PEXPIRE', session, ARGV[2])
sort_in(ARGV[1], ARGV[3])
return 1`)

/**
 * sid, presented, next jti, its issuedAt and expiresAt, now, reuseInterval, deadline by this server's clock. Returns what was
 * done ('rotated', 'reused', 'late' or 'nothing') and the fields of the session.
 */
export const ROTATE = script(`${HEAD}
local sid, presented, next_jti, issued, expires, now, reuse_interval, deadline = unpack(ARGV)
local jti, previous, rotated, expires_at, ends_at, revoked_at =
  unpack(redis.call('HMGET', session, 'jti', 'previousJti', 'rotatedAt', 'expiresAt', 'endsAt', 'revokedAt'))
local at = tonumber(now)
local done = 'nothing'
local live = jti and not revoked_at and at < tonumber(expires_at) and at < tonumber(ends_at)
local replay = previous == presented and at - tonumber(rotated) < tonumber(reuse_interval)
if live and jti ~= next_jti and not replay then
  local time = redis.call('TIME')
  if time[1] * 1000 + time[2] / 1000 > tonumber(deadline) then
    done = 'late'
  elseif jti == presented then
    done = 'rotated'
    if tonumber(expires) > tonumber(ends_at) then expires = ends_at end
    redis.call('HSET', session, 'previousJti', jti, 'rotatedAt', now, 'jti', next_jti, 'issuedAt', issued, 'expiresAt', expires)
    sort_in(sid, expires)
  else
    done = 'reused'
    revoke(sid, now)
  end
end
return {done, redis.call('HGETALL', session)}`)

/** sid, now. Returns 1 if it ended the session. */
export const REVOKE = script(`${HEAD}
if redis.call('EXISTS', session) == 0 or redis.call('HEXISTS', session, 'revokedAt') == 1 then return 0 end
revoke(ARGV[1], ARGV[2])
return 1`)

/** sid, before. Deletes a session that was over before, and returns its user's id, or nothing. */
export const REMOVE = script(`${HEAD}
local at = redis.call('ZSCORE', over, ARGV[1])
if not at or tonumber(at) >= tonumber(ARGV[2]) then return false end
local user = redis.call('HGET', session, 'userId')
redis.call('DEL', session)
redis.call('ZREM', over, ARGV[1])
redis.call('ZREM', revoked, ARGV[1])
return user`)

/** The index of a user's sessions. sid, now, when the session is gone for sure, milliseconds until then. */
export const INDEX = script(`
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2])
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[4], 'NX')
redis.call('PEXPIRE', KEYS[1], ARGV[4], 'GT')
return 1`)

/** Milliseconds by the clock of the server that has the key. */
export const CLOCK = script(`
local time = redis.call('TIME')
return time[1] * 1000 + math.floor(time[2] / 1000)`)
