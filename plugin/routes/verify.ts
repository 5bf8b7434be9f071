import type { FastifyInstance } from 'fastify'
import { route } from '../http/trailing-slash.ts'
import { type VerifyParts, verify } from '../service/verify.ts'
import { verifySchema } from './schemas.ts'

export function verifyRoute (scope: FastifyInstance, parts: VerifyParts): void {
  route<{ Body: { token: string } }>(scope, {
    method: 'POST',
    url: '/verify',
    schema: verifySchema,
    handler: async request => {
      await verify(parts, request.body.token)
      return {}
    }
  })
}
