import type { OAuthService } from './options.ts'

export type {
  ApprovalOptions, AuthorizationDetails, Grant, GrantContext, OAuthClient, OAuthOptions,
  OAuthService
} from './options.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Decisions about authorization requests, for a consent page of the app. */
    oauth: OAuthService
  }
}
