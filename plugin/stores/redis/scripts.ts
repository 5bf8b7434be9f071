import { createHash } from 'node:crypto'
import { UNKNOWN_ACCESS_LIFETIME_MS } from '../session.ts'
import { FIELDS, POSITION } from './row.ts'

/** A Lua script. The server runs it as one atomic step, and caches it by the SHA-1 of its text. */
export interface RedisScript { lua: string, sha: string }

export const script = (lua: string): RedisScript => ({
  lua,
  sha: createHash('sha1').update(lua).digest('hex')
})

/** A field of the row that READ returns, as Lua text. */
const at = Object.fromEntries(
  FIELDS.map(field => [field, `row[${POSITION[field]}]`])
) as Record<typeof FIELDS[number], string>

const NAMES = FIELDS.map(field => `'${field}'`).join(', ')

/** Reads the row of the session. An older version has written no `accessLifetime`. */
const READ = `
local function read ()
  local row = redis.call('HMGET', session, ${NAMES})
  ${at.accessLifetime} = ${at.accessLifetime} or '${UNKNOWN_ACCESS_LIFETIME_MS}'
  return row
end`

// The keys of a session share one slot: its hash, and two sorted sets of its bucket. `over` holds
// sessions by `overAt`, `revoked` by the time of revocation.
const KEYS = 'local session, over, revoked = KEYS[1], KEYS[2], KEYS[3]'

/** Computes `overAt` of a row. */
const OVER_AT = `
local function over_at (row)
  local dead = tonumber(${at.expiresAt})
  if ${at.revokedAt} then dead = math.min(dead, tonumber(${at.revokedAt})) end
  dead = math.min(dead + tonumber(${at.accessLifetime}), tonumber(${at.endsAt}))
  if ${at.adoptedUntil} then dead = math.max(dead, tonumber(${at.adoptedUntil})) end
  return string.format('%d', dead)
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
local function revoke (row, sid, at)
  ${at.revokedAt} = at
  redis.call('HSET', session, 'revokedAt', at)
  redis.call('ZADD', revoked, at, sid)
  keep(revoked, redis.call('PTTL', session))
  redis.call('ZADD', over, over_at(row), sid)
end`

/**
 * Arguments: sid, milliseconds to live, `overAt`, '1' to keep an existing session unchanged, then
 * fields and values.
 */
export const CREATE = script(`${KEYS}${KEEP}
local sid, to_live, over_at, only_if_absent = unpack(ARGV)
if only_if_absent == '1' and redis.call('EXISTS', session) == 1 then return 0 end
redis.call('HSET', session, unpack(ARGV, 5))
redis.call('PEXPIRE', session, to_live)
redis.call('ZADD', over, over_at, sid)
keep(over, to_live)
return 1`)

/**
 * Arguments: sid, presented, next jti, its issuedAt and expiresAt, now, reuseInterval, deadline by
 * this server's clock, '1' for `sameAddress`, accessLifetime, then the user agent and the address
 * of the client, each after '=', or '' for an unknown one. Returns 'rotated', 'reused', 'late' or
 * 'nothing', and the values of FIELDS.
 */
export const ROTATE = script(`${KEYS}${READ}${KEEP}${TOO_LATE}${OVER_AT}${REVOKE_SESSION}
local sid, presented, next_jti, issued, expires, now, reuse_interval, deadline = unpack(ARGV)
local same_address, access_lifetime, agent, address = unpack(ARGV, 9)
agent = agent ~= '' and agent:sub(2)
address = address ~= '' and address:sub(2)
local function differs (known, given) return known and given and known ~= given end

local row = read()
local jti, ends = ${at.jti}, ${at.endsAt}
local at = tonumber(now)
local live = jti and not ${at.revokedAt} and at < tonumber(${at.expiresAt}) and at < tonumber(ends)
local replay = ${at.previousJti} == presented
  and math.abs(at - tonumber(${at.rotatedAt})) < tonumber(reuse_interval)
  and not differs(${at.rotatedUserAgent}, agent)
  and not (same_address == '1' and differs(${at.rotatedAddress}, address))
if not live or jti == next_jti or replay then return {'nothing', row} end

if too_late(deadline) then return {'late', row} end
if jti ~= presented then
  revoke(row, sid, now)
  return {'reused', row}
end
if tonumber(expires) > tonumber(ends) then expires = ends end
local function set (field, value)
  if value then redis.call('HSET', session, field, value)
  else redis.call('HDEL', session, field) end
end
set('rotatedUserAgent', agent)
set('rotatedAddress', address)
redis.call('HSET', session, 'jti', next_jti, 'previousJti', jti, 'issuedAt', issued)
redis.call('HSET', session, 'rotatedAt', now, 'expiresAt', expires)
if tonumber(access_lifetime) > tonumber(${at.accessLifetime}) then
  redis.call('HSET', session, 'accessLifetime', access_lifetime)
end
row = read()
redis.call('ZADD', over, over_at(row), sid)
return {'rotated', row}`)

/** Arguments: sid, now, deadline by this server's clock. Returns 'revoked', 'late' or 'nothing'. */
export const REVOKE = script(`${KEYS}${READ}${KEEP}${TOO_LATE}${OVER_AT}${REVOKE_SESSION}
local row = read()
if not ${at.sid} or ${at.revokedAt} then return 'nothing' end
if too_late(ARGV[3]) then return 'late' end
revoke(row, ARGV[1], ARGV[2])
return 'revoked'`)

/**
 * Arguments: sid, before. Deletes the session if it is not needed since before `before`. Returns
 * the id of its user, or nothing. Corrects a score that an older version has written.
 */
export const REMOVE = script(`${KEYS}${READ}${OVER_AT}
local at = redis.call('ZSCORE', over, ARGV[1])
if not at or tonumber(at) >= tonumber(ARGV[2]) then return false end
local row = read()
local user = ${at.userId}
if user and tonumber(over_at(row)) >= tonumber(ARGV[2]) then
  redis.call('ZADD', over, over_at(row), ARGV[1])
  return false
end
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
