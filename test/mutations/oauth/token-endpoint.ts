import { caughtByOne } from '../caught-by.ts'
import type { Mutation } from '../list.ts'

const of = caughtByOne({ name: 'oauth', source: 'plugin/oauth', tests: 'test/oauth' })

/** Checks of the token endpoint, of client credentials and of the claims for apps. */
export const oauthTokenEndpointMutations: Mutation[] = [
  ...of(
    'resolve-options.ts', 'resolve-options.ts',
    [
      'no claim of the tokens of apps replaces the user id',
      'WRITTEN_CLAIMS.includes(userIdClaim)', "userIdClaim === ''"
    ]
  ),
  ...of(
    'client-grant.ts', 'client-grant.ts',
    [
      'a client gets only its scopes', 'client.scopes.includes(scope) &&', ''
    ],
    [
      'a client without a user gets no scope openid', '&& scope !== OPENID', ''
    ],
    [
      'a client gets tokens for known resources only', 'resourceOf(form, options.resources)',
      "form.get('resource') ?? resourceOf(form, options.resources)"
    ],
    [
      'the token of a client is for its resource', 'aud: resource',
      'aud: core.options.audience as string'
    ],
    [
      'the token of a client is of a separate kind', "mintForClient('client'",
      "mintForClient('access'"
    ]
  ),
  ...of(
    'app-claims.ts', 'app-claims.ts',
    [
      'claims of apps replace no reserved claim',
      "refuseReserved(given, core.options.userIdClaim, 'the result of claims()')", ''
    ],
    ['claims of apps replace no scope', "['scope', 'scp', 'auth_time']", "['auth_time']"],
    ['claims of apps set no scp', "['scope', 'scp', 'auth_time']", "['scope', 'auth_time']"],
    ['claims of apps replace no auth_time', "['scope', 'scp', 'auth_time']", "['scope']"],
    ['claims of apps say what the host returned', 'refuseUnclaimable(given)', ''],
    ['claims of apps take at most 2048 bytes', '> MAX_CLAIMS_BYTES', '> 2 * MAX_CLAIMS_BYTES']
  ),
  ...of(
    'client-authentication.ts', 'routes/token.ts',
    ['a parameter must not repeat', 'form.repeated !== undefined', 'false']
  ),
  ...of(
    'routes/token.ts', 'routes/token.ts',
    [
      'a client uses only its grants', '!client.grants.has(type)', 'false'
    ],
    ['a grant type is no name of a prototype', 'Object.hasOwn(GRANTS, type)', 'type in GRANTS'],
    ['refused requests at the token endpoint count', ', countRefusals(server.limitByAddress)', ''],
    [
      'no answer of the token endpoint is cached by HTTP/1.0',
      "reply.header('pragma', 'no-cache')", ''
    ]
  ),
  ...of(
    'refresh-grant.ts', 'routes/token.ts',
    [
      'good refreshes of an app count by session',
      "await core.rateLimiter.refreshPerSession('oauth', presented, request)", ''
    ]
  ),
  ...of(
    'oauth-form.ts', 'routes/token.ts',
    [
      'each refusal of the token endpoint has the form of RFC 6749',
      'send(asOAuthError(payload))', 'send(payload)'
    ]
  )
]
