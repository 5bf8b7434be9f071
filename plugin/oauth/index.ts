import fp from 'fastify-plugin'
import { createFetchDocument } from './documents/fetch-document.ts'
import type { OAuthService } from './options.ts'
import { createOAuthPlugin } from './plugin.ts'

export type {
  ApprovalOptions, AuthorizationDetails, Grant, GrantContext, LoggedIn, OAuthClient,
  OAuthOptions, OAuthService
} from './options.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Decisions about authorization requests, for a consent page of the app. */
    oauth: OAuthService
  }
}

/**
 * An authorization server (OAuth 2.1) on the sessions and keys of fastify-simplejwt: authorization
 * codes with PKCE, refresh tokens of apps, client credentials, and metadata.
 */
export const oauth = fp(
  createOAuthPlugin(createFetchDocument()), { fastify: '5.x', name: 'fastify-simplejwt-oauth' })
export default oauth
