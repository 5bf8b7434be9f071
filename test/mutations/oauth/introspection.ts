import { caughtByEach } from '../caught-by.ts'
import type { Mutation } from '../list.ts'

const of = caughtByEach({
  name: 'oauth introspection', source: 'plugin/oauth', tests: 'test/oauth'
})

/** Checks of the introspection endpoint. */
export const oauthIntrospectionMutations: Mutation[] = [
  ...of('introspection.ts',
    [
      'a token of a revoked session is inactive', 'await isSessionLive(server, claims) && ', '',
      'introspection-inactive.ts'
    ],
    [
      'introspection asks the store', 'session !== null && sessions.isLive(session)',
      '!await isRevoked(claims)', 'introspection-inactive.ts'
    ],
    [
      'a token of an unknown session is inactive', 'session !== null && sessions.isLive(session)',
      'session === null || sessions.isLive(session)', 'introspection-inactive.ts'
    ],
    [
      'a token of a session that has ended is inactive', 'sessions.isLive(session)',
      'session.revokedAt === null', 'introspection-inactive.ts'
    ],
    [
      'a token of a client that is gone is inactive', 'client === null || scope === undefined ? []',
      'client === null ? [String(scope)] : scope === undefined ? []', 'introspection-inactive.ts'
    ],
    [
      'introspection shows no scope that the client has lost', 'remainingScopes(client, scope)',
      "scope.split(' ')", 'introspection-inactive.ts'
    ],
    [
      'a token without scopes is inactive', 'scopes.length === 0 ? null : ', '',
      'introspection-inactive.ts'
    ],
    [
      'a token of a user who is gone is inactive',
      ' && await isUserActive(server, claims, request)', '', 'introspection-inactive.ts'
    ],
    [
      'a token for each resource is active', 'verifyAccess(token, options.resources)',
      'verifyAccess(token)', 'introspection.ts'
    ],
    [
      'a token of a client is active for each resource', "'client', options.resources",
      "'client'", 'introspection.ts'
    ],
    [
      'a refresh token of a user is never active', 'tokens.verifyAccess(token, options.resources)',
      'tokens.verifyAny(token) as AccessClaims', 'introspection-inactive.ts'
    ],
    [
      'a refresh token of an app is never active',
      "tokens.verifyForClient(token, 'client', options.resources)",
      `[tokens.verifyForClient(token, 'client', options.resources),
        tokens.verifyForClient(token, 'grant', 'https://id.example/oauth/token')]
        .find(each => typeof each !== 'string') ?? 'Token is invalid'`, 'introspection-inactive.ts'
    ],
    [
      'introspection shows no custom claim', 'active: true,\n    token_type',
      '...claims,\n    active: true,\n    token_type', 'introspection.ts'
    ],
    [
      'introspection names the user, under any userIdClaim',
      "claims.token_type === 'client' ? claims.sub : claims.user_id", 'claims.sub',
      'introspection.ts'
    ],
    [
      'one address does not fill the store with introspections',
      'await server.core.inShare(request, async () =>', 'await (async work => work())(async () =>',
      'routes/introspect.ts'
    ]),
  ...of('routes/introspect.ts',
    [
      'only a resource server introspects', '!client.introspects', 'false', 'routes/introspect.ts'
    ],
    [
      'refused introspections count', 'countRefusals(server.limitByAddress)', '[]',
      'routes/introspect.ts'
    ],
    [
      'no page reads an introspection', 'onRequest: countRefusals(server.limitByAddress)',
      `onRequest: [countRefusals(server.limitByAddress), (_request, reply, done) => {
        reply.header('access-control-allow-origin', '*')
        done()
      }]`, 'routes/introspect.ts'
    ])
]
