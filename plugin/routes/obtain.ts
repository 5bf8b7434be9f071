import type { FastifyInstance } from 'fastify'
import { compileLoginBody } from '../http/login-body.ts'
import type { Place } from '../http/token-paths.ts'
import { route } from '../http/trailing-slash.ts'
import { type LoginParts, loginByPassword } from '../service/login.ts'
import { loginFieldSchemas, obtainSchema } from './schemas.ts'

/** Declares the login route. Call it only with `verifyCredentials`. */
export async function obtainRoute (
  scope: FastifyInstance, parts: LoginParts, { url, option }: Place
): Promise<void> {
  const { options, transport } = parts
  const { usernameField, loginFields } = options

  route<{ Body: Record<string, unknown> }>(scope, {
    method: 'POST',
    url,
    schema: obtainSchema(options, transport.inCookie),
    validatorCompiler: await compileLoginBody(loginFieldSchemas(options), loginFields),
    onRequest: [...transport.onRequest],
    // After the validation: a login without a valid body counts nothing.
    handler: async (request, reply) => {
      const username = request.body[usernameField] as string
      const password = request.body.password as string
      return loginByPassword(parts, { ...request.body, username, password }, reply)
    }
  }, option)
}
