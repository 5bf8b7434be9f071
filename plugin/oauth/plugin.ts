import type { FastifyInstance } from 'fastify'
import type { Registration } from '../registration.ts'
import { registrationOf } from '../service/registration-of.ts'
import { createAuthorizationServer } from './authorization-server.ts'
import type { FindClient } from './clients.ts'
import { isDocumentUrl } from './documents/document-url.ts'
import type { FetchDocument } from './documents/fetch-document.ts'
import { createMetadataDocuments } from './documents/metadata-documents.ts'
import { endpointsOf, jwksPathOf } from './endpoints.ts'
import type { OAuthOptions } from './options.ts'
import {
  type ResolvedOAuthOptions, requireKeyPair, resolveOAuthOptions
} from './resolve-options.ts'
import { registerOAuthRoutes } from './routes/oauth-routes.ts'
import { createOAuthService } from './service.ts'

/** Returns the plugin, which fetches metadata documents of clients by `fetchDocument`. */
export const createOAuthPlugin = (fetchDocument: FetchDocument) =>
  async (app: FastifyInstance, given: OAuthOptions): Promise<void> => {
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
    const findClient = findClientFor(app, core, options, fetchDocument)
    const server = createAuthorizationServer(core, { ...options, findClient }, endpoints)
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

/** Looks up the clients of the host, and those that metadata documents describe. */
function findClientFor (
  app: FastifyInstance,
  core: Registration,
  { findClient, allowDocument, resources, scopes }: ResolvedOAuthOptions,
  fetchDocument: FetchDocument
): FindClient {
  if (allowDocument === undefined) return findClient
  const documents = createMetadataDocuments({
    fetchDocument,
    allow: allowDocument,
    scopes: Object.freeze([...scopes.keys()]),
    now: core.options.now,
    log: app.log
  })
  // Fastify calls onClose only after all requests have their answers.
  app.addHook('preClose', async () => documents.close())
  return async (id, beforeFetch) => {
    if (!isDocumentUrl(id)) return findClient(id)
    // The ID tokens of such a client would be for the audience of access tokens.
    return resources.includes(id) ? null : documents.find(id, beforeFetch)
  }
}
