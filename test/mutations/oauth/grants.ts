import { caughtByOne } from '../caught-by.ts'
import type { Mutation } from '../list.ts'

const of = caughtByOne({ name: 'oauth', source: 'plugin/oauth', tests: 'test/oauth' })

/** Takes tokens of any audience. */
const ofAnyAudience = (check: string, test: string): Mutation => ({
  check: `oauth: ${check}`,
  file: 'plugin/tokens/jwt.ts',
  edits: [['{ ...rules, audience, leeway }', '{ ...rules, audience: undefined, leeway }']],
  tests: [`test/oauth/${test}`]
})

/** Checks of codes and of the refresh tokens of apps. */
export const oauthGrantMutations: Mutation[] = [
  ofAnyAudience('a code is taken at its token endpoint only', 'code.ts'),
  ofAnyAudience('a refresh token is taken at its token endpoint only', 'refresh-grant.ts'),
  ...of(
    'code.ts', 'code.ts',
    [
      'a code is bound to its client',
      'code.client_id !== client.id', 'false'
    ],
    [
      'a code is bound to its redirect_uri', 'redirectUri !== code.redirect_uri',
      '!redirectUri.startsWith(code.redirect_uri)'
    ],
    [
      'a code needs its verifier', "!isVerifierOf(code.code_challenge, form.get('code_verifier'))",
      "form.get('code_verifier') !== undefined && " +
        "!isVerifierOf(code.code_challenge, form.get('code_verifier'))"
    ],
    [
      'a code needs the right verifier',
      "!isVerifierOf(code.code_challenge, form.get('code_verifier'))",
      "form.get('code_verifier') === undefined"
    ],
    ['a code is bound to its resource', 'checkResource(server, form, code.resource)', ''],
    [
      'each of several resources is checked', '.every(asked => asked === resource)',
      '.slice(0, 1).every(asked => asked === resource)'
    ],
    [
      'a code for a removed resource is refused', '!options.resources.includes(resource)', 'false'
    ],
    [
      'a code has the id of its session', 'jti: session.jti', "jti: 'x'"
    ]
  ),
  ...of(
    'code-grant.ts', 'code-grant.ts',
    [
      'a fault of the host spends no code',
      `const { access, idToken } = await prepare(server, code, granted, request)
        const session = await spend(server, code, request)`,
      `const session = await spend(server, code, request)
        const { access, idToken } = await prepare(server, code, granted, request)`
    ],
    [
      'a user who is gone gets no tokens for a code',
      'await userOfGrant(server, session.userId, request)', '{ id: session.userId }'
    ],
    [
      'a code gives no scope that the client has lost', 'currentScopes(granted.client, code.scope)',
      "code.scope.split(' ')"
    ]
  ),
  ...of(
    'code-grant.ts', 'code-replay.ts',
    ['a code is exchanged once', '{ reuseInterval: 0 }', '{}'],
    [
      'only a rotation gives tokens for a code', "if (outcome === 'rotated') return session",
      'return session'
    ],
    [
      'the event of a replay says that it was a code', "what: 'code' ", ''
    ],
    [
      'a replay of a code is reported',
      "reportRotation(server.core, { outcome, session, what: 'code' }, presenting, request)", ''
    ]
  ),
  ...of(
    'code-grant.ts', 'code-grant.ts',
    [
      'a withdrawn code gives no tokens',
      "if (session === null || outcome === 'ended') throw withdrawn()",
      "if (session === null) throw withdrawn()\n  if (outcome === 'ended') return session"
    ]
  ),
  ...of(
    'grant.ts', 'grant.ts',
    ['the host cannot replace a claim of an app token', '...access.custom,\n', ''],
    [
      'an access token is for its resource', 'aud: resource,',
      'aud: core.options.audience as string,'
    ],
    ['a refresh token is for the token endpoint', 'aud: endpoints.token,', 'aud: resource,'],
    ['an access token has the typ of RFC 9068', "}, 'at+jwt')", "}, 'JWT')"],
    ['an access token has its own id', 'jti: newId(),\n      aud', 'jti: session.jti,\n      aud'],
    [
      'no access token of an app outlives its session', 'Math.min(iat + lifetime, session.endsAt)',
      'iat + lifetime'
    ],
    [
      'an access token of an app lives as long as the store knows',
      'Math.min(accessTokenLifetime, session.accessLifetime)', 'accessTokenLifetime'
    ],
    [
      'a client without the grant gets no refresh token', "client.grants.has('refresh_token') &&",
      ''
    ],
    [
      'tokens that are too long spend nothing', 'if (bytes < SHORT_PAYLOAD_BYTES) return',
      'if (bytes > 0) return'
    ]
  ),
  ...of(
    'grant.ts', 'refresh-grant.ts',
    [
      'a refresh token lives for refreshTokenLifetime',
      'refreshLifetime: options.refreshTokenLifetime, ', ''
    ],
    [
      'an inactive user refreshes nothing', '|| !isActive(user as User)', ''
    ],
    ['a user who is gone refreshes nothing', '!user || ', 'user &&'],
    [
      'a refresh gives no scope that the client has lost',
      'words(scope).filter(word => client.scopes.includes(word))', 'words(scope)'
    ]
  ),
  ...of(
    'grant.ts', 'code-grant.ts',
    [
      'events name the client on an old store', '{ ...session, clientId: token.client_id }',
      'session'
    ]
  ),
  ...of(
    'refresh-grant.ts', 'refresh-grant.ts',
    [
      'a refresh token is bound to its client', 'grant.client_id !== client.id', 'false'
    ],
    ['a refresh token is bound to its resource', 'checkResource(server, form, grant.resource)', ''],
    ['a refresh widens no scope', '&& isSubset(scopes, granted)', ''],
    [
      'a refresh does not narrow the grant', 'scope: presented.scope, resource',
      "scope: scopes.join(' '), resource"
    ],
    [
      'a refusal of the user spends no refresh token',
      'const user = await userOfGrant(server, presented.user_id, request)',
      `await rotate(server, presented, request)
        const user = await userOfGrant(server, presented.user_id, request)`
    ],
    [
      'a spent refresh token gives no tokens', "if (outcome === 'reused') {", 'if (false) {'
    ],
    ['an ended session refreshes nothing', " || outcome === 'ended'", " && outcome === 'ended'"]
  )
]
