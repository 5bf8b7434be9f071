import { caughtByEach } from '../caught-by.ts'
import type { Mutation } from '../list.ts'

const of = caughtByEach({ name: 'oauth', source: 'plugin', tests: 'test' })

/** Checks of the tokens of OAuth clients. */
export const oauthGuardMutations: Mutation[] = [
  ...of('tokens/claims.ts',
    [
      'only the kinds without a user may lack one',
      "new Set<unknown>(['client', 'code', 'authorization', 'id'])",
      "new Set<unknown>(['client', 'grant', 'code', 'authorization', 'id', 'access'])",
      'tokens/kinds.ts'
    ],
    [
      'a token without a user is not the user "undefined"',
      'freeze(WITHOUT_USER.has(claims.token_type)', 'freeze(false', 'tokens/kinds.ts'
    ],
    [
      'each kind of token is taken as itself only',
      ': type !== expected) {', ': false) {', 'tokens/kinds.ts', 'integration/token-kinds.ts'
    ],
    [
      'no kind of OAuth is an access or refresh token',
      "? type !== 'access' && type !== 'refresh' :", '? false :', 'tokens/kinds.ts'
    ],
    [
      'a token of OAuth names its client', '!isText(clientId) || ', '', 'tokens/kinds.ts'
    ],
    [
      'the host sets no client_id and no sub', "'sub', 'sid', 'client_id',", "'sid',",
      'tokens/kinds.ts', 'integration/session-claims.ts', 'service/adopt.ts'
    ],
    [
      'any client_id marks the token of a client', 'clientId !== undefined',
      "typeof clientId === 'string' && clientId !== ''", 'guard/closed-to-clients.ts'
    ]),
  ...of('tokens/jwt.ts',
    [
      'a token of OAuth is for its own audience', '{ ...rules, audience }', 'rules',
      'tokens/kinds.ts'
    ],
    [
      'a seed does not choose its kind', '...seed, token_type: kind,',
      'token_type: kind, ...seed,', 'tokens/kinds.ts'
    ]),
  ...of('guard/authenticate.ts',
    [
      'authenticate is closed to clients', 'createCheckedGuard(parts, refuseClient)',
      'createCheckedGuard(parts, () => {})', 'guard/closed-to-clients.ts'
    ],
    [
      'authenticateOptional is closed to clients',
      'claims === undefined ? null : checked(claims, parts, refuseClient)', 'claims ?? null',
      'guard/closed-to-clients.ts'
    ],
    [
      'authenticateUser is closed to clients',
      'const claims = await authenticateOwn(request, parts)',
      'const claims = await authenticateRequest(request, parts)', 'guard/closed-to-clients.ts'
    ],
    [
      'a guard that waits is closed to clients',
      '? claims.then(claims => checkedNow(claims, parts, check))', '? claims',
      'guard/closed-to-clients.ts'
    ]),
  ...of('guard/require-claims.ts',
    [
      'requireClaims is closed to clients unless it names a scope',
      "(isOfClient(claims) && scope === '') || ", '', 'guard/closed-to-clients.ts'
    ],
    [
      'requireClaims lets in a client by its scope', "isOfClient(claims) && scope === ''",
      'isOfClient(claims)', 'guard/closed-to-clients.ts'
    ]),
  ...of('guard/require-scope.ts',
    [
      'requireScope checks the scopes of a client', '!hasScopes(claims, scopes)', 'false',
      'guard/require-scope.ts'
    ],
    [
      'requireScope is open to the user with any scope', 'isOfClient(claims) && ', '',
      'guard/require-scope.ts'
    ],
    [
      'requireScope needs a scope', 'if (scopes.length === 0) {', 'if (false) {', 'guard/scopes.ts'
    ]),
  ...of('guard/scopes.ts',
    [
      'all scopes are required, not one', 'return scopes.every(scope =>',
      'return scopes.some(scope =>', 'guard/require-scope.ts', 'guard/require-client.ts'
    ],
    [
      'a scope is a whole word', "typeof scope === 'string' ? scope.split(' ') : []",
      'String(scope)', 'guard/require-scope.ts'
    ],
    [
      'a scope breaks no header', 'if (scopes.every(isScope)) return', 'return', 'guard/scopes.ts'
    ]),
  ...of('guard/require-client.ts',
    [
      'requireClient takes no token of a user', "tokens.verifyForClient(token, 'client')",
      'tokens.verifyAny(token) as unknown as ReturnType<typeof tokens.verifyForClient>',
      'guard/require-client.ts', 'integration/token-kinds.ts'
    ],
    [
      'requireClient checks the scopes', 'if (!hasScopes(claims, scopes)) throw',
      'if (false) throw', 'guard/require-client.ts'
    ],
    [
      'requireClient waits for the key of the issuer', 'return missing === undefined',
      'return missing === missing', 'guard/require-client.ts'
    ],
    [
      'a client is no user', 'setUser(request, null)', '', 'guard/require-client.ts'
    ]),
  ...of('routes/sessions.ts',
    [
      'a client neither sees nor revokes sessions', 'refuseClient(claims, parts)', '',
      'guard/closed-to-clients.ts'
    ]),
  ...of('service/verify.ts',
    [
      'verify takes no client for the user',
      "claims.token_type === 'access' && isOfClient(claims)", 'false', 'routes/verify.ts',
      'service/verify-access.ts'
    ]),
  ...of('service/verify-access.ts',
    [
      'verifyAccess is closed to clients',
      "if (isOfClient(claims)) throw unauthorized.insufficientScope('')", '',
      'service/verify-access.ts'
    ]),
  ...of('service/token-service.ts',
    [
      'new keys are checked before they replace the old ones',
      'for (const check of registration.keyChecks) check(resolved)\n      keys.replace(resolved)',
      'keys.replace(resolved)\n      for (const check of registration.keyChecks) check(resolved)',
      'service/token-service.ts'
    ]),
  ...of('keys/key-ring.ts',
    [
      'a token of a client says at+jwt', "createSignerOf(key, 'at+jwt')\n  return",
      "createSignerOf(key, 'JWT')\n  return", 'keys/key-ring.ts'
    ])
]
