import { caughtByOne } from '../caught-by.ts'
import type { Mutation } from '../list.ts'

const of = caughtByOne({ name: 'mcp conformance', source: 'plugin', tests: 'test' })

/** Checks that clients of MCP depend on. */
export const oauthMcpConformanceMutations: Mutation[] = [
  ...of(
    'oauth/authorization-request.ts', 'oauth/authorization-request.ts',
    [
      'a request without a scope asks for those of the client', 'return asked === undefined',
      'return asked === null'
    ],
    ['a login must be asked for', 'scopes.filter(scope => scope !== OPENID)', '[...scopes]']
  )
]
