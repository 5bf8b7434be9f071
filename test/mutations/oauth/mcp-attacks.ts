import { caughtByOne } from '../caught-by.ts'
import type { Mutation } from '../list.ts'

const GROUP = { name: 'attacks on MCP logins', source: 'plugin/oauth', tests: 'test/oauth' }
const of = caughtByOne(GROUP)

const FETCH = 'documents/fetch-document.ts'

/** Checks that attacks on the running server have found missing. */
export const oauthMcpAttackMutations: Mutation[] = [
  ...of(
    FETCH, FETCH,
    ['a fetch ends with its connection', ".once('close', () =>", ".once('pipe', () =>"]
  )
]
