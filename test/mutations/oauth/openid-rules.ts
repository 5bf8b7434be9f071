import { caughtByOne } from '../caught-by.ts'
import type { Mutation } from '../list.ts'

const of = caughtByOne({ name: 'openid', source: 'plugin/oauth', tests: 'test/oauth' })

/** Rules of OpenID Connect that the tests of the room hold. */
export const oauthOpenIdRuleMutations: Mutation[] = [
  ...of(
    'id-token.ts', 'id-token.ts',
    ['an ID token ends with the session', 'Math.min(iat + accessTokenLifetime, endsAt)',
      '(iat + accessTokenLifetime)'],
    ['a hint is an ID token', "(token, 'id', clientId", "(token, 'access' as 'id', clientId"]
  ),
  ...of(
    'userinfo.ts', 'routes/userinfo.ts',
    ['userinfo refuses a revoked session', 'if (await isRevoked(claims))', 'if (false)'],
    ['userinfo refuses a request without a token', 'if (token === undefined) throw',
      "if (header === 'x') throw"]
  ),
  ...of(
    'userinfo.ts', 'userinfo.ts',
    ['userinfo keeps the claims from hooks of the host',
      'accepted.get(request) as AccessClaims', 'request.user as AccessClaims'],
    ['userinfo refuses a user who is gone',
      "if (!user) throw unauthorized.refusedByGuard('User not found')",
      'if (!user) return { id }'],
    ['userinfo refuses an inactive user', 'if (!isActive(user)) throw', 'if (user.id === 0) throw'],
    ['userinfo cannot replace sub', "if (Object.hasOwn(given, 'sub')) {", 'if (false) {']
  ),
  ...of(
    'silent-authorization.ts', 'silent-authorization.ts',
    ['prompt=none trusts no login of the future',
      'isLoginTime(login.at, core.options.now())', 'Number.isFinite(login.at)'],
    ['prompt=none logs a fault of the host', 'request.log.error(', 'void (']
  ),
  ...of(
    'consent.ts', 'service.ts',
    ['a login in the future is a fault', 'time as number <= now + CLOCK_SKEW_MS', 'true']
  )
]
