import type { FastifyInstance } from 'fastify'
import { countRefusals } from '../http/refusals.ts'
import type { Place } from '../http/token-paths.ts'
import { route } from '../http/trailing-slash.ts'
import type { Registration } from '../registration.ts'
import { type VerifyParts, verify } from '../service/verify.ts'
import { verifySchema } from './schemas.ts'

export function verifyRoute (
  scope: FastifyInstance,
  parts: VerifyParts & Pick<Registration, 'inShare'>,
  { url, option }: Place
): void {
  const { rateLimiter, inShare } = parts

  route<{ Body: { token: string } }>(scope, {
    method: 'POST',
    url,
    schema: verifySchema,
    onRequest: [countRefusals(rateLimiter.refreshPerAddress)],
    handler: async request => {
      await inShare(request, () => verify(parts, request.body.token, request))
      return {}
    }
  }, option)
}
