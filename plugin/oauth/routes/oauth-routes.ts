import type { FastifyInstance } from 'fastify'
import { parseBodies } from '../../http/body-parsers.ts'
import { answerNotFound, answerUnmatched } from '../../http/unmatched.ts'
import { answerBodyRefusals, forbidCaching, prepareOwnScope } from '../../routes/own-scope.ts'
import type { AuthorizationServer } from '../authorization-server.ts'
import { withoutQueries } from '../log-serializers.ts'
import { answerInOAuthForm, parseForms } from '../oauth-form.ts'
import { authorizationRoutes } from './authorization.ts'
import { authorizeRoute } from './authorize.ts'
import { introspectRoute } from './introspect.ts'
import { metadataRoutes } from './metadata.ts'
import { protectedResourceRoutes } from './protected-resource.ts'
import { revokeRoute } from './revoke.ts'
import { tokenRoute } from './token.ts'
import { userinfoRoute } from './userinfo.ts'

/**
 * Registers the endpoints in separate scopes: the protocol of RFC 6749 by forms, and the consent
 * page's routes by JSON.
 */
export async function registerOAuthRoutes (
  host: FastifyInstance, server: AuthorizationServer
): Promise<void> {
  await host.register(async scope => {
    prepareOwnScope(scope, host)
    scope.setValidatorCompiler(() => () => true)
    forbidCaching(scope)
    answerUnmatched(scope)
    await scope.register(async forms => {
      forms.addHook('onRequest', answerInOAuthForm)
      parseForms(forms, host)
      authorizeRoute(forms, server)
      tokenRoute(forms, server)
      revokeRoute(forms, server)
      introspectRoute(forms, server)
      userinfoRoute(forms, server)
    })
    await scope.register(async page => {
      answerBodyRefusals(page)
      await parseBodies(page, host)
      authorizationRoutes(page, server)
    })
    answerNotFound(scope)
  }, { prefix: server.options.prefix, logSerializers: withoutQueries(host) })

  await host.register(async scope => {
    prepareOwnScope(scope, host)
    metadataRoutes(scope, server)
    protectedResourceRoutes(scope, server)
  })
}
