import type { OAuthClient } from 'fastify-simplejwt/oauth'

/** The scopes, each with the text that the consent page shows. */
export const scopes = {
  'photos:read': 'See your photos',
  'photos:write': 'Delete your photos'
}

/**
 * Clients without a metadata document. Their operator types the id into the client. The port of a
 * loopback URI is free. The path is not.
 */
export const clients: OAuthClient[] = [
  {
    id: 'mcp-inspector',
    name: 'MCP Inspector',
    redirectUris: ['http://localhost/oauth/callback', 'http://localhost/oauth/callback/debug']
  },
  {
    id: 'terminal',
    name: 'Terminal',
    redirectUris: ['http://127.0.0.1/callback', 'http://localhost/callback']
  }
]
