import type { FastifyInstance } from 'fastify'
import { requireClaims } from 'fastify-simplejwt'
import type { Accounts } from './accounts.ts'

/** Routes of administrators: list the users, log one out, act as one. */
export async function administrator (
  app: FastifyInstance, { accounts }: { accounts: Accounts }
): Promise<void> {
  app.addHook('onRequest', requireClaims({ role: 'admin' }))

  app.get('/admin/users', async () =>
    accounts.all().map(({ id, email, role }) => ({ id, email, role })))

  app.post<{ Params: { id: string } }>('/admin/users/:id/logout', async ({ params: { id } }) =>
    ({ sessions: await app.tokens.revokeUser(id) }))

  /**
   * Answers an access token and no refresh token. The page of the administrator keeps its cookie,
   * and a reload brings the administrator back. The claim `act` is in every log of the app, and
   * `notImpersonated` refuses it.
   */
  app.post<{ Params: { id: string } }>('/admin/users/:id/impersonate', async (request, reply) => {
    const { params: { id }, user } = request
    const account = accounts.find(id)
    if (account === null || account.role === 'admin' || !account.isActive) {
      return reply.code(404).send({ detail: 'No such user.' })
    }
    request.log.warn({ admin: user.user_id, user: id }, 'an administrator acts as a user')
    const { access } = await app.tokens.issue(account, {
      request,
      claims: { act: { sub: user.user_id } },
      refreshTokenLifetime: '5m',
      sessionLifetime: '5m'
    })
    return { access }
  })
}
