// In your app: from 'fastify-simplejwt/oauth'
import type { OAuthClient } from '../plugin/oauth/index.ts'

/** The scopes, each with the text that the consent page shows. */
export const scopes = {
  openid: 'Know who you are',
  profile: 'See your user name',
  'photos:read': 'See your photos',
  'reports:write': 'Write reports'
}

/** The hash of the secret in README.md. It is for teaching only, like the password `123`. */
const PUBLIC_SECRET_HASH = 'sha256:VBJjbH1x-yxeMLihOkNMz5cWQe4ggtyr3FtIZfyCSl4'

/**
 * Photo Printer is a page without a secret. The lesson plays it too. Nightly Report is a program
 * without a user, and Photo API a resource server.
 */
export const clients: OAuthClient[] = [
  {
    id: 'photo-printer',
    name: 'Photo Printer',
    redirectUris: [
      'http://127.0.0.1:8002/callback', 'http://localhost:8002/callback',
      'http://127.0.0.1:8000/oauth.html', 'http://localhost:8000/oauth.html',
      'https://127.0.0.1:8443/oauth.html', 'https://localhost:8443/oauth.html'
    ],
    scopes: ['openid', 'profile', 'photos:read']
  },
  {
    id: 'nightly-report',
    name: 'Nightly Report',
    secretHash: PUBLIC_SECRET_HASH,
    grants: ['client_credentials'],
    scopes: ['reports:write']
  },
  {
    id: 'photo-api',
    name: 'Photo API',
    secretHash: PUBLIC_SECRET_HASH,
    grants: [],
    introspects: true
  }
]
