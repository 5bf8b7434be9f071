import { caughtByOne } from '../caught-by.ts'
import type { Mutation } from '../list.ts'

const of = caughtByOne({ name: 'oauth lesson', source: 'example', tests: 'test/example' })

/** Checks of the page that plays an app. */
export const oauthLessonMutations: Mutation[] = [
  ...of(
    'public/oauth-answer.js', 'oauth-answer.ts',
    [
      'an answer without a request is dropped',
      'request.state === undefined || state !== request.state', 'state !== request.state'
    ],
    [
      'an answer to a request of another tab is dropped',
      'request.state === undefined || state !== request.state', 'request.state === undefined'
    ],
    [
      'an answer of another server is dropped',
      'iss !== undefined && iss === issuer', 'iss !== undefined'
    ],
    ['an answer without iss is dropped', 'iss !== undefined && iss', 'iss']
  )
]
