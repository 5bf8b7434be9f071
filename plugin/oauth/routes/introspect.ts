import type { FastifyInstance } from 'fastify'
import { countRefusals } from '../../http/refusals.ts'
import { route } from '../../http/trailing-slash.ts'
import type { AuthorizationServer } from '../authorization-server.ts'
import { authenticatedForm } from '../client-authentication.ts'
import { oauthError } from '../errors.ts'
import { introspectToken } from '../introspection.ts'
import { refuse } from '../option-refusals.ts'
import { requiredToken } from '../parameters.ts'
import { introspectSchema } from './token-management-schemas.ts'

/** Declares the introspection endpoint (RFC 7662), for resource servers. It has no CORS headers. */
export function introspectRoute (scope: FastifyInstance, server: AuthorizationServer): void {
  route(scope, {
    method: 'POST',
    url: '/introspect',
    schema: introspectSchema,
    onRequest: countRefusals(server.limitByAddress),
    handler: async request => {
      const { client, form } = await authenticatedForm(server, request)
      if (!client.introspects) {
        throw oauthError('unauthorized_client', 'The client may not introspect tokens.')
      }
      const token = requiredToken(form)
      return introspectToken(server, token, request)
    }
  }, 'prefix', refuse)
}
