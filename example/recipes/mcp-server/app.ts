import fastify, { type FastifyInstance } from 'fastify'
import { type LoginSettings, login } from './login.ts'
import { type McpSettings, mcp } from './mcp.ts'
import { pages } from './pages.ts'

export type Settings = LoginSettings & McpSettings

/** Builds an MCP server whose tools are for the user who has logged in. */
export async function buildMcpApp (settings: Settings): Promise<FastifyInstance> {
  const app = fastify()
  await login(app, settings)
  await app.register(pages, settings)
  await app.register(mcp, settings)
  return app
}
