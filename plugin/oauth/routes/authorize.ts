import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { route } from '../../http/trailing-slash.ts'
import { mintAuthorization } from '../authorization.ts'
import { checkAuthorizationRequest, returnAddressOf } from '../authorization-request.ts'
import type { AuthorizationServer } from '../authorization-server.ts'
import { invalidRequest } from '../errors.ts'
import { type Parameters, readParameters } from '../parameters.ts'
import { errorUrl, redirectTo } from '../redirect.ts'
import { withParameters } from '../redirect-uris.ts'
import { words } from '../scopes.ts'
import { authorizeSchema } from './schemas.ts'

/** The request travels through the consent page in a URL. */
const MAX_QUERY_BYTES = 4096

/** Declares the authorization endpoint (RFC 6749 section 3.1), for GET and for a form. */
export function authorizeRoute (scope: FastifyInstance, server: AuthorizationServer): void {
  const onRequest = [server.limitByAddress]
  const url = '/authorize'

  route(scope, {
    method: 'GET',
    url,
    schema: authorizeSchema,
    onRequest,
    handler: (request, reply) => authorize(server, readParameters(queryOf(request)), reply)
  })
  route(scope, {
    method: 'POST',
    url,
    schema: { hide: true } as object,
    onRequest,
    handler: (request, reply) => authorize(server, request.body as Parameters, reply)
  })
}

/** Sends the browser to the consent page with the checked request, or back with an error. */
async function authorize (
  server: AuthorizationServer, parameters: Parameters, reply: FastifyReply
): Promise<FastifyReply> {
  const address = await returnAddressOf(server, parameters)
  const checked = checkAuthorizationRequest(server, address, parameters)
  if ('error' in checked) return redirectTo(reply, errorUrl(server, address, checked))
  if (words(checked.prompt).includes('none')) {
    return redirectTo(reply, errorUrl(server, address, LOGIN_REQUIRED))
  }
  const authorization = mintAuthorization(server, checked)
  return redirectTo(reply, withParameters(server.options.interactionUrl, { authorization }))
}

/** No cookie tells this endpoint who is logged in. */
const LOGIN_REQUIRED =
  { error: 'login_required', description: 'The user must log in.' } as const

function queryOf ({ url }: FastifyRequest): string {
  const start = url.indexOf('?')
  const query = start === -1 ? '' : url.slice(start + 1)
  if (Buffer.byteLength(query) <= MAX_QUERY_BYTES) return query
  throw invalidRequest(`The query must have at most ${MAX_QUERY_BYTES} bytes.`)
}
