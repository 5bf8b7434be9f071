import { caughtByOne } from '../caught-by.ts'
import type { Mutation } from '../list.ts'

const of = caughtByOne({
  name: 'openid', source: 'plugin/oauth', tests: 'test/integration/openid-conformance'
})

/** Checks of OpenID Connect that the cases of its conformance suite find. */
export const oauthOpenIdMutations: Mutation[] = [
  ...of(
    'id-token.ts', 'tokens.ts',
    ['an ID token has the nonce of its request', 'nonce,', ''],
    [
      'an ID token is for its client', 'aud: client.id', 'aud: core.options.audience as string'
    ],
    ['an ID token names the user', 'sub: userId', 'sub: client.id']
  ),
  ...of(
    'id-token.ts', 'login.ts',
    [
      'an ID token has the time of the login', 'auth_time: authTime',
      'auth_time: Math.floor(iat / 1000)'
    ],
    ['a hint may be expired', 'clientId, Infinity', 'clientId']
  ),
  ...of(
    'code-grant.ts', 'userinfo.ts',
    [
      'there is no ID token without the scope openid', 'idToken: scopes.includes(OPENID)',
      'idToken: scopes.length > 0'
    ]
  ),
  ...of(
    'userinfo.ts', 'userinfo.ts',
    ['userinfo requires the scope openid', '!hasScopes(claims, [OPENID])', 'false'],
    ['userinfo is for apps only', '!isOfClient(claims) ||', ''],
    ['userinfo names the user of the ID token', '{ sub, ...', '{ sub: OPENID, ...'],
    [
      'userinfo has the claims of the granted scopes only', 'words(scope as string)',
      '[...options.scopes.keys()]'
    ]
  ),
  ...of(
    'metadata.ts', 'discovery.ts',
    ['the metadata names the userinfo endpoint', 'userinfo_endpoint: endpoints.userinfo,', ''],
    ['the metadata names the algorithms of the keys', 'map(({ alg }) => alg)', "map(() => 'ES256')"]
  ),
  ...of(
    'routes/authorize.ts', 'authorize.ts',
    [
      'prompt=none shows no page', "words(checked.prompt).includes('none')", 'false'
    ]
  ),
  ...of(
    'routes/userinfo.ts', 'userinfo.ts',
    ['userinfo answers a POST', "{ ...common, method: 'POST'", "{ ...common, method: 'PUT'"]
  ),
  ...of(
    'silent-authorization.ts', 'authorize.ts',
    [
      'prompt=none requires a login before consent',
      'checkLogin(server, authorization, userId, login.at)', ''
    ]
  ),
  ...of(
    'silent-authorization.ts', 'login.ts',
    [
      'prompt=none needs the consent of the user',
      'await mustAsk(server, authorization, userId)', 'false'
    ],
    [
      'prompt=none keeps the time of the login', 'authTime: login.at',
      'authTime: server.core.options.now()'
    ]
  ),
  ...of(
    'decision.ts', 'login.ts',
    ['only the user of the hint may decide', 'expectedUser !== userId', 'false'],
    [
      'a decision needs the login that the client asks for',
      'checkLogin(server, authorization, userId, authTime)', ''
    ]
  ),
  ...of(
    'authorization.ts', 'login.ts',
    [
      'the page remembers the user of the hint',
      'expectedUser: claims.expected_user as string | undefined', 'expectedUser: undefined'
    ]
  ),
  ...of(
    'authorization-request.ts', 'login.ts',
    [
      'a hint that is no ID token of the client is refused',
      'hint !== undefined && expectedUser === undefined', 'false'
    ]
  ),
  ...of(
    'consent.ts', 'login.ts',
    [
      'max_age requires a recent login', 'core.options.now() - authTime <= maxAge * 1000', 'true'
    ],
    ['prompt=login requires a new login', "words(prompt).includes('login')", 'false']
  ),
  ...of(
    'redirect.ts', 'authorize.ts',
    [
      'an error has the state of its request', 'description, state, iss: endpoints.issuer',
      'description, iss: endpoints.issuer'
    ],
    [
      'an error names the issuer', 'description, state, iss: endpoints.issuer',
      'description, state, iss: redirectUri'
    ]
  ),
  ...of(
    'redirect.ts', 'tokens.ts',
    [
      'a code comes with the state of its request', '{ code, state, iss: endpoints.issuer }',
      '{ code, iss: endpoints.issuer }'
    ],
    [
      'a code names the issuer', '{ code, state, iss: endpoints.issuer }',
      '{ code, state, iss: redirectUri }'
    ]
  ),
  {
    check: 'openid: a hint is an ID token of the same client',
    file: 'plugin/tokens/jwt.ts',
    edits: [['{ ...rules, audience, leeway }', '{ ...rules, audience: undefined, leeway }']],
    tests: ['test/integration/openid-conformance/login.ts']
  }
]
