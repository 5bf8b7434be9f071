import { caughtByEach } from '../caught-by.ts'
import type { Mutation } from '../list.ts'

const of = caughtByEach({ name: 'oauth', source: 'plugin/oauth', tests: 'test' })

/** Checks of races for a code, and of what a fault or a log may leave behind. */
export const oauthRaceMutations: Mutation[] = [
  ...of('code-grant.ts',
    [
      'of exchanges at once the rotation names the winner',
      "if (outcome === 'rotated') return session", 'return session', 'integration/oauth-races.ts'
    ],
    [
      'a code is spent before its tokens are issued',
      'const session = await spend(server, code, request)',
      `const session = await server.core.sessions.current(code)
  if (session === null) throw withdrawn()
  spend(server, code, request).catch(() => {})`, 'integration/oauth-races.ts'
    ],
    [
      'exchanges at once revoke the tokens of the winner', '{ reuseInterval: 0 }', '{}',
      'integration/oauth-races.ts'
    ],
    [
      'a fault of the store or the host leaves the code good',
      `const { access, idToken } = await prepare(server, code, granted, request)
  const session = await spend(server, code, request)`,
      `const session = await spend(server, code, request)
  const { access, idToken } = await prepare(server, code, granted, request)`,
      'integration/oauth-faults.ts'
    ]),
  ...of('refresh-grant.ts',
    [
      'refreshes at once get one successor', 'rotateSession(server, presented, presenting)',
      'rotateSession(server, presented, presenting, { reuseInterval: 0 })',
      'integration/oauth-races.ts'
    ],
    [
      'a fault of the host spends no refresh token',
      `const user = await userOfGrant(server, presented.user_id, request)
  const custom = await appClaims`,
      `const session = await rotate(server, presented, request)
  const user = await userOfGrant(server, presented.user_id, request)
  return issueTokens(server, session, {
    client, scope: presented.scope, resource: presented.resource, authTime: presented.auth_time
  }, { scopes, custom: {} })
  const custom = await appClaims`, 'integration/oauth-faults.ts'
    ]),
  ...of('log-serializers.ts',
    [
      'the log has no state of a client', "request.url.replace(/\\?.*/s, '')", 'request.url',
      'oauth/log-serializers.ts', 'integration/oauth-leaks.ts'
    ])
]
