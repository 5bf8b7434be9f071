import {
  WebStandardStreamableHTTPServerTransport
} from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { authInfoOf } from './auth-info.ts'
import { allowOrigins } from './origins.ts'
import type { Photos } from './photos.ts'
import { READ, mayCallTools } from './tool-scopes.ts'
import { createTools } from './tools.ts'

export interface McpSettings {
  /** Of this server. */
  origin: string
  /** Other origins whose pages may call, such as that of MCP Inspector. */
  pages: string[]
  photos: Photos
}

/** Serves the tools at `/mcp`, for users and for the apps that they have allowed. */
export async function mcp (
  app: FastifyInstance, { origin, pages, photos }: McpSettings
): Promise<void> {
  await allowOrigins(app, [origin, ...pages])

  app.post('/mcp', {
    onRequest: app.requireScope(READ), preHandler: mayCallTools(app)
  }, async (request, reply) => {
    // No state: a server for each request. Users share nothing, and any worker can answer.
    const server = createTools(photos)
    reply.raw.once('close', () => { server.close() })
    const transport = new WebStandardStreamableHTTPServerTransport()
    await server.connect(transport)
    // Fastify sends a Response with the headers that its hooks have set. A transport that writes to
    // reply.raw would lose them.
    return transport.handleRequest(
      toWebRequest(request, origin),
      { authInfo: authInfoOf(request.user), parsedBody: request.body })
  })

  // Streams of notifications and their end need sessions, which this server has not.
  app.route({
    method: ['GET', 'DELETE'],
    url: '/mcp',
    handler: async (_request, reply) => reply.code(405).header('allow', 'POST, OPTIONS').send()
  })
}

/** The headers that the transport reads. With `authorization` each tool would get the token. */
const PASSED = ['accept', 'content-type', 'mcp-protocol-version']

/** The request without its body, which Fastify has parsed. */
function toWebRequest ({ headers, url }: FastifyRequest, origin: string): Request {
  const passed = PASSED.flatMap(name => name in headers ? [[name, String(headers[name])]] : [])
  return new Request(new URL(url, origin), { method: 'POST', headers: passed })
}
