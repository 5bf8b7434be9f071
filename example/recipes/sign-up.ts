import type { FastifyInstance } from 'fastify'
import type { Accounts } from './accounts.ts'
import type { Mailer } from './mail.ts'
import { createOneTimeTokens } from './one-time-tokens.ts'
import { PASSWORD, hashPassword } from './passwords.ts'
import { loginClaims } from './recent-login.ts'

const LINK_LIFETIME_MS = 60 * 60_000
const body = <Properties extends object>(properties: Properties) =>
  ({ type: 'object', required: Object.keys(properties), properties })

/**
 * Sign-up by mail. The user sets the password after opening the link: an account with a password
 * that somebody else has set, waiting for the owner of the address to confirm it, never exists.
 */
export async function signUp (
  app: FastifyInstance,
  { accounts, mail, origin }: { accounts: Accounts, mail: Mailer, origin: string }
): Promise<void> {
  const links = createOneTimeTokens<string>(LINK_LIFETIME_MS)

  app.post<{ Body: { email: string } }>('/sign-up', {
    config: { public: true, rateLimit: { max: 5, timeWindow: '1 minute' } },
    schema: { body: body({ email: { type: 'string', format: 'email', maxLength: 255 } }) }
  }, async (request, reply) => {
    const email = request.body.email.toLowerCase()
    // The answer is the same with and without an account. Only the owner of the mailbox reads more.
    if (accounts.findByEmail(email) !== null) {
      mail(email, `You have an account already. Log in at ${origin}/login`, request.log)
    } else {
      // The token is in the fragment, so no server, proxy or Referer header logs it.
      const link = `${origin}/sign-up/confirm#${links.issue(email)}`
      mail(email, `Choose a password at ${link}`, request.log)
    }
    return reply.code(202).send({ detail: 'We have sent you a mail.' })
  })

  app.post<{ Body: { token: string, password: string } }>('/sign-up/confirm', {
    config: { public: true },
    schema: { body: body({ token: { type: 'string', maxLength: 64 }, password: PASSWORD }) }
  }, async (request, reply) => {
    const { token, password } = request.body
    const expired = () => reply.code(400).send({ detail: 'The link has expired.' })
    if (links.find(token) === null) return expired()
    const passwordHash = await hashPassword(password)
    const email = links.take(token)
    const account = email === null ? null : accounts.add(email, { passwordHash })
    if (account === null) return expired()
    return app.tokens.login(account, reply, { claims: loginClaims('pwd') })
  })
}
