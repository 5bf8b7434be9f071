import type { FastifyInstance } from 'fastify'
import { fromAnyOrigin } from '../../http/any-origin.ts'
import { countRefusals } from '../../http/refusals.ts'
import { route } from '../../http/trailing-slash.ts'
import type { AuthorizationServer } from '../authorization-server.ts'
import { authenticatedForm } from '../client-authentication.ts'
import { refuse } from '../option-refusals.ts'
import { requiredToken } from '../parameters.ts'
import { revokeToken } from '../revocation.ts'
import { answerPreflight } from './preflight.ts'
import { revokeSchema } from './token-management-schemas.ts'

/**
 * Declares the revocation endpoint (RFC 7009). It answers a JSON object, since some clients fail on
 * an empty body.
 */
export function revokeRoute (scope: FastifyInstance, server: AuthorizationServer): void {
  const { core, limitByAddress } = server
  const url = '/revoke'

  route(scope, {
    method: 'POST',
    url,
    schema: revokeSchema,
    onRequest: [fromAnyOrigin, countRefusals(limitByAddress)],
    handler: async request => {
      const { client, form } = await authenticatedForm(server, request)
      const token = requiredToken(form)
      const isOwn = await core.inShare(request, () => revokeToken(server, client, token, request))
      // The id of a public client is no proof, and the answer to a guess is not a refusal.
      if (!isOwn && client.secretHash === undefined) await limitByAddress(request)
      return {}
    }
  }, 'prefix', refuse)
  answerPreflight(scope, url, 'POST', 'authorization, content-type')
}
