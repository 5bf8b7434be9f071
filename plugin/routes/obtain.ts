import type { FastifyInstance } from 'fastify'
import { route } from '../http/trailing-slash.ts'
import type { Registration } from '../registration.ts'
import { type LoginParts, login } from '../service/login.ts'
import { obtainSchema } from './schemas.ts'

export function obtainRoute (
  scope: FastifyInstance, parts: LoginParts & Pick<Registration, 'transport'>
): void {
  const { options: { usernameField, cookie }, rateLimiter, transport } = parts

  route<{ Body: Record<string, string> }>(scope, {
    method: 'POST',
    url: '/',
    schema: obtainSchema(usernameField, cookie !== false),
    onRequest: [...transport.onRequest, rateLimiter.loginPerAddress],
    preHandler: rateLimiter.loginPerUsername,
    handler: async (request, reply) => {
      const username = request.body[usernameField] as string
      const password = request.body.password as string
      const pair = await login(parts, { ...request.body, username, password }, request)
      return transport.send(reply, pair)
    }
  })
}
