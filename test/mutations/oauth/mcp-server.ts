/* eslint no-template-curly-in-string: off -- the texts are pieces of source. */
import { caughtByOne } from '../caught-by.ts'
import type { Mutation } from '../list.ts'

const of = caughtByOne({
  name: 'recipe of an MCP server',
  source: 'example/recipes/mcp-server',
  tests: 'test/recipes/frameworks'
})
const REQUESTS = 'mcp-requests.ts'

/** Checks of the MCP server of the recipes. Their tests need the build. */
export const mcpServerMutations: Mutation[] = [
  ...of(
    'login.ts', REQUESTS,
    ['tokens are for the MCP endpoint only', 'audience: `${origin}/mcp`', 'audience: origin'],
    [
      'a refusal names the way to the login',
      'resourceMetadata: `${origin}/.well-known/oauth-protected-resource/mcp`,',
      ''
    ],
    ['a client may have a metadata document', ', metadataDocuments: true', '']
  ),
  ...of(
    'mcp.ts', REQUESTS,
    ['each request needs a token', 'onRequest: app.requireScope(READ), ', ''],
    ['an app needs the scope for photos', 'app.requireScope(READ)', 'app.requireScope(\'any\')'],
    ['a tool that needs more asks for it', 'preHandler: mayCallTools(app)', ''],
    ['unknown pages are refused', 'await allowOrigins(app, [origin, ...pages])', '']
  ),
  ...of(
    'mcp.ts', 'mcp-tools.ts',
    [
      'no header brings the tools the token', '\'content-type\',',
      '\'content-type\', \'authorization\','
    ],
    ['the server of a request closes', 'reply.raw.once(\'close\', () => { server.close() })', '']
  ),
  ...of(
    'tool-scopes.ts', REQUESTS,
    ['each message of a batch counts', 'Array.isArray(body) ? body : [body]', '[body].flat(0)'],
    [
      'a refusal names all scopes of the call', 'app.requireScope(READ, ...scopes)',
      'app.requireScope(...scopes)'
    ]
  ),
  ...of(
    'origins.ts', REQUESTS,
    ['only listed origins may call', 'origins.includes(origin)', 'origin.startsWith(\'http\')'],
    ['a page can read the challenge', ', exposedHeaders: EXPOSED', '']
  ),
  ...of(
    'auth-info.ts', 'mcp-tools.ts',
    [
      'a tool without a user fails',
      'throw new Error(\'No user. Guard the route of the MCP server.\')',
      'return \'1\''
    ],
    ['no tool gets the token', 'token: \'\'', 'token: client ?? \'\'']
  ),
  ...of(
    'tools.ts', 'mcp-server.ts',
    [
      'no argument selects another user',
      'annotations: { readOnlyHint: true } }, async extra => answer(photos.of(userIdOf(extra))',
      'inputSchema: { user_id: z.string().optional() } }, ' +
        'async ({ user_id: id }, extra) => answer(photos.of(id ?? userIdOf(extra))'
    ]
  )
]
