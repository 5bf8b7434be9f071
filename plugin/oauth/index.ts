import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Registration } from '../registration.ts'
import { registrationOf } from '../service/registration-of.ts'
import { createAuthorizationServer } from './authorization-server.ts'
import { endpointsOf, jwksPathOf } from './endpoints.ts'
import type { OAuthOptions, OAuthService } from './options.ts'
import { requireKeyPair, resolveOAuthOptions } from './resolve-options.ts'
import { registerOAuthRoutes } from './routes/oauth-routes.ts'
import { createOAuthService } from './service.ts'

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

async function plugin (app: FastifyInstance, given: OAuthOptions): Promise<void> {
  const core = registrationFor(app, given.namespace)
  const decorator = given.namespace === undefined ? 'oauth' : `${given.namespace}Oauth`
  if (app.hasDecorator(decorator)) {
    throw new Error(`fastify-simplejwt/oauth: app.${decorator} exists already. Register the ` +
      'plugin once for each registration of fastify-simplejwt.')
  }
  const options = resolveOAuthOptions(given, core.options)
  core.keyChecks.push(requireKeyPair)
  const endpoints = endpointsOf(
    core.options.issuer as string, app.prefix, options.prefix, jwksPathOf(app))
  const server = createAuthorizationServer(core, options, endpoints)
  app.decorate(decorator, createOAuthService(server))
  await registerOAuthRoutes(app, server)
}

/** @throws Error if the first plugin is not registered, or not with this namespace */
function registrationFor (app: FastifyInstance, namespace: string | undefined): Registration {
  const decorator = namespace === undefined ? 'tokens' : `${namespace}Tokens`
  const registration = registrationOf((app as unknown as Record<string, unknown>)[decorator])
  if (registration !== undefined) return registration
  const which = namespace === undefined ? '' : ` with the namespace "${namespace}"`
  throw new Error(`fastify-simplejwt/oauth: register fastify-simplejwt first${which}.`)
}

/**
 * An authorization server (OAuth 2.1) on the sessions and keys of fastify-simplejwt: authorization
 * codes with PKCE, refresh tokens of apps, client credentials, and metadata.
 */
export const oauth = fp(plugin, { fastify: '5.x', name: 'fastify-simplejwt-oauth' })
export default oauth
