/* eslint no-template-curly-in-string: off -- the texts are pieces of source. */
import { caughtByOne } from './caught-by.ts'
import type { Mutation } from './list.ts'

const of = caughtByOne({ name: 'client', source: 'plugin/client', tests: 'test/client' })

/** Checks of the browser client that a test in Node can miss. */
export const clientMutations: Mutation[] = [
  ...of(
    'authorized-fetch.ts', 'fetch.ts',
    [
      'another origin gets no token',
      'if (!isTrusted || headers.has(\'authorization\'))',
      'if (headers.has(\'authorization\'))'
    ],
    [
      'an Authorization of the caller stays',
      'if (!isTrusted || headers.has(\'authorization\'))',
      'if (!isTrusted)'
    ],
    [
      'a 401 of a route makes no refresh',
      '?.includes(\'invalid_token\') ?? reply.type === \'cors\'',
      ' !== undefined'
    ],
    ['a stream is sent once', 'if (isUnrepeatable || !access())', 'if (!access())'],
    [
      'a call is sent at most twice',
      'return go(target)',
      'const again = await go(request ? request.clone() : target)\n' +
        'return again.status === 401 ? go(target) : again'
    ]
  ),
  ...of(
    'authorized-fetch.ts', 'login.ts',
    [
      'no call of one user is sent as another',
      'if (userId && (user()?.[userIdClaim] ?? userId) !== userId)',
      'if (userId === null)'
    ]
  ),
  ...of(
    'abort.ts', 'trouble.ts',
    [
      'a caller that aborts does not wait',
      'return Promise.race([promise, abortion])',
      'return promise'
    ]
  ),
  ...of(
    'answer.ts', 'refusals.ts',
    [
      'a page of a captive portal is no answer',
      'if (status === 200 || status === 401) throw cause',
      'if (status === 401) throw cause'
    ],
    [
      'a 401 of a proxy logs no user out',
      'if (status === 200 || status === 401) throw cause',
      'if (status === 200) throw cause'
    ]
  ),
  ...of(
    'answer.ts', 'sessions.ts',
    [
      'a request without an answer is no success',
      'if (!status || (status > 299 && status !== alsoStatus))',
      'if (status && status > 299 && status !== alsoStatus)'
    ]
  ),
  ...of(
    'retry.ts', 'refusals.ts',
    [
      'a refresh gives up after eight seconds',
      'startedMs > PATIENCE_MS',
      'startedMs > 10 * PATIENCE_MS'
    ],
    ['a refresh follows Retry-After', 'retryAfter * 1000', '0'],
    ['a refresh is sent again after a status of 429', '&& status !== 429', '']
  ),
  ...of(
    'lock.ts', 'locks.ts',
    ['a lock that does not come is passed by', 'LOCK_WAIT_MS = 5000', 'LOCK_WAIT_MS = 50_000'],
    ['a lock that is refused is passed by', '.catch(enter)', '.catch(() => {})'],
    ['the lock is kept until the message is there', 'await sleep(LINGER_MS)', '']
  ),
  ...of(
    'refresh-token.ts', 'storage.ts',
    [
      'a storage that throws loses no login',
      'last = unwritten ?? await place.getItem(key as string)\n    } catch {}',
      'last = unwritten ?? await place.getItem(key as string)\n    } finally {}'
    ],
    [
      'a storage that cannot be read loses no login',
      'return last\n',
      'return unwritten ?? await place.getItem(key as string)\n'
    ],
    [
      'nothing comes between the look and the write',
      'next => inTurn(async () => {',
      'next => createQueue()(async () => {'
    ]
  ),
  ...of(
    'login.ts', 'storage.ts',
    [
      'a reply overwrites no token of another tab',
      'stored => stored === sent ? tokens.refresh : undefined',
      '() => tokens.refresh'
    ],
    [
      'a refusal clears only the token that was sent',
      'stored => sent && stored === sent ? null : undefined',
      '() => null'
    ],
    [
      'a token that could not be read is not removed',
      'stored => sent && stored === sent ? null : undefined',
      'stored => stored === sent ? null : undefined'
    ],
    [
      'a message overwrites no other session',
      'stored => sid !== sidOf(stored) || isOlder(refresh, stored) ? undefined : refresh',
      '() => refresh'
    ]
  ),
  ...of(
    'login.ts', 'refusals.ts',
    [
      'only a 401 logs out',
      'if (answer.status === 401) {',
      'if (answer.status !== 200) {'
    ],
    [
      'JSON without tokens is no login',
      'if (!sidOf(tokens?.access)) throw refusal({ cause: answer })',
      ''
    ]
  ),
  ...of(
    'login.ts', 'refresh-once.ts',
    [
      'many calls make one refresh',
      'refreshing ??= lock(',
      'refreshing = lock('
    ],
    [
      'a token that was replaced meanwhile is not refreshed',
      'async function refresh (seen = access): Promise<void> {\n    if (access !== seen) return',
      'async function refresh (seen = access): Promise<void> {\n    seen = access'
    ],
    [
      'the clock of the server is not read',
      'requestedMs + lifetimeOf(tokens.access)',
      'JSON.parse(atob(tokens.access.split(\'.\')[1] as string)).exp * 1000'
    ],
    [
      'a call goes on if an early refresh fails',
      'const refreshed = refresh().catch(() => {})',
      'const refreshed = refresh()'
    ]
  ),
  ...of(
    'login.ts', 'logout.ts',
    [
      'a logout is the server\'s',
      'successOf(await retry(() => post(\'blacklist\', token && { refresh: token })), 401)',
      'post(\'blacklist\', token && { refresh: token }).catch(() => {})'
    ]
  ),
  {
    check: 'client: a reply from before a logout is not heeded',
    file: 'plugin/client/login.ts',
    edits: [['if (epoch !== before) return', ''], ['isOurs && epoch === before', 'isOurs']],
    tests: ['test/client/logout.ts']
  },
  ...of(
    'login.ts', 'listeners.ts',
    [
      'a refresh calls no listener',
      'if (JSON.stringify(now) === JSON.stringify(user)) return',
      ''
    ]
  ),
  ...of(
    'login.ts', 'tabs.ts',
    [
      'an older message is not heeded',
      'if (!isOlder(next, access) && (inCookie || sid === sidOf(stored)))',
      'if (inCookie || sid === sidOf(stored))'
    ],
    [
      'a tab with another session is not heeded',
      'if (!isSame && !inCookie && sid !== sidOf(await readToken())) return',
      ''
    ],
    [
      'a logout without a session ends no other',
      'sid && sid === sidOf(access)',
      'sid === sidOf(access)'
    ]
  ),
  ...of(
    'tabs.ts', 'tabs.ts',
    [
      'a message of unknown form is harmless',
      'receive(data).catch(() => {})',
      'receive(data)'
    ]
  ),
  ...of(
    'login.ts', 'login.ts',
    [
      'a login in the other mode is refused',
      'if (inCookie !== !tokens.refresh) {',
      'if (tokens.refresh === null) {'
    ]
  )
]
