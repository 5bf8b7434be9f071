import type { FastifyInstance } from 'fastify'
import { route } from '../http/trailing-slash.ts'
import type { Registration } from '../registration.ts'
import { type LoginParts, login } from '../service/login.ts'
import { obtainSchema } from './schemas.ts'

export function obtainRoute (
  scope: FastifyInstance, parts: LoginParts & Pick<Registration, 'transport'>
): void {
  const { options: { usernameField, usernameMaxLength, cookie }, rateLimiter, transport } = parts

  route<{ Body: Record<string, string> }>(scope, {
    method: 'POST',
    url: '/',
    schema: obtainSchema(usernameField, cookie !== false, usernameMaxLength),
    onRequest: [...transport.onRequest],
    // After the validation: a login without a valid body counts nothing.
    preHandler: [rateLimiter.loginPerAddress, rateLimiter.loginPerUsername],
    handler: async (request, reply) => {
      const username = request.body[usernameField] as string
      const password = request.body.password as string
      const pair = await login(parts, { ...request.body, username, password }, request)
      return transport.send(reply, pair)
    }
  })
}
