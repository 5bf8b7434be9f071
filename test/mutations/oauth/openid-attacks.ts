import { caughtByOne } from '../caught-by.ts'
import type { Mutation } from '../list.ts'

const of = caughtByOne({ name: 'openid attacks', source: 'plugin/oauth', tests: 'test/oauth' })

/** Races of logins without a page with logouts. */
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
    'service.ts', 'silent-races.ts',
    ['disconnect looks again', 'while (revoked > 0)', 'while (total < 0)']
  )
]
