import { createHash } from 'node:crypto'
import { FIELDS, POSITION } from './row.ts'

/** A Lua script. The server runs it as one atomic step, and caches it by the SHA-1 of its text. */
export interface RedisScript { lua: string, sha: string }

const script = (lua: string): RedisScript => ({
  lua,
  sha: createHash('sha1').update(lua).digest('hex')
})

/** A field of the row that READ returns, as Lua text. */
const at = Object.fromEntries(
  FIELDS.map(field => [field, `row[${POSITION[field]}]`])
) as Record<typeof FIELDS[number], string>

const READ = `redis.call('HMGET', session, ${FIELDS.map(field => `'${field}'`).join(', ')})`

// The keys of a session share one slot: its hash, and two sorted sets of its bucket. `over` holds
// sessions by the time from which they are not needed, `revoked` by the time of revocation.
const KEYS = 'local session, over, revoked = KEYS[1], KEYS[2], KEYS[3]'

const LATER = `
local function later (one, other)
  if other and tonumber(other) > tonumber(one) then return other end
  return one
end`

// A set expires with the last of its sessions, so no key stays forever.
const KEEP = `
local function keep (key, milliseconds)
  redis.call('PEXPIRE', key, milliseconds, 'NX')
  redis.call('PEXPIRE', key, milliseconds, 'GT')
end`

const TOO_LATE = `
local function too_late (deadline)
  local time = redis.call('TIME')
  return time[1] * 1000 + time[2] / 1000 > tonumber(deadline)
end`

const REVOKE_SESSION = `
local function revoke (sid, at, expires, adopted)
  redis.call('HSET', session, 'revokedAt', at)
  redis.call('ZADD', revoked, at, sid)
  keep(revoked, redis.call('PTTL', session))
  if tonumber(expires) < tonumber(at) then at = expires end
  redis.call('ZADD', over, later(at, adopted), sid)
end`

/**
 * Arguments: sid, milliseconds to live, expiresAt, adoptedUntil or '', '1' to keep an existing
 * session unchanged, then fields and values.
 */
export const CREATE = script(`${KEYS}${LATER}${KEEP}
local sid, to_live, expires, adopted, only_if_absent = unpack(ARGV)
if only_if_absent == '1' and redis.call('EXISTS', session) == 1 then return 0 end
redis.call('HSET', session, unpack(ARGV, 6))
redis.call('PEXPIRE', session, to_live)
redis.call('ZADD', over, later(expires, adopted ~= '' and adopted), sid)
keep(over, to_live)
return 1`)

/**
 * Arguments: sid, presented, next jti, its issuedAt and expiresAt, now, reuseInterval, deadline by
 * this server's clock. Returns 'rotated', 'reused', 'late' or 'nothing', and the values of FIELDS.
 */
export const ROTATE = script(`${KEYS}${LATER}${KEEP}${TOO_LATE}${REVOKE_SESSION}
local sid, presented, next_jti, issued, expires, now, reuse_interval, deadline = unpack(ARGV)
local row = ${READ}
local jti, previous, rotated, ends, adopted = ${at.jti}, ${at.previousJti}, ${at.rotatedAt}, ${at.endsAt}, ${at.adoptedUntil}
local at = tonumber(now)
local live = jti and not ${at.revokedAt} and at < tonumber(${at.expiresAt}) and at < tonumber(ends)
local replay = previous == presented and at - tonumber(rotated) < tonumber(reuse_interval)
if not live or jti == next_jti or replay then return {'nothing', row} end

if too_late(deadline) then return {'late', row} end
if jti ~= presented then
  revoke(sid, now, ${at.expiresAt}, adopted)
  ${at.revokedAt} = now
  return {'reused', row}
end
if tonumber(expires) > tonumber(ends) then expires = ends end
redis.call('HSET', session, 'jti', next_jti, 'previousJti', jti, 'issuedAt', issued, 'rotatedAt', now, 'expiresAt', expires)
redis.call('ZADD', over, later(expires, adopted), sid)
${at.jti}, ${at.previousJti}, ${at.issuedAt}, ${at.rotatedAt}, ${at.expiresAt} = next_jti, jti, issued, now, expires
return {'rotated', row}`)

/** Arguments: sid, now, deadline by this server's clock. Returns 'revoked', 'late' or 'nothing'. */
export const REVOKE = script(`${KEYS}${LATER}${KEEP}${TOO_LATE}${REVOKE_SESSION}
local row = ${READ}
if not ${at.sid} or ${at.revokedAt} then return 'nothing' end
if too_late(ARGV[3]) then return 'late' end
revoke(ARGV[1], ARGV[2], ${at.expiresAt}, ${at.adoptedUntil})
return 'revoked'`)

/**
 * Arguments: sid, before. Deletes the session if it is not needed since before `before`. Returns
 * the id of its user, or nothing.
 */
export const REMOVE = script(`${KEYS}
local at = redis.call('ZSCORE', over, ARGV[1])
if not at or tonumber(at) >= tonumber(ARGV[2]) then return false end
local user = redis.call('HGET', session, 'userId')
redis.call('DEL', session)
redis.call('ZREM', over, ARGV[1])
redis.call('ZREM', revoked, ARGV[1])
return user`)

/**
 * Adds a session to the index of its user. Arguments: sid, milliseconds to live. Removes sessions
 * that are gone by this server's clock.
 */
export const INDEX = script(`${KEEP}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
keep(KEYS[1], ARGV[2])
return 1`)

/** Returns the time of the server that holds the key, in milliseconds. */
export const CLOCK = script(`
local time = redis.call('TIME')
return time[1] * 1000 + math.floor(time[2] / 1000)`)
