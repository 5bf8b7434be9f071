import type { FastifyInstance } from 'fastify'
import { authenticateUser } from 'fastify-simplejwt'
import { notImpersonated } from './not-impersonated.ts'
import { PASSWORD, hashPassword, matches } from './passwords.ts'

/** Changes the password, and logs all other devices out. */
export async function passwordChange (app: FastifyInstance): Promise<void> {
  app.post<{ Body: { current: string, next: string } }>('/me/password', {
    onRequest: [authenticateUser, notImpersonated],
    schema: {
      body: {
        type: 'object',
        required: ['current', 'next'],
        properties: { current: { type: 'string', maxLength: 256 }, next: PASSWORD }
      }
    }
  }, async (request, reply) => {
    const { account, user, body: { current, next } } = request
    // The same limits as a login: a stolen access token must not guess the password.
    await app.tokens.attempt(request, account.email, async () =>
      await matches(account.passwordHash, current) ? account : null)
    account.passwordHash = await hashPassword(next)
    await app.tokens.revokeUser(account.id, { except: user.sid })
    return reply.code(204).send()
  })
}
