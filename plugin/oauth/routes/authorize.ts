import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { fromNoOtherOrigin } from '../../http/any-origin.ts'
import { route } from '../../http/trailing-slash.ts'
import { mintAuthorization } from '../authorization.ts'
import { checkAuthorizationRequest, returnAddressOf } from '../authorization-request.ts'
import type { AuthorizationServer } from '../authorization-server.ts'
import { invalidRequest } from '../errors.ts'
import { refuse } from '../option-refusals.ts'
import { type Parameters, readParameters } from '../parameters.ts'
import { redirectTo, refusalUrl } from '../redirect.ts'
import { withParameters } from '../redirect-uris.ts'
import { words } from '../scopes.ts'
import { authorizeSilently } from '../silent-authorization.ts'
import { authorizeSchema } from './schemas.ts'

/** The request travels through the consent page in a URL. */
const MAX_BYTES = 4096

/** Declares the authorization endpoint (RFC 6749 section 3.1), for GET and for a form. */
export function authorizeRoute (scope: FastifyInstance, server: AuthorizationServer): void {
  const common = {
    url: '/authorize',
    onRequest: server.limitByAddress,
    // RFC 9700 section 2.6: this endpoint must not support CORS.
    onSend: fromNoOtherOrigin
  }

  route(scope, {
    ...common,
    method: 'GET',
    schema: authorizeSchema,
    handler: (request, reply) =>
      authorize(server, readParameters(queryOf(request)), request, reply)
  }, 'prefix', refuse)
  route(scope, {
    ...common,
    method: 'POST',
    bodyLimit: MAX_BYTES,
    schema: { hide: true } as object,
    handler: (request, reply) => authorize(server, request.body as Parameters, request, reply)
  }, 'prefix', refuse)
}

/** Sends the browser to the consent page with the checked request, or back with an error. */
async function authorize (
  server: AuthorizationServer, parameters: Parameters, request: FastifyRequest, reply: FastifyReply
): Promise<FastifyReply> {
  const address = await returnAddressOf(server, parameters)
  const checked = checkAuthorizationRequest(server, address, parameters)
  if ('error' in checked) return redirectTo(reply, refusalUrl(server, address, checked))
  if (words(checked.prompt).includes('none')) {
    return redirectTo(reply, await authorizeSilently(server, checked, request))
  }
  const authorization = mintAuthorization(server, checked)
  return redirectTo(reply, withParameters(server.options.interactionUrl, { authorization }))
}

function queryOf ({ url }: FastifyRequest): string {
  const start = url.indexOf('?')
  const query = start === -1 ? '' : url.slice(start + 1)
  if (Buffer.byteLength(query) <= MAX_BYTES) return query
  throw invalidRequest(`The query must have at most ${MAX_BYTES} bytes.`)
}
