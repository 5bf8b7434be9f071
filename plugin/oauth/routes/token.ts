import type { FastifyInstance, FastifyRequest, onRequestHookHandler } from 'fastify'
import { fromAnyOrigin } from '../../http/any-origin.ts'
import { countRefusals } from '../../http/refusals.ts'
import { route } from '../../http/trailing-slash.ts'
import type { AuthorizationServer } from '../authorization-server.ts'
import { authenticatedForm } from '../client-authentication.ts'
import { issueToClient } from '../client-grant.ts'
import type { Client } from '../clients.ts'
import { exchangeCode } from '../code-grant.ts'
import { invalidRequest, oauthError } from '../errors.ts'
import type { TokenAnswer } from '../grant.ts'
import { refuse } from '../option-refusals.ts'
import type { Grant } from '../options.ts'
import type { Parameters } from '../parameters.ts'
import { refreshGrant } from '../refresh-grant.ts'
import { answerPreflight } from './preflight.ts'
import { tokenSchema } from './schemas.ts'

/** Declares the token endpoint (RFC 6749 section 3.2). */
export function tokenRoute (scope: FastifyInstance, server: AuthorizationServer): void {
  const url = '/token'

  route(scope, {
    method: 'POST',
    url,
    schema: tokenSchema,
    onRequest: [fromAnyOrigin, forbidOldCaches, countRefusals(server.limitByAddress)],
    handler: async request => {
      const { client, form } = await authenticatedForm(server, request)
      return server.core.inShare(request, () => grantTokens(server, client, form, request))
    }
  }, 'prefix', refuse)
  answerPreflight(scope, url, 'POST', 'authorization, content-type')
}

/** For caches of HTTP/1.0 (RFC 6749 section 5.1). */
const forbidOldCaches: onRequestHookHandler = (_request, reply, done) => {
  reply.header('pragma', 'no-cache')
  done()
}

type IssueTokens = (
  server: AuthorizationServer, client: Client, form: Parameters, request: FastifyRequest
) => Promise<TokenAnswer>

const GRANTS: Record<Grant, IssueTokens> = {
  authorization_code: exchangeCode,
  refresh_token: refreshGrant,
  client_credentials: async (...given) => issueToClient(...given)
}

const isGrant = (type: string): type is Grant => Object.hasOwn(GRANTS, type)

const grantTokens: IssueTokens = async (server, client, form, request) => {
  const type = form.get('grant_type')
  if (type === undefined) throw invalidRequest('The grant_type is missing.')
  if (!isGrant(type)) {
    throw oauthError('unsupported_grant_type', 'The grant_type is not supported.')
  }
  if (!client.grants.has(type)) {
    throw oauthError('unauthorized_client', 'The client may not use this grant_type.')
  }
  return GRANTS[type](server, client, form, request)
}
