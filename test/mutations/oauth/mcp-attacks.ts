import { caughtByEach, caughtByOne } from '../caught-by.ts'
import type { Mutation } from '../list.ts'

const GROUP = { name: 'attacks on MCP logins', source: 'plugin/oauth', tests: 'test/oauth' }
const each = caughtByEach(GROUP)
const of = caughtByOne(GROUP)

const FETCH = 'documents/fetch-document.ts'
const DOCUMENTS = 'documents/metadata-documents.ts'

/** Checks that attacks on the running server have found missing. */
export const oauthMcpAttackMutations: Mutation[] = [
  ...of(
    FETCH, FETCH,
    ['a fetch ends with its connection', ".once('close', () =>", ".once('pipe', () =>"]
  ),
  ...of(
    DOCUMENTS, DOCUMENTS,
    ['a kept copy serves in a flood', 'if (known !== undefined) return known.client', ''],
    ['an app with a kept copy counts no fetch', ' && copyOf(url) === undefined', ''],
    ['two counted requests share a fetch', 'return answerOf(url) ?? startFetch(url)',
      'return startFetch(url)']
  ),
  ...each(
    'client-authentication.ts',
    ['fetches count by address', 'options.findClient(id, () => limitByAddress(request))',
      'options.findClient(id)', 'routes/token.ts']
  ),
  ...each(
    'routes/introspect.ts',
    ['a slow document delays no other token', 'return introspectToken(server, token, request)',
      'return server.core.inShare(request, () => introspectToken(server, token, request))',
      'routes/introspect.ts']
  )
]
