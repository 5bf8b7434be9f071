/* eslint no-template-curly-in-string: off -- the texts are pieces of source. */
import { clientMutations } from './client.ts'
import { groupCommitMutations } from './group-commit.ts'
import { oauthMutations } from './oauth/index.ts'
import { pathMutations } from './paths.ts'
import { postgresBatchMutations } from './postgres-batches.ts'
import { recipeMutations } from './recipes.ts'
import { scaleMutations } from './scale.ts'
import { verificationMutations } from './verification.ts'

/** A check of the package, how it is broken, and the tests that are to find out. */
export interface Mutation {
  /** What is promised, and is not kept any more. */
  check: string
  file: string
  /** Texts that are in the file once, and what stands in their place. */
  edits: [find: string, replace: string][]
  tests: string[]
}

/** The source without whitespace, and the position in the source of each character kept. */
function squeezed (source: string): { text: string, positions: number[] } {
  const positions = [...source.matchAll(/\S/g)].map(({ index }) => index)
  return { text: positions.map(position => source[position]).join(''), positions }
}

/** Replaces a text of the source. Spaces and line breaks may differ between the two. */
function replaceOnce (source: string, find: string, replace: string, file: string): string {
  const { text, positions } = squeezed(source)
  const wanted = squeezed(find).text
  const parts = text.split(wanted)
  if (wanted === '' || parts.length !== 2) {
    throw new Error(`${file} must have the text once; it has it ${parts.length - 1} times: ${find}`)
  }
  const first = (parts[0] as string).length
  const start = positions[first] as number
  const end = positions[first + wanted.length - 1] as number + 1
  return source.slice(0, start) + replace + source.slice(end)
}

/** Returns the source without the check. @throws Error if a text is not in it exactly once */
export function broken ({ file, edits }: Mutation, source: string): string {
  return edits.reduce((text, [find, replace]) => replaceOnce(text, find, replace, file), source)
}

const of = (
  file: string, ...mutations: [check: string, find: string, replace: string, ...tests: string[]][]
): Mutation[] =>
  mutations.map(([check, find, replace, ...tests]) => ({
    check,
    file: `plugin/${file}`,
    edits: [[find, replace]],
    tests: tests.map(test => `test/${test}`)
  }))

/** Each check in turn. */
export const mutations: Mutation[] = [
  ...clientMutations,
  ...groupCommitMutations,
  ...oauthMutations,
  ...pathMutations,
  ...postgresBatchMutations,
  ...recipeMutations,
  ...scaleMutations,
  ...verificationMutations,
  ...of('keys/key-ring.ts',
    [
      'a kid selects its key and no other', 'index.byKid.get(kid)',
      '[...index.byAlgorithm.values()].flat()', 'keys/key-ring.ts'
    ]),
  ...of('registration.ts',
    [
      'a token of a dropped key is refused, cached or not', '    cache.clear()\n', '',
      'registration.ts'
    ]),
  ...of('tokens/jws.ts',
    ['8 KB at most', 'token.length > MAX_TOKEN_LENGTH || ', '', 'tokens/jws.ts'],
    ['no character but those of base64url', ' || !CHARACTERS.test(token)', '', 'tokens/jws.ts'],
    ['three parts', " || token.includes('.', second + 1)", '', 'tokens/jws.ts'],
    [
      'no unused bits', 'return (last & (length === 2 ? 0b1111 : 0b11)) === 0', 'return last >= 0',
      'tokens/jws.ts'
    ],
    [
      'UTF-8 in header and payload', '  if (!isUtf8(bytes)) return undefined\n', '',
      'tokens/jws.ts'
    ],
    ['no crit', "Object.hasOwn(header, 'crit') || ", '', 'tokens/jws.ts'],
    ['no b64', " || Object.hasOwn(header, 'b64')", '', 'tokens/jws.ts'],
    [
      'typ is JWT, at+jwt or absent', "typ !== undefined && typ !== 'JWT' && typ !== 'at+jwt'",
      'false', 'tokens/jws.ts'
    ]),
  ...of('tokens/duplicate-members.ts',
    ['no name twice', 'if (names.has(name)) return true', '', 'tokens/duplicate-members.ts']),
  ...of('tokens/claims.ts',
    [
      'dead at the second of exp', "if (exp <= now - leeway) return 'Token is expired'", '',
      'tokens/claims.ts'
    ],
    ['not before nbf', ' || nbf > now + leeway', '', 'tokens/claims.ts'],
    [
      'iat is not in the future',
      ' && iat > latest + leeway + CLOCK_SKEW_SECONDS', ' && false', 'tokens/claims.ts'
    ],
    [
      'exp comes after iat', "if (iat !== undefined && exp <= iat) return 'Token is invalid'", '',
      'tokens/claims.ts'
    ],
    [
      'no life over 366 days',
      "if (exp - (iat ?? now) > MAX_LIFETIME_SECONDS) return 'Token is invalid'", '',
      'tokens/claims.ts'
    ],
    ['the issuer is ours', 'issuer !== undefined && iss !== issuer', 'false', 'tokens/claims.ts'],
    [
      'the audience is ours', 'audiences.some(each => isFor(each, audience))', 'true',
      'tokens/claims.ts'
    ],
    [
      'exp is required', 'if (exp === undefined) return "Token has no \'exp\' claim"', '',
      'tokens/claims.ts'
    ],
    ['jti is required', "if (jti === undefined) return 'Token has no id'", '', 'tokens/claims.ts'],
    ['kinds exclude each other', ': type !== expected)', ': false)', 'tokens/claims.ts'],
    ['claims are frozen', 'return Object.freeze(value)', 'return value', 'tokens/claims.ts'],
    [
      'the user id is read under the name of userIdClaim only', '[userIdClaim]: userId, sid',
      '[userIdClaim]: own, user_id: userId = own, sid', 'tokens/claims.ts'
    ],
    [
      'another claim does not replace the user id', 'claims.user_id === userId && isText(userId)',
      'isText(claims.user_id)', 'tokens/claims.ts'
    ],
    [
      'the claims of the host do not replace the user id', ' || name === userIdClaim', '',
      'tokens/claims.ts', 'tokens/jwt.ts'
    ]),
  ...of('option-checks.ts',
    [
      'a callback of the host that throws a text answers 500', 'return failed(thrown)',
      'throw thrown', 'option-checks.ts', 'integration/host-callbacks.ts'
    ],
    [
      'a callback of the host that rejects with a text answers 500', 'result.catch(failed)',
      'result', 'option-checks.ts', 'integration/host-callbacks.ts'
    ]),
  ...of('guard/bearer-token.ts',
    ['one Authorization header', 'if (seen) return true', '', 'guard/authenticate.ts'],
    ['no tab in it', " || header.includes('\\t')) throw", ') throw', 'guard/authenticate.ts']),
  ...of('guard/authenticate.ts',
    [
      'an ended session is refused',
      "if (revoked) throw unauthorized.refusedByGuard('Token is blacklisted')", '',
      'guard/authenticate.ts'
    ],
    [
      'an inactive user is refused',
      'if (!isActive(account)) throw parts.unauthorized.userInactive()', '', 'guard/authenticate.ts'
    ],
    [
      'an optional route refuses a bad token',
      'const claims = identify(request, parts)\n  return claims === undefined',
      `let claims
  try { claims = identify(request, parts) } catch {}
  return claims === undefined`, 'guard/exported-guards.ts'
    ],
    [
      'a cached token is found by itself, not by the header',
      'parts.cache.get(credentials, ',
      'parts.cache.get(request.headers.authorization ?? credentials, ',
      'guard/extracted-token.ts'
    ]),
  ...of('guard/guard-hook.ts',
    [
      'a guard whose callback throws null stays closed', 'return done(guardError(thrown))',
      'return done(thrown as Error)', 'integration/host-callbacks.ts'
    ],
    [
      'a guard that waits and whose callback throws null stays closed',
      '(thrown: unknown) => { done(guardError(thrown)) }', 'done', 'integration/host-callbacks.ts'
    ],
    [
      'a guard waits for its callback before the body is parsed',
      "typeof third === 'function' ? third as Done : fourth", 'third as Done',
      'guard/exported-guards.ts'
    ]),
  ...of('guard/extracted-token.ts',
    [
      'an empty token is no anonymous visitor',
      "if (typeof token === 'string' && token !== '') return token",
      "if (token === '') return undefined\n  if (typeof token === 'string') return token",
      'guard/extracted-token.ts'
    ],
    [
      'a promise is no token, and stops no process',
      'if (token instanceof Promise) token.catch(() => {})', '', 'guard/extracted-token.ts'
    ]),
  ...of('guard/exported-guards.ts',
    [
      'without a registration a request fails', 'return done(error as Error)', 'return done()',
      'guard/exported-guards.ts'
    ]),
  ...of('guard/registered-guards.ts',
    [
      'the registration without a namespace goes first',
      'current === undefined || !hasNamespace', 'true', 'guard/exported-guards.ts'
    ],
    [
      'two namespaces are ambiguous', "scope[GUARDS] = 'ambiguous'", '',
      'guard/exported-guards.ts'
    ],
    [
      'the innermost scope wins',
      'Object.hasOwn(scope, GUARDS) ? scope[GUARDS] : undefined', 'scope[GUARDS]',
      'guard/exported-guards.ts'
    ]),
  ...of('guard/check-at-ready.ts',
    [
      'a hook of a scope without the plugin stops the start',
      "if (isScope(scope)) scope.addHook('onReady', async () => { find(scope) })", '',
      'guard/exported-guards.ts', 'guard/check-at-ready.ts'
    ],
    [
      'the error of the start names the route',
      'throw new Error(`${(cause as Error).message} It guards ${route}.`, { cause })',
      'throw cause', 'guard/exported-guards.ts'
    ]),
  ...of('guard/guard-by-default.ts',
    [
      'a route from before the registration is guarded',
      'if (config?.[SETTLED] !== undefined || isPublic(config)) return done()\n' +
        '    authenticate(request, reply, done)', 'done()',
      'guard/guard-by-default.ts', 'guard/check-at-ready.ts'
    ],
    [
      'only true makes a route public', 'config?.public === true', 'Boolean(config?.public)',
      'guard/guard-by-default.ts'
    ],
    [
      'a preflight is answered before the guard',
      'route.onRequest = [guard, ...[route.onRequest ?? []].flat()]\n' +
        '    defaults.push({ route, guard, settled: settle(route, \'default\') })', '',
      'guard/guard-by-default.ts'
    ],
    [
      'a hook that replaces the default guard opens no route',
      'settled.isReplaced = ![route.onRequest].flat().includes(guard)', '',
      'guard/guard-by-default.ts'
    ],
    [
      'a wrapped guard is a guard', "if (settled !== undefined && settled !== 'default') " +
        'return settled', '', 'guard/guard-by-default.ts'
    ],
    [
      'a 404 stays a 404', 'request.is404 || ', '', 'guard/guard-by-default.ts'
    ],
    [
      'the token routes stay open', 'scope[OWN_ROUTES] = true', '', 'guard/guard-by-default.ts'
    ],
    [
      'two defaults stop the start', 'if (scope[GUARDED] === true) {', 'if (false) {',
      'guard/guard-by-default.ts'
    ]),
  ...of('guard/open-api.ts',
    [
      'a document without the scheme has no security', 'isDeclared ? security : undefined',
      'security', 'guard/guard-by-default.ts'
    ]),
  ...of('tokens/verification-cache.ts',
    [
      'a cached token is dead at exp', ' && now < entry.expiresAt', '',
      'tokens/verification-cache.ts'
    ],
    [
      'two tokens never share an entry', 'entry.credentials === credentials && ', '',
      'tokens/verification-cache.ts'
    ]),
  ...of('stores/memory.ts',
    [
      'a spent token is exchanged no more', 'if (row.jti !== presented) {', 'if (false) {',
      'stores/memory.ts'
    ],
    [
      'reuse ends the session', "      revokeNow(row, now)\n      return { outcome: 'reused'",
      "      return { outcome: 'reused'", 'stores/memory.ts'
    ],
    [
      'a late call changes nothing',
      '    checkDeadline(deadline)\n    const row = sessions.get(sid)\n',
      '    const row = sessions.get(sid)\n',
      'stores/memory.ts'
    ]),
  ...of('stores/rotation.ts',
    [
      'an ended session stays ended',
      'if (session === null || !isLive(session, now)) return ' + "'ended'",
      "if (session === null) return 'ended'",
      'stores/memory.ts'
    ]),
  ...of('stores/checked-driver.ts',
    [
      'a client of another package is refused',
      'if (missing !== undefined) return refuse', 'if (missing === "") return refuse',
      'stores/checked-driver.ts'
    ],
    [
      'a pg.Client is refused', 'return never !== undefined && has(never)', 'return false',
      'stores/checked-driver.ts'
    ]),
  ...of('index.ts',
    [
      'a store that can only be read stops the start',
      'const warnings = verifyOnly ? [] : await store.check?.()', 'const warnings = [""].slice(1)',
      'index.ts'
    ],
    [
      'an app that verifies needs no right to write',
      'verifyOnly ? [] : await store.check?.()', 'await store.check?.()', 'index.ts'
    ],
    [
      'a warning of the store is logged', 'for (const warning of warnings ?? []) log', 'if (0) log',
      'index.ts'
    ]),
  ...of('stores/redis/check.ts',
    [
      'the start tries to write to Redis', 'await Promise.all(keys.map(key => run(TRY, [key])))',
      '', 'services/redis/check.ts'
    ],
    [
      'a Redis without appendonly is a warning', "appendonly === 'no'", "appendonly === ''",
      'services/redis/check.ts'
    ],
    [
      'a Redis that refuses CONFIG starts', '.catch(() => [])', '', 'services/redis/check.ts'
    ]),
  ...of('stores/redis/client.ts',
    [
      'each master of a Cluster is checked', "client.nodes?.('master') ?? [client]",
      "(client.nodes?.('master') ?? [client]).slice(0, 1)", 'services/redis/check.ts'
    ]),
  ...of('stores/sql/postgres-check.ts',
    [
      'the start tries to delete in PostgreSQL', 'DELETE FROM ${table} WHERE false', 'SELECT 1',
      'services/postgres/check.ts'
    ],
    [
      'an UNLOGGED table of sessions is a warning', "kind === 'u'", "kind === ''",
      'services/postgres/check.ts'
    ]),
  ...of('stores/sql/sqlite-check.ts',
    [
      'the start tries to write to SQLite',
      "prepare('DELETE FROM simplejwt_sessions WHERE 0').run({})", '',
      'stores/sql/sqlite-check.ts'
    ],
    [
      'a SQLite that does not wait for the disk is a warning', '=== OFF', '=== -1',
      'stores/sql/sqlite-check.ts'
    ]),
  ...of('stores/redis/connection.ts',
    [
      'the stores of a client share its listeners', 'connections.set(client, known)', '',
      'services/redis/client.ts'
    ],
    [
      'a client is released by its last store', 'if (--known.users > 0) return', '',
      'services/redis/client.ts'
    ]),
  ...of('stores/sql/statements.ts',
    [
      'in SQL too reuse ends the session',
      'revoked_at = CASE WHEN jti = :presented THEN NULL ELSE CAST(:now AS bigint) END',
      'revoked_at = NULL', 'stores/sqlite.ts'
    ],
    [
      'in SQL too an ended session stays ended',
      'WHERE sid = :sid AND revoked_at IS NULL AND CAST(:now AS bigint) < expires_at',
      'WHERE sid = :sid AND CAST(:now AS bigint) < expires_at', 'stores/sqlite.ts'
    ],
    [
      'in SQL too a replay changes nothing',
      ' OR previous_jti <> :presented OR abs(CAST(:now AS bigint) - rotated_at) >= ' +
        'CAST(:reuseInterval AS bigint)',
      ' OR true',
      'stores/sqlite.ts'
    ],
    [
      'in SQL too a clock that was set back stretches no interval',
      'abs(CAST(:now AS bigint) - rotated_at) >=', 'CAST(:now AS bigint) - rotated_at >=',
      'stores/sqlite.ts'
    ],
    [
      'in SQL too a replay is for the user agent of the rotation',
      '    OR rotated_user_agent <> CAST(:userAgent AS text) OR', '    OR', 'stores/sqlite.ts'
    ],
    [
      'in SQL too sameAddress binds a replay to the address',
      'rotated_address <> CAST(:address AS text)', 'false', 'stores/sqlite.ts'
    ],
    [
      'in SQL too a row stays until its last access token has expired',
      'revoked_at + access_lifetime < :before', 'revoked_at < :before', 'stores/sqlite.ts'
    ],
    [
      'in SQL too no rotation lowers the access lifetime',
      ' AND access_lifetime < CAST(:accessLifetime AS bigint)', '', 'stores/sqlite.ts'
    ],
    [
      'a statement names its columns', 'find: `SELECT ${COLUMNS} FROM', 'find: `SELECT * FROM',
      'services/postgres/migrate.ts'
    ]),
  ...of('stores/sql/tables.ts',
    [
      'an older worker can insert rows', ' DEFAULT ${UNKNOWN_ACCESS_LIFETIME_MS}', '',
      'stores/sql/migrate-sqlite.ts'
    ]),
  ...of('stores/sql/migrate-postgres.ts',
    [
      'a migration does not block the others', 'SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS};\n',
      '', 'services/postgres/migrate.ts'
    ]),
  ...of('stores/postgres.ts',
    [
      'PostgreSQL sweeps by its own clock', 'await clock.timeThere(time)', 'time',
      'services/postgres/locks.ts'
    ]),
  ...of('stores/redis.ts',
    [
      'Redis sweeps by its own clock', 'await (clocks[bucket] as ServerClock).timeThere(time)',
      'time', 'services/redis/store.ts'
    ]),
  ...of('stores/session.ts',
    [
      'a clock that was set back stretches no interval', 'Math.abs(now - session.rotatedAt)',
      'now - session.rotatedAt', 'stores/session.ts'
    ],
    [
      'a row stays until its last access token has expired',
      'Math.min(revokedAt ?? Infinity, expiresAt) + accessLifetime',
      'Math.min(revokedAt ?? Infinity, expiresAt)', 'stores/session.ts',
      'integration/access-lifetimes.ts'
    ]),
  ...of('stores/redis/scripts.ts',
    [
      'in Redis too reuse ends the session',
      '  revoke(row, sid, now)\n', '',
      'services/redis/store.ts'
    ],
    [
      'in Redis too a late call changes nothing',
      "if too_late(deadline) then return {'late', row} end\n", '', 'services/redis/scripts.ts',
      'services/redis/away.ts'
    ],
    [
      'in Redis too an ended session stays ended',
      'jti and not ${at.revokedAt} and at',
      'jti and at',
      'services/redis/store.ts'
    ],
    [
      'in Redis too a clock that was set back stretches no interval',
      'math.abs(at - tonumber(${at.rotatedAt}))', '(at - tonumber(${at.rotatedAt}))',
      'services/redis/store.ts'
    ],
    [
      'in Redis too a replay is for the user agent of the rotation',
      'and not differs(${at.rotatedUserAgent}, agent)', '', 'services/redis/store.ts'
    ],
    [
      'in Redis too sameAddress binds a replay to the address',
      "and not (same_address == '1' and differs(${at.rotatedAddress}, address))", '',
      'services/redis/store.ts'
    ],
    [
      'in Redis too a row stays until its last access token has expired',
      'math.min(dead + tonumber(${at.accessLifetime}), tonumber(${at.endsAt}))',
      'math.min(dead, tonumber(${at.endsAt}))', 'services/redis/store.ts'
    ],
    [
      'a sweep corrects what an older version has written',
      'if user and tonumber(over_at(row)) >= tonumber(ARGV[2]) then', 'if false then',
      'services/redis/store.ts'
    ]),
  ...of('stores/rotation.ts',
    [
      'a replay is for the user agent of the rotation',
      'isSame(rotatedUserAgent, client.userAgent) &&', '', 'routes/refresh.ts'
    ],
    [
      'sameAddress binds a replay to the address',
      '(!sameAddress || isSame(rotatedAddress, client.address))', 'true', 'routes/refresh.ts'
    ]),
  ...of('sessions/revocation.ts',
    [
      'a list that is too old is read again', 'return isTooOld() ? hasAfterRead(sid) : false',
      'return false', 'sessions/revocation.ts'
    ],
    [
      'the wall clock shows a suspended machine',
      ' || clocks.wall() - readAt.wall > interval', '', 'sessions/revocation.ts'
    ],
    [
      'the monotonic clock shows a frozen process',
      'clocks.monotonic() - readAt.monotonic > interval || ', '', 'sessions/revocation.ts'
    ],
    [
      'a read from before a freeze is not trusted', 'if (isTooOld()) await read()', '',
      'sessions/revocation.ts'
    ],
    [
      'the list does not wait for a store that is away', '!hasFailed && (', '(',
      'sessions/revocation.ts'
    ],
    [
      'the list lives by the monotonic clock', 'const at = clocks.monotonic()',
      'const at = now() - clocks.wall() + clocks.monotonic()', 'sessions/revocation.ts'
    ],
    [
      'the list reads what a clock that was set back has not seen',
      'startedAt < readUntil || isDueForAll() ? 0 : readUntil',
      'Math.min(readUntil, startedAt)',
      'sessions/revocation.ts'
    ],
    [
      'the list goes by the expiry in the row',
      'Math.max(accessExpiresAt - now(), accessTokenLifetime)', 'accessTokenLifetime',
      'sessions/revocation.ts'
    ],
    [
      'the lists of one store share a revocation',
      'for (const addTo of lists) addTo(...revocation)', 'addHere(...revocation)',
      'sessions/revocation.ts', 'integration/namespaces.ts'
    ],
    [
      'a session that the store forgot is forgotten', '|| isDueForAll() ?', '?',
      'sessions/revocation.ts'
    ]),
  ...of('sessions/ended-sessions.ts',
    [
      'a session ends once', 'if (!isKnown) onEnded(sid)', 'onEnded(sid)',
      'sessions/revocation.ts', 'sessions/ended-sessions.ts'
    ],
    [
      'sessions from before the start call no host', 'if (hasStarted) notice(sid)',
      'if (true) notice(sid)', 'sessions/revocation.ts', 'sessions/ended-sessions.ts'
    ],
    [
      'a rejection of onSessionEnded stops nothing',
      'Promise.resolve(onSessionEnded(sid)).catch(failed)', 'onSessionEnded(sid)',
      'sessions/ended-sessions.ts'
    ]),
  ...of('service/verify-access.ts',
    [
      'verifyAccess refuses a revoked session',
      "if (await isRevoked(claims)) throw unauthorized.refused('Token is blacklisted')", '',
      'service/verify-access.ts'
    ],
    [
      'verifyAccess refuses a refresh token', 'tokens.verifyAccess(token)',
      'tokens.verifyAny(token) as AccessClaims', 'service/verify-access.ts'
    ]),
  ...of('sessions/clock-jump.ts',
    [
      'a jump of the clock holds sweeps back', 'const jump = ahead - (samples[0]?.ahead ?? ahead)',
      'const jump = 0', 'sessions/clock-jump.ts'
    ]),
  ...of('sessions/lifecycle.ts',
    [
      'sweeps wait after a jump of the clock', ' - jumpedBy()', '', 'sessions/lifecycle.ts'
    ],
    [
      'verify accepts a token that was just spent',
      'return isRotated(session) && isReplay(session, jti, now(), rules.reuseInterval) &&',
      'return false &&', 'routes/verify.ts'
    ]),
  ...of('tokens/jwt.ts',
    [
      'no access token outlives the lifetime in the row',
      'Math.min(accessTokenLifetime, accessLifetime)', 'accessTokenLifetime',
      'integration/access-lifetimes.ts'
    ],
    [
      'a clock that is set back refuses no token of before', 'latest = Math.max(latest, time)',
      'latest = time', 'tokens/jwt.ts'
    ]),
  ...of('routes/sessions.ts',
    [
      'the list of sessions tells the last use by the hour', 'rotatedAt - rotatedAt % HOUR_MS',
      'rotatedAt', 'routes/sessions.ts'
    ],
    [
      'the list of sessions tells the expiry by the hour',
      'Math.ceil(expiresAt / HOUR_MS) * HOUR_MS', 'expiresAt', 'routes/sessions.ts'
    ]),
  ...of('service/token-service.ts',
    [
      'a service that only verifies deletes nothing', 'verifyOnly ? 0 : sessions.sweep()',
      'sessions.sweep()', 'integration/access-lifetimes.ts'
    ]),
  ...of('service/revoke.ts',
    [
      'a spent token that logs out is reuse', 'if (!isGood) throw', 'if (false) throw',
      'routes/blacklist.ts'
    ]),
  ...of('service/attempt.ts',
    [
      'an inactive user gets no pair', 'if (!user || !isActive(user)) {', 'if (!user) {',
      'routes/obtain.ts'
    ],
    [
      'the right password of an inactive user counts as a failure',
      'if (!user || !isActive(user)) {\n    await fail()',
      'if (!user || !isActive(user)) {\n    if (!user) await fail()',
      'service/attempt.ts'
    ],
    [
      'a throw counts as a failed login', 'else await fail()', '', 'service/attempt.ts',
      'load/guessing.ts'
    ],
    [
      'a throw with a status of 5xx is given back', 'await login.givenBack()',
      'await fail()', 'service/attempt.ts'
    ],
    [
      'a throw with a status of 4xx is a 401', '? unauthorized.wrongCredentials()\n      : asError',
      '? error\n      : asError', 'service/attempt.ts'
    ],
    [
      'an object without an id is a failed login', 'if (user) userIdOf(user)', '',
      'service/attempt.ts'
    ],
    [
      'a thrown text is a 500', "asError(error, 'the check of a login')", 'error',
      'service/attempt.ts', 'integration/host-callbacks.ts'
    ],
    [
      'the address is counted', '  await login.loginPerAddress()\n', '', 'routes/obtain.ts'
    ],
    [
      'the user name is counted', '  await login.loginPerUsername()\n', '', 'routes/obtain.ts'
    ]),
  ...of('routes/token-routes.ts',
    [
      'without a password check there is no login route',
      "if (options.verifyCredentials === undefined) places.delete('obtain')", '', 'routes/paths.ts'
    ]),
  ...of('service/attempt.ts',
    [
      'a name that is no text is not counted', 'refuseUsername(parts, username)\n  const', 'const',
      'service/attempt.ts'
    ],
    [
      'the right login is reported', '  await login.succeeded()\n', '', 'service/attempt.ts'
    ]),
  ...of('service/login.ts',
    [
      'a session whose answer fails is revoked',
      'await revokeSession(parts, session, request).catch(() => {})', '', 'service/login.ts'
    ],
    [
      'a login that fails sends no cookie', "reply.removeHeader('set-cookie')", '',
      'service/login.ts'
    ],
    [
      'login() refuses an inactive user',
      'if (!isActive(user)) throw parts.unauthorized.wrongCredentials()', '', 'service/login.ts'
    ],
    [
      'the answer of login() is not stored', "reply.header('cache-control', 'no-store')", '',
      'service/login.ts'
    ]),
  ...of('service/login.ts',
    [
      'a login revokes the session of the cookie that it replaces',
      'await revokeReplaced(parts, request)', '', 'service/replaced-session.ts',
      'cookie/body-for-apps.ts'
    ],
    [
      'a login that fails revokes no other session',
      'const { session, pair } = await startSession',
      'await revokeReplaced(parts, request)\n  const { session, pair } = await startSession',
      'service/replaced-session.ts'
    ]),
  ...of('service/replaced-session.ts',
    [
      'a forged cookie revokes no session at a login',
      'tokens.verifyRefresh(token)', 'JSON.parse(atob(token.split(".")[1] ?? ""))',
      'service/replaced-session.ts'
    ],
    [
      'a cookie of a session that is over emits nothing at a login',
      'session === null || !sessions.isLive(session)', 'session === null',
      'service/replaced-session.ts'
    ],
    [
      'a token that cannot be adopted is looked up by no login',
      'if (claims.sid === undefined && options.adoptRefreshTokens === false) return', '',
      'service/replaced-session.ts'
    ],
    [
      'a login does not fail when the replaced session cannot be revoked',
      'request.log.warn({ err: error, sid: sidOf(claims) }, message)', 'throw error',
      'service/replaced-session.ts'
    ],
    [
      'a replaced session that stays alive is in the log',
      'request.log.warn({ err: error, sid: sidOf(claims) }, message)', 'void [error, message]',
      'service/replaced-session.ts'
    ]),
  ...of('service/revoke.ts',
    [
      'a spent token that revokes its session is reported as reuse',
      "isGood ? 'revoked' : 'reuse_detected'", "'revoked'", 'service/replaced-session.ts',
      'routes/blacklist.ts'
    ]),
  ...of('routes/refresh.ts',
    [
      'a refused refresh keeps the cookie', 'refresh(parts, token, request)',
      'refresh(parts, token, request).catch(error => { transport.clear(reply); throw error })',
      'cookie/transport.ts'
    ]),
  ...of('cookie/transport.ts',
    [
      'a login of another origin revokes no session',
      'isFromOwnPage(request, origins) ? cookie.read(request.headers.cookie) : undefined',
      'cookie.read(request.headers.cookie)', 'cookie/transport.ts', 'integration/cookie-attacks.ts'
    ],
    [
      'a login by body revokes no session',
      'replaced: request => isFromApp(request) ? undefined : browsers.replaced(request)',
      'replaced: ({ headers }) => cookie.read(headers.cookie)', 'cookie/body-for-apps.ts'
    ]),
  ...of('service/login-answer.ts',
    [
      'no member replaces a token', 'if (taken !== undefined) {', 'if (false) {',
      'service/login-answer.ts'
    ]),
  ...of('service/session-options.ts',
    [
      'another server chooses no session options', 'sid !== undefined && isObject(carried)',
      'isObject(carried)', 'integration/session-claims.ts'
    ],
    [
      'a session claim is not reserved', 'refuseReserved(claims, userIdClaim, `${source}.claims`)',
      '', 'service/session-options.ts'
    ],
    [
      'a refresh token lives no longer than its session',
      'if (ofTokens > (ofSession ?? rules.sessionLifetime)) {', 'if (false) {',
      'service/session-options.ts'
    ],
    [
      'a session that is not persistent stays so', '...(!persistent && { persistent })', '',
      'service/login.ts'
    ],
    [
      'the refresh lifetime of a session stays',
      '...(refreshLifetime !== undefined && { refresh_lifetime: refreshLifetime / 1000 }),', '',
      'service/login.ts'
    ]),
  ...of('service/custom-claims.ts',
    [
      'a session claim wins', '{ ...custom, ...settings.claims }',
      '{ ...settings.claims, ...custom }', 'integration/session-claims.ts'
    ],
    [
      'a reserved claim is an error',
      "refuseReserved(given, userIdClaim, 'the result of claims()')", '',
      'integration/session-claims.ts'
    ],
    [
      'the options of a session count for the size of a cookie',
      'bytesOf({ ...refresh, session_options: sessionOptions })', 'bytesOf(refresh)',
      'integration/session-claims.ts'
    ]),
  ...of('tokens/claims.ts',
    [
      'the host writes no session options', "'aud', 'session_options'", "'aud'",
      'integration/session-claims.ts'
    ]),
  ...of('sessions/lifecycle.ts',
    [
      'an access token lives no longer than the refresh token of its session',
      'Math.min(accessTokenLifetime, refreshLifetime)', 'accessTokenLifetime', 'service/login.ts'
    ]),
  ...of('cookie/refresh-cookie.ts',
    [
      'a cookie that is not persistent has no Max-Age', 'const maxAge = persistent &&',
      'const maxAge =', 'service/login.ts'
    ]),
  ...of('http/login-body.ts',
    [
      'a login body changes no prototype', 'withoutPrototypes(body)', '{ ...(body as object) }',
      'http/login-body.ts'
    ],
    [
      'an asynchronous schema stops the start', 'if (validate.$async === true)', 'if (false)',
      'http/login-body.ts'
    ]),
  ...of('http/prototypes.ts',
    [
      'nested members change no prototype',
      "else if (typeof member === 'object' && member !== null) waiting.push(member)", '',
      'http/prototypes.ts'
    ]),
  ...of('routes/obtain.ts',
    [
      'a login without a valid body counts nothing',
      'onRequest: [...transport.onRequest],',
      "onRequest: [...transport.onRequest, r => parts.rateLimiter.login(r, '').loginPerAddress()],",
      'routes/obtain.ts'
    ]),
  ...of('service/refresh.ts',
    [
      'a good token counts at refresh',
      "  await rateLimiter.refreshPerSession('refresh', presented, request)\n", '',
      'routes/refresh.ts'
    ]),
  ...of('service/revoke.ts',
    [
      'a good token counts at logout',
      "  await rateLimiter.refreshPerSession('blacklist', claims, request)\n", '',
      'routes/blacklist.ts'
    ]),
  ...of('service/verify.ts',
    [
      'verify refuses a foreign token that a refresh would refuse',
      'if (isForeign) await checkAllowed(parts, claims, session, request)', '', 'service/adopt.ts'
    ],
    [
      'a good token counts at verify',
      "  await rateLimiter.refreshPerSession('verify', claims, request)\n", '', 'routes/verify.ts'
    ],
    [
      'verify says nothing of the refreshes of a session', "refreshPerSession('verify',",
      "refreshPerSession('refresh',", 'routes/verify.ts'
    ]),
  ...of('routes/sessions.ts',
    [
      'a good token counts at the list of sessions',
      "    await parts.rateLimiter.refreshPerSession('sessions', claims, request)\n", '',
      'routes/sessions.ts'
    ],
    [
      'a session is counted before the guard asks the store',
      '{ ...parts, isRevoked: () => false }', 'parts', 'routes/sessions.ts'
    ],
    [
      'a refused request counts at the list of sessions', '[countRefused, gate]',
      '[gate]', 'routes/refresh.ts'
    ],
    [
      'a revoked session opens no list of sessions',
      `if (await parts.isRevoked(claims)) {
      throw parts.unauthorized.refusedByGuard('Token is blacklisted')
    }`, '', 'routes/sessions.ts'
    ]),
  ...of('routes/verify.ts',
    [
      'a refused request counts at verify',
      'onRequest: [countRefusals(rateLimiter.refreshPerAddress)],', '', 'routes/refresh.ts'
    ]),
  ...of('routes/refresh.ts',
    [
      'a refused request counts at refresh',
      '[countRefusals(rateLimiter.refreshPerAddress), ...transport.onRequest]',
      '[...transport.onRequest]', 'routes/refresh.ts'
    ]),
  ...of('routes/blacklist.ts',
    [
      'a refused request counts at logout',
      '[countRefusals(rateLimiter.refreshPerAddress), ...transport.onRequest]',
      '[...transport.onRequest]', 'routes/refresh.ts'
    ]),
  ...of('http/refusals.ts',
    [
      'a refusal over the limit is a 429',
      'count(request).then(() => payload, (error: unknown) => error)',
      'count(request).catch(() => {}).then(() => payload)', 'http/refusals.ts'
    ]),
  ...of('limits/token-limits.ts',
    [
      'each route has a separate counter', '`${what}:${route}:${sessionKey(token)}`',
      '`${what}:${sessionKey(token)}`', 'limits/token-limits.ts'
    ],
    [
      'the code of the host is not limited', 'if (request === undefined) return',
      'if (request === undefined) request = { ip: undefined } as unknown as FastifyRequest',
      'limits/token-limits.ts'
    ]),
  ...of('service/claim-values.ts',
    [
      'a claim with toJSON is refused', "?.toJSON === 'function'", "?.toJSON === 'none'",
      'service/claim-values.ts'
    ],
    [
      'a claim that is a function is refused', "typeof value === 'function' || ", '',
      'service/claim-values.ts'
    ]),
  ...of('service/adopt.ts',
    [
      'ids of another server are short enough for a store',
      'claims.user_id.length > MAX_ID_LENGTH || Buffer.byteLength(claims.jti) > MAX_JTI_BYTES',
      'false',
      'service/adopt.ts'
    ],
    [
      'nothing except true adopts a token', 'if (allowed !== true)', 'if (!allowed)',
      'service/adopt.ts'
    ],
    [
      'the host does not hide the reuse of an adopted token', " !== 'function' || isSpent) return",
      " !== 'function') return", 'service/adopt.ts'
    ],
    [
      'the host decides about a token that is adopted and not spent',
      'session !== null && session.jti !== claims.jti', 'session !== null', 'service/adopt.ts'
    ],
    [
      'the host decides at refresh and at logout',
      'await checkAllowed(parts, claims, session, request)', 'void session', 'service/adopt.ts'
    ]),
  ...of('user.ts',
    [
      'a user id has at most 255 characters', ' && text.length <= MAX_ID_LENGTH', '', 'user.ts'
    ]),
  ...of('tokens/jwt.ts',
    [
      'no token is minted that is too long to be accepted',
      'if (token.length <= MAX_TOKEN_LENGTH) return token', 'return token', 'tokens/jwt.ts'
    ]),
  ...of('service/custom-claims.ts',
    [
      'a login that would mint too long a token starts no session',
      "give the session fewer.')\n  }\n  refuseLongTokens(parts, owner, result)",
      "give the session fewer.')\n  }",
      'integration/token-length.ts'
    ],
    [
      'a key that cannot sign is no bad token', 'if (!(error instanceof RangeError)) throw error',
      '', 'service/custom-claims.ts'
    ],
    [
      'an inactive user is not refreshed', 'if (!user || !isActive(user)) throw',
      'if (!user) throw', 'routes/refresh.ts'
    ]),
  ...of('http/client-address.ts',
    [
      'IPv6 by its /64', 'const address = normalizeIP(withoutPort(text))', 'const address = text',
      'http/client-address.ts'
    ]),
  ...of('limits/fold-username.ts',
    [
      'case of a user name', '.toLowerCase().toUpperCase().toLowerCase()', '',
      'limits/fold-username.ts'
    ],
    [
      'Unicode form of a user name',
      ".replace(/\\p{Surrogate}/gu, '\\ufffd').normalize('NFKD')", '', 'limits/fold-username.ts'
    ],
    [
      'accents and invisible characters of a user name',
      "return IGNORED.test(character) ? '' : UNACCENTED", 'return UNACCENTED',
      'limits/fold-username.ts'
    ],
    [
      'letters that NFKD does not decompose', 'if (base !== undefined) return base', '',
      'limits/fold-username.ts'
    ],
    [
      'letters that a collation keeps apart', 'UNACCENTED[character] ?? character', 'character',
      'limits/fold-username.ts'
    ]),
  ...of('limits/login-backoff.ts',
    [
      'waits grow', 'Math.min(MINUTE_MS * 2 ** Math.floor(failures / max), HOUR_MS)', 'MINUTE_MS',
      'limits/login-backoff.ts'
    ],
    [
      'waits end', 'Math.min(MINUTE_MS * 2 ** Math.floor(failures / max), HOUR_MS)',
      'MINUTE_MS * 2 ** Math.floor(failures / max)', 'limits/login-backoff.ts'
    ],
    [
      'strangers do not lock anybody out at home',
      'const isExempt = isKnown && isExceeded(spent.ofAll)', 'const isExempt = false',
      'limits/login-backoff.ts'
    ],
    [
      'a login resets no failures of strangers',
      "`failuresFrom:${sourceKey()}${isKnown ? `:${await loginsBefore()}` : ''}`",
      '`failuresFrom:${sourceKey()}:${await loginsBefore()}`', 'limits/login-backoff.ts'
    ],
    [
      'a known source and strangers there have separate counters',
      'isKnown ? `known:${exactSource}` : source as string', 'source as string',
      'limits/login-backoff.ts'
    ],
    [
      'a refused source may be known to another process', 'isUnknownSource: !isKnown }',
      'isUnknownSource: false }', 'limits/rate-limiter.ts'
    ],
    [
      'an attempt is given back to both counters',
      'await Promise.all([spent.atSource?.giveBack(), spent.ofAll?.giveBack()])', '',
      'limits/login-backoff.ts'
    ]),
  ...of('limits/login-limits.ts',
    [
      'a source is known by the exact name', 'digest(`${address} ${username.trim()}`)',
      'digest(`${address} ${folded}`)', 'load/guessing.ts'
    ],
    [
      'the shared counters get no single failure', 'pending.take(account, shared.filled())',
      '({ ofAll: 1, atSource: 1 })', 'limits/rate-limiter.ts'
    ],
    [
      'an address gets its try back',
      '...addresses.map(counted => counted.giveBack())', '', 'service/attempt.ts'
    ]),
  ...of('limits/pending-failures.ts',
    [
      'all processes together fill a window', 'if (pending < max && !isFilled) return 0',
      'if (pending < max) return 0', 'limits/rate-limiter.ts'
    ]),
  ...of('limits/keyed-counter.ts',
    [
      'a late answer gives nothing back to a newer window', 'const leftMs = endsAt - now()',
      'const leftMs = 3_600_000', 'service/attempt.ts'
    ]),
  ...of('limits/memory-counters.ts',
    [
      'new names do not evict a name under attack', 'if (count > 0 && window.count >= max) {',
      'if (max < 0) {', 'limits/memory-counters.ts'
    ],
    [
      'kinds of counters do not evict each other', "key.slice(0, key.indexOf(':'))", "''",
      'limits/memory-counters.ts'
    ],
    [
      'memory is bounded', 'few: new LruMap<Window>(maxCounters)', 'few: new LruMap<Window>(0)',
      'limits/memory-counters.ts'
    ]),
  ...of('cookie/csrf.ts',
    [
      'another origin is refused', 'if (!isFromOwnPage(request, trusted)) throw crossOrigin()', '',
      'cookie/csrf.ts'
    ],
    [
      'http is not the origin of https',
      "if (String(protocol).toLowerCase() === 'https' && from.protocol === 'http:') return false",
      '', 'cookie/csrf.ts'
    ],
    [
      'a default port in the Host is the origin without it',
      'new URL(requested).host === from.host', 'host.toLowerCase() === from.host',
      'integration/cookie-attacks.ts'
    ],
    [
      'a long origin is not parsed', ' || origin.length > MAX_ORIGIN_LENGTH', '',
      'cookie/csrf.ts', 'integration/hostile-growth.ts'
    ],
    [
      'either header shows a browser',
      "headers.origin === undefined && headers['sec-fetch-site'] === undefined",
      "headers['sec-fetch-site'] === undefined", 'cookie/csrf.ts', 'cookie/body-for-apps.ts'
    ],
    [
      'a GET without a header may be an old browser\'s', "&& method !== 'GET'", '',
      'cookie/csrf.ts', 'cookie/body-for-apps.ts'
    ],
    [
      'a subdomain is refused', ": site === 'same-origin'", ": site !== 'cross-site'",
      'cookie/csrf.ts'
    ]),
  ...of('cookie/transport.ts',
    [
      'no refresh token in a body, in cookie mode', '  preValidation: [notInBody],\n',
      '  preValidation: [],\n', 'cookie/transport.ts'
    ],
    [
      'no refresh token in an answer, in cookie mode', 'return { access }',
      'return { access, ...(refresh !== undefined && { refresh }) }', 'cookie/transport.ts'
    ],
    [
      'a browser without its origin gets no token of the cookie', ': crossOrigin()',
      ': undefined', 'cookie/body-for-apps.ts'
    ],
    [
      'a token from the cookie never goes into a body',
      'isFromApp(reply.request) ? tokens : browsers.send',
      'reply.request.headers.origin === undefined ? tokens : browsers.send',
      'cookie/body-for-apps.ts'
    ],
    [
      'a token in the body and the cookie are refused together',
      'preValidation: [...ofBrowsers(browsers.preValidation), withoutCookie]',
      'preValidation: ofBrowsers(browsers.preValidation)', 'cookie/body-for-apps.ts'
    ],
    [
      'bodyForApps refuses a token in the body of a browser',
      'preValidation: [...ofBrowsers(browsers.preValidation), withoutCookie]',
      'preValidation: [withoutCookie]', 'cookie/body-for-apps.ts'
    ],
    [
      'bodyForApps refuses browsers of other origins', 'onRequest: ofBrowsers(browsers.onRequest)',
      'onRequest: []', 'cookie/body-for-apps.ts'
    ],
    [
      'a logout keeps the cookie for the retry after a 503', ' && reply.statusCode !== 503', '',
      'cookie/transport.ts'
    ],
    [
      'a refused logout removes the cookie', 'reply.statusCode !== 503', 'reply.statusCode === 200',
      'cookie/transport.ts'
    ],
    [
      'another origin does not remove the cookie', 'checked.has(request) && ', '',
      'cookie/transport.ts'
    ],
    [
      'log out everywhere sends an app no cookie',
      'if (!isFromApp(reply.request) || hasCookie(reply.request)) browsers', 'browsers',
      'cookie/body-for-apps.ts'
    ]),
  ...of('guard/require-claims.ts',
    [
      'nothing but true lets in', 'allows(claims) !== true', '!allows(claims)',
      'guard/require-claims.ts'
    ],
    [
      'a requirement that requires nothing stops the start', 'if (entries.length === 0) {',
      'if (false) {', 'guard/require-claims.ts'
    ]),
  ...of('http/router-paths.ts',
    [
      'the router looks a path up as it spells it', 'withoutSlash(scope.prefix) + url',
      'scope.prefix + url', 'integration/taken-routes.ts'
    ],
    [
      'a path in capitals is one of ours where the router says so',
      "isSet(scope, 'caseSensitive', false) ? single.toLowerCase() : single", 'single',
      'integration/router-options.ts'
    ]),
  ...of('http/trailing-slash.ts',
    [
      'a hook of the host changes the schema of one route alone',
      'JSON.parse(JSON.stringify(options.schema ?? {})) as object', 'options.schema as object',
      'http/trailing-slash.ts'
    ],
    [
      'a route of ours that the host has stops the start by name',
      'if (taken !== undefined) {', 'if (false) {', 'integration/taken-routes.ts'
    ]),
  ...of('keys/key-ring.ts',
    [
      'a key that only verifies is not published', '!isSecret(key) && key.publish',
      '!isSecret(key)', 'routes/jwks.ts'
    ]),
  ...of('guard/request-user.ts',
    [
      'a getter request.user of the host stops the start',
      'own.get !== undefined && own.set === undefined', 'false', 'guard/request-user.ts'
    ],
    [
      'other plugins may declare request.user after ours',
      'if (!mine.includes(name)) return decorate.call', 'return decorate.call',
      'guard/request-user.ts'
    ]),
  ...of('keys/algorithms.ts',
    [
      'a token and a key of another server may say Ed25519',
      "if (name === 'Ed25519') return 'EdDSA'", '', 'keys/ed25519.ts'
    ]),
  ...of('keys/fetch-limits.ts',
    [
      'a JWK set may begin with a byte order mark',
      'new TextDecoder().decode(Buffer.concat(chunks))', 'Buffer.concat(chunks).toString()',
      'keys/fetch-jwks.ts'
    ]),
  ...of('routes/jwks.ts',
    [
      'an app publishes its own keys alone', 'const app = host.initialConfig',
      'const app = host.server', 'integration/one-server.ts'
    ],
    [
      'a route of the host at the path of the keys stays', 'if (taken.includes(method)) continue',
      '', 'integration/taken-routes.ts'
    ]),
  ...of('http/early-body.ts',
    [
      'a body that the platform has read is taken',
      "isReadable(payload) && !('body' in request.raw || 'rawBody' in request.raw)", 'true',
      'integration/platforms.ts'
    ],
    [
      'a body that is gone is an error at once', '?? refuseSpentStream',
      '?? (() => new Promise(() => {}))', 'http/early-body.ts'
    ],
    [
      'an empty object of Express 4 hides no body', 'isReadable(payload) && isEmpty(early)',
      'isReadable(payload) && early === undefined', 'http/early-body.ts'
    ],
    [
      'a parser of the host finds a body that the platform left elsewhere',
      'hostParser(host, type) ?? ', '', 'http/early-body.ts'
    ]),
  ...of('http/body-parsers.ts',
    [
      '16 KB of body at most', 'const MAX_BODY_BYTES = 16_384', 'const MAX_BODY_BYTES = 16_384_000',
      'http/body-parsers.ts'
    ],
    [
      'no other content type', "done(unsupportedMediaType(type ?? ''))", 'done(null, {})',
      'http/body-parsers.ts'
    ]),
  ...of('http/body-validation.ts',
    [
      'fields are strings', "if (typeof value !== 'string') return ['', ['Not a valid string.']]",
      "if (typeof value !== 'string') return [value as string, []]", 'http/body-validation.ts'
    ],
    [
      'a field is bounded in characters', 'hasMore(text, maxLength) ?', 'false ?',
      'http/body-validation.ts'
    ],
    [
      'a long field is not read', 'if (value.length > 2 * maxLength) return', 'if (false) return',
      'http/body-validation.ts'
    ]),
  ...of('keys/jwk.ts',
    [
      'public members alone are published',
      "const { kty, ...members } = requiredMembers(key.export({ format: 'jwk' }) as Jwk)",
      "const { kty, ...members } = key.export({ format: 'jwk' }) as Jwk", 'keys/jwk.ts'
    ]),
  ...of('keys/parse-secret.ts',
    ['no short secret', 'bytes.length < leastBytes', 'false', 'keys/parse-secret.ts'],
    ['no public key for a secret', 'looksLikeKey(bytes, 3)', 'false', 'keys/parse-secret.ts']),
  ...of('keys/parse-key.ts',
    ['no RSA under 2048 bits', 'modulusLength < 2048', 'false', 'keys/parse-key.ts'],
    [
      'no curve but the one of the algorithm',
      "kind.kty === 'EC' && namedCurve !== CURVES[kind.crv]", 'false', 'keys/parse-key.ts'
    ]),
  ...of('keys/remote-jwks.ts',
    [
      'unknown kids do not flood the issuer', 'const COOLDOWN_MS = 10_000', 'const COOLDOWN_MS = 0',
      'keys/remote-jwks.ts'
    ]),
  ...of('sessions/bounded-store.ts',
    [
      'a silent store is a 503 in time',
      "return await withTimeout(answer, within, 'The store')", 'return await answer',
      'sessions/bounded-store.ts'
    ],
    [
      'a call that comes late changes nothing', 'store.rotate({ ...rotation, deadline })',
      'store.rotate(rotation)', 'sessions/bounded-store.ts'
    ],
    [
      'too many calls do not make the store suspect',
      'const refuse = (cause: unknown): never => {',
      'const refuse = (cause: unknown): never => {\n      isSuspect = true',
      'sessions/bounded-store.ts'
    ],
    [
      'a slow session does not make the store suspect', 'if (answers === answersBefore) isSuspect',
      'isSuspect', 'sessions/bounded-store.ts'
    ],
    [
      'a session has a share', "bounded('rotate', rotation.sid,", "bounded('rotate', undefined,",
      'sessions/bounded-store.ts'
    ],
    [
      'a user has a share', "bounded('list', ofUser(userId),", "bounded('list', undefined,",
      'sessions/bounded-store.ts'
    ],
    [
      'an address has a share', "placeIn(requests, address, 'share')",
      "placeIn(requests, undefined, 'share')",
      'sessions/bounded-store.ts'
    ],
    [
      'an address keeps its place until the store has answered',
      'Promise.resolve(late).then(remove, remove)', 'remove()', 'sessions/bounded-store.ts'
    ],
    [
      'a call that waits is refused with the one that timed out',
      '      pending.refuseWaiting(owner)\n', '', 'sessions/bounded-store.ts'
    ]),
  ...of('sessions/pending-calls.ts',
    [
      'a lost call is forgotten', 'const LOST_AFTER_MS = 30_000', 'const LOST_AFTER_MS = Infinity',
      'sessions/pending-calls.ts', 'sessions/bounded-store.ts'
    ],
    [
      'a late answer frees no place twice', '!calls.delete(call) || owner === undefined',
      'owner === undefined', 'sessions/pending-calls.ts'
    ],
    [
      'a call over the share waits', 'queue.length >= maxWaiting ||', 'true ||',
      'sessions/pending-calls.ts', 'integration/races.ts'
    ],
    [
      'a call does not wait for one that has timed out',
      'if (counts.has(owner)) stuck.add(owner)', '', 'sessions/pending-calls.ts'
    ]),
  ...of('http/error-reply.ts',
    [
      'a refusal has its challenge', '  reply.headers(answer.headers)\n', '', 'http/error-reply.ts'
    ]),
  ...of('events.ts',
    [
      'what a listener throws changes no answer', '      failed(error)\n    }\n',
      '      throw error\n    }\n', 'events.ts'
    ])
]
