import { caughtByEach } from '../caught-by.ts'
import type { Mutation } from '../list.ts'

const of = caughtByEach({ name: 'oauth revocation', source: 'plugin', tests: 'test' })

/** Checks of the revocation endpoint. */
export const oauthRevocationMutations: Mutation[] = [
  ...of('oauth/revocation.ts',
    [
      'an app revokes no token of another', 'presented.client_id !== client.id', 'false',
      'oauth/revocation-refusals.ts'
    ],
    [
      'a token of client credentials is not said to be revoked',
      "presented.token_type === 'client'", 'false', 'oauth/revocation-refusals.ts'
    ],
    [
      'revocations count by session',
      "await core.rateLimiter.refreshPerSession('oauth', presented, request)",
      '', 'oauth/revocation.ts'
    ],
    [
      'an access token of an app revokes its session',
      'await revokeSession(core, { sid, userId, clientId }, request)', '', 'oauth/revocation.ts'
    ],
    [
      'a revocation by an access token names the client', '{ sid, userId, clientId }',
      '{ sid, userId }', 'oauth/revocation.ts'
    ],
    [
      'a revocation by a refresh token names the client', '{ ...session, clientId }', 'session',
      'oauth/revocation.ts'
    ],
    [
      'the revocation of a spent refresh token is reported as reuse',
      'clientId }, jti, request)', 'clientId }, session.jti, request)', 'oauth/revocation.ts'
    ],
    [
      'a refresh token of an app revokes its session',
      'await revokePresented(core, { ...session, clientId }, jti, request)',
      '', 'oauth/revocation.ts'
    ],
    [
      'a session that has ended is not reported as reuse', ' || !core.sessions.isLive(session)',
      '', 'oauth/revocation-refusals.ts'
    ],
    [
      'a refresh token for another server revokes nothing', "'grant', endpoints.token",
      "'grant', [endpoints.token, ...options.resources]", 'oauth/revocation-refusals.ts'
    ],
    [
      'a token for each resource is revoked', 'verifyAccess(token, options.resources)',
      'verifyAccess(token)', 'oauth/revocation-refusals.ts'
    ],
    [
      'a token of client credentials is known for each resource', "'client', options.resources",
      "'client'", 'oauth/revocation-refusals.ts'
    ]),
  ...of('sessions/lifecycle.ts',
    [
      'a refresh token of an app that was just spent is no reuse',
      'rules.rotateRefreshTokens || clientId !== null', 'rules.rotateRefreshTokens',
      'oauth/revocation.ts'
    ]),
  ...of('tokens/claims.ts',
    [
      'a list of audiences is a list of whole names', 'expected.includes(aud)',
      'expected.some(each => aud.startsWith(each))', 'tokens/kinds.ts'
    ]),
  ...of('oauth/parameters.ts',
    [
      'revocation and introspection need a token', 'if (token === undefined) throw',
      'if (!form) throw', 'oauth/parameters.ts', 'oauth/routes/revoke.ts'
    ]),
  ...of('oauth/routes/revoke.ts',
    [
      'pages of any origin may revoke', '[fromAnyOrigin, ', '[', 'oauth/routes/revoke.ts'
    ],
    [
      'pages of any origin may send credentials to revoke',
      "answerPreflight(scope, url, 'POST', 'authorization, content-type')",
      '', 'oauth/routes/revoke.ts'
    ],
    [
      'refused revocations count', ', countRefusals(limitByAddress)', '',
      'oauth/routes/revoke.ts'
    ],
    [
      'one address does not fill the store with revocations',
      'core.inShare(request, () => revokeToken(server, client, token, request))',
      'revokeToken(server, client, token, request)', 'oauth/routes/revoke.ts'
    ],
    [
      'guesses of a public client count', 'if (!isOwn && client.secretHash === undefined)',
      'if (client.id === url)', 'oauth/routes/revoke.ts'
    ],
    [
      'revocations of a client with a secret do not count',
      'if (!isOwn && client.secretHash === undefined)', 'if (!isOwn)', 'oauth/routes/revoke.ts'
    ],
    [
      'a revocation is answered by JSON', 'return {}', "return ''", 'oauth/routes/revoke.ts'
    ])
]
