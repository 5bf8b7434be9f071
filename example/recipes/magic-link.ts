import type { FastifyInstance } from 'fastify'
import type { Account, Accounts } from './accounts.ts'
import type { Mailer } from './mail.ts'
import { createOneTimeTokens } from './one-time-tokens.ts'
import { loginClaims } from './recent-login.ts'
import { CODE, passesSecondFactor } from './totp.ts'

const LINK_LIFETIME_MS = 10 * 60_000

/**
 * Login by a link in a mail. The link opens a page, and the page posts the token: programs that
 * look into mails open links too, and would spend the token.
 */
export async function magicLink (
  app: FastifyInstance,
  { accounts, mail, origin }: { accounts: Accounts, mail: Mailer, origin: string }
): Promise<void> {
  const links = createOneTimeTokens<number>(LINK_LIFETIME_MS)

  app.post<{ Body: { email: string } }>('/login/link/request', {
    config: { public: true, rateLimit: { max: 5, timeWindow: '1 minute' } },
    schema: {
      body: {
        type: 'object',
        required: ['email'],
        properties: { email: { type: 'string', format: 'email', maxLength: 255 } }
      }
    }
  }, async (request, reply) => {
    const account = accounts.findByEmail(request.body.email)
    if (account?.isActive === true) {
      // The token is in the fragment, so no server, proxy or Referer header logs it.
      const link = `${origin}/login/link#${links.issue(account.id)}`
      mail(account.email, `Log in at ${link}`, request.log)
    }
    return reply.code(202).send({ detail: 'If you have an account, we have sent you a mail.' })
  })

  app.post<{ Body: { token: string, otp?: string } }>('/login/link', {
    config: { public: true },
    schema: {
      body: {
        type: 'object',
        required: ['token'],
        properties: { token: { type: 'string', maxLength: 64 }, otp: CODE }
      }
    }
  }, async (request, reply) => {
    const { token, otp } = request.body
    const owner = (): Account | null => {
      const id = links.find(token)
      return id === null ? null : accounts.find(id)
    }
    // A token cannot be guessed, but its holder may guess the code. A wrong code leaves the link.
    const account = await app.tokens.attempt(request, owner()?.email ?? 'unknown link', () => {
      const account = owner()
      const isRight = account !== null && passesSecondFactor(account, otp)
      return isRight && links.take(token) !== null ? account : null
    })
    return app.tokens.login(account, reply, {
      claims: account.totp === null ? loginClaims('link') : loginClaims('link', 'otp', 'mfa')
    })
  })
}
