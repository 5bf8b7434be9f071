import { caughtByOne } from '../caught-by.ts'
import type { Mutation } from '../list.ts'

const of = caughtByOne({ name: 'openid attacks', source: 'plugin/oauth', tests: 'test/oauth' })

/** Attacks on OpenID Connect, and races of logins without a page with logouts. */
export const oauthOpenIdAttackMutations: Mutation[] = [
  ...of(
    'silent-authorization.ts', 'silent-races.ts',
    [
      'prompt=none sees a logout meanwhile',
      'if (still === null || userIdOf(still.user) !== userId) throw loginRequired()', ''
    ],
    [
      'prompt=none sees another user meanwhile',
      '|| userIdOf(still.user) !== userId', ''
    ],
    [
      'prompt=none sees that consent is withdrawn meanwhile',
      `          await checkConsent(server, authorization, userId)
        }`,
      '        }'
    ]
  ),
  ...of(
    'consent.ts', 'silent-races.ts',
    ['a code that waits is no consent', 'rotatedAt !== null &&', '']
  ),
  ...of(
    'userinfo.ts', 'userinfo.ts',
    [
      'no toJSON of the host replaces sub',
      "refuseUnclaimable(given, 'the result of userinfo()')", ''
    ]
  ),
  ...of(
    'find-client.ts', 'find-client.ts',
    ['no client of the option has the audience as its id', 'client.id === audience', 'false'],
    ['no client of the host has the audience as its id', 'id === audience) refuseAnswer',
      'false) refuseAnswer']
  ),
  ...of(
    'resolve-options.ts', 'resolve-options.ts',
    ['the id of a client is compared with the audience', '[...scopes.keys()]), audience)',
      '[...scopes.keys()]))']
  ),
  ...of(
    'service.ts', 'silent-races.ts',
    ['disconnect looks again', 'while (revoked > 0)', 'while (total < 0)']
  )
]
