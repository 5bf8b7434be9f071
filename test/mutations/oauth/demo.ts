import { type Edit, caughtByOne } from '../caught-by.ts'
import type { Mutation } from '../list.ts'

const group = caughtByOne({ name: 'oauth demo', source: 'example', tests: 'test/example' })

/** The test has the name of the source. */
const of = (file: string, ...edits: Edit[]): Mutation[] => group(file, file, ...edits)

/** Checks of the consent page and of the routes for apps that a test in Node can miss. */
export const oauthDemoMutations: Mutation[] = [
  ...of(
    'connect.ts',
    ['no page can frame the consent page', '"frame-ancestors \'none\'"', '\'\''],
    ['an old browser frames it neither', '\'DENY\'', '\'SAMEORIGIN\''],
    ['the consent page loads nothing from elsewhere', 'default-src \'none\'', 'default-src *']
  ),
  ...of(
    'photos.ts',
    [
      'an app needs the scope for photos', 'app.requireScope(\'photos:read\')', 'app.requireScope()'
    ],
    [
      'a page of another origin can read a refusal',
      '[openToOrigins, app.requireScope(\'photos:read\')]',
      '[app.requireScope(\'photos:read\'), openToOrigins]'
    ],
    [
      'a page of another origin sends no cookie',
      'reply.header(\'access-control-expose-headers\', \'www-authenticate\')',
      'reply.header(\'access-control-allow-credentials\', \'true\')'
    ]
  ),
  ...of(
    'logger.ts',
    ['no code is in the log', 'url.replace(/\\?.*/s, \'\')', 'url']
  )
]
