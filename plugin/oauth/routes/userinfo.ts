import type { FastifyInstance } from 'fastify'
import { fromAnyOrigin } from '../../http/any-origin.ts'
import { countRefusals } from '../../http/refusals.ts'
import { route } from '../../http/trailing-slash.ts'
import type { AuthorizationServer } from '../authorization-server.ts'
import { refuse } from '../option-refusals.ts'
import { createUserinfo } from '../userinfo.ts'
import { userinfoSchema } from './openid-schemas.ts'
import { answerPreflight } from './preflight.ts'

/** Declares the userinfo endpoint (OpenID Connect Core section 5.3), for GET and POST. */
export function userinfoRoute (scope: FastifyInstance, server: AuthorizationServer): void {
  const userinfo = createUserinfo(server)
  const url = '/userinfo'
  const common = {
    url,
    onRequest: [fromAnyOrigin, countRefusals(server.limitByAddress), userinfo.guard],
    handler: userinfo.answer
  }
  route(scope, { ...common, method: 'GET', schema: userinfoSchema }, 'prefix', refuse)
  route(scope, { ...common, method: 'POST', schema: { hide: true } as object }, 'prefix', refuse)
  answerPreflight(scope, url, 'GET, POST', 'authorization, content-type')
}
