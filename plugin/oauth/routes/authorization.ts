import type { FastifyInstance } from 'fastify'
import { invalidFields } from '../../errors.ts'
import { notAnObject, ownMember } from '../../http/body-validation.ts'
import { route } from '../../http/trailing-slash.ts'
import type { AccessClaims } from '../../tokens/claims.ts'
import { readAuthorization } from '../authorization.ts'
import type { AuthorizationServer } from '../authorization-server.ts'
import { mustAsk } from '../consent.ts'
import { approve, deny, loginRequired } from '../decision.ts'
import { detailsOf } from '../details.ts'
import { refuse } from '../option-refusals.ts'
import { createOwnLogin } from '../own-login.ts'
import { readParameters } from '../parameters.ts'
import { authorizationSchema, decisionSchema } from './schemas.ts'

/** Declares the two routes of the consent page: the details of a request, and the decision. */
export function authorizationRoutes (scope: FastifyInstance, server: AuthorizationServer): void {
  const { core, limitByAddress } = server
  const login = createOwnLogin(core)
  const url = '/authorization'

  route(scope, {
    method: 'GET',
    url,
    schema: authorizationSchema,
    onRequest: [limitByAddress, login.optional],
    handler: async request => {
      const text = readParameters(request.url.replace(/^[^?]*\??/, '')).get('authorization')
      const authorization = await readAuthorization(server, text)
      const claims = login.claimsOf(request)
      const asks = claims && await core.inShare(
        request, () => mustAsk(server, authorization, claims.user_id))
      const { redirectHost, maxAge, loginHint, uiLocales, ...details } =
        detailsOf(server, authorization)
      return {
        ...details,
        redirect_host: redirectHost,
        max_age: maxAge,
        login_hint: loginHint,
        ui_locales: uiLocales,
        asks
      }
    }
  }, 'prefix', refuse)

  route(scope, {
    method: 'POST',
    url,
    schema: decisionSchema,
    onRequest: [limitByAddress, login.required],
    handler: async request => {
      const { text, allow, scopes } = decisionOf(request.body)
      const authorization = await readAuthorization(server, text)
      const claims = login.claimsOf(request) as AccessClaims
      const { user_id: id } = claims
      if (!allow) return { redirect_to: deny(server, authorization, id, request) }
      return core.inShare(request, async () => {
        const session = await login.sessionOf(claims)
        if (session === null) throw loginRequired()
        return {
          redirect_to: await approve(server, authorization, {
            user: { id },
            authTime: session.createdAt,
            scopes,
            request,
            confirm: () => login.sessionOf(claims)
          })
        }
      })
    }
  }, 'prefix', refuse)
}

interface Decision { text: string, allow: boolean, scopes: string[] | undefined }

const isListOfTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every(member => typeof member === 'string')

/** @throws SimpleJwtError 400 that names each bad member */
function decisionOf (body: unknown): Decision {
  const problem = notAnObject(body)
  if (problem !== undefined) throw invalidFields({ non_field_errors: [problem] })
  const [text, allow, scopes] = ['authorization', 'allow', 'scopes']
    .map(name => ownMember(body as object, name))
  const errors: Record<string, string[]> = {
    ...(typeof text !== 'string' && { authorization: ['Must be a string.'] }),
    ...(typeof allow !== 'boolean' && { allow: ['Must be true or false.'] }),
    ...(scopes !== undefined && !isListOfTexts(scopes) && {
      scopes: ['Must be a list of strings.']
    })
  }
  if (Object.keys(errors).length > 0) throw invalidFields(errors)
  return { text, allow, scopes } as Decision
}
