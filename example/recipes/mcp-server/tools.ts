import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import { userIdOf } from './auth-info.ts'
import type { Photos } from './photos.ts'

const answer = (text: string): CallToolResult => ({ content: [{ type: 'text', text }] })

/**
 * Builds the MCP server of one request. The user of a tool is the user of the access token, never
 * an argument: a model writes the arguments.
 */
export function createTools (photos: Photos): McpServer {
  const server = new McpServer({ name: 'photos', version: '1.0.0' })

  server.registerTool('list_photos', {
    description: 'Lists the photos of the user.',
    annotations: { readOnlyHint: true }
  }, async extra => answer(photos.of(userIdOf(extra)).join('\n')))

  server.registerTool('delete_photo', {
    description: 'Deletes a photo of the user.',
    inputSchema: { title: z.string().max(200) }
  }, async ({ title }, extra) => photos.remove(userIdOf(extra), title)
    ? answer(`Deleted ${title}.`)
    : { ...answer(`There is no photo ${title}.`), isError: true })

  return server
}
