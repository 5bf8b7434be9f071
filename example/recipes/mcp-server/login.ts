import type { FastifyInstance } from 'fastify'
import simplejwt, { type KeyMaterial } from 'fastify-simplejwt'
import oauth from 'fastify-simplejwt/oauth'
import { clients, scopes } from './clients.ts'
import type { Users } from './users.ts'

export interface LoginSettings {
  /** Of this server, such as `https://example.com`. */
  origin: string
  /** For ES256: `npx fastify-simplejwt keygen ES256`. */
  privateKey: KeyMaterial
  users: Users
}

/**
 * Adds the login to an MCP server at `/mcp`: the token routes, the authorization server, and the
 * document by which MCP clients find it. Call it on the root scope.
 */
export async function login (
  app: FastifyInstance, { origin, privateKey, users }: LoginSettings
): Promise<void> {
  await app.register(simplejwt, {
    keys: [{ algorithm: 'ES256', privateKey }],
    issuer: origin,
    audience: `${origin}/mcp`,
    resourceMetadata: `${origin}/.well-known/oauth-protected-resource/mcp`,
    verifyCredentials: users.check
  })
  await app.register(oauth, {
    interactionUrl: '/connect', scopes, clients, metadataDocuments: true
  })
}
