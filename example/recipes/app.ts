import cookie from '@fastify/cookie'
import rateLimit from '@fastify/rate-limit'
import fastify, { type FastifyInstance } from 'fastify'
import simplejwt from 'fastify-simplejwt'
import type { Accounts } from './accounts.ts'
import { administrator } from './administrator.ts'
import './declare.ts'
import { greeting } from './greeting.ts'
import { live } from './live.ts'
import { createLiveSockets } from './live-sockets.ts'
import { type LogStream, logTo } from './log-without-query.ts'
import { magicLink } from './magic-link.ts'
import { type SendMail, createMailer } from './mail.ts'
import { type OAuthSettings, oauth } from './oauth.ts'
import { passkeyLogin } from './passkey-login.ts'
import { passkeySetup } from './passkey-setup.ts'
import { checkLogin, loginFields, sessionOf } from './password-login.ts'
import { passwordChange } from './password-change.ts'
import { signUp } from './sign-up.ts'
import { totpSetup } from './totp-setup.ts'

export interface Settings {
  /** At least 32 bytes. */
  secret: string
  /** Of the pages, such as `https://app.example`. */
  origin: string
  accounts: Accounts
  sendMail: SendMail
  /** Without it there is no login by OAuth. */
  provider?: OAuthSettings | undefined
  /** Default stdout. */
  logStream?: LogStream | undefined
}

/** Builds an app with logins of every kind. Copy the files that you need. */
export async function buildApp (
  { secret, origin, accounts, sendMail, provider, logStream = process.stdout }: Settings
): Promise<FastifyInstance> {
  const app = fastify({ logger: logTo(logStream) })
  const sockets = createLiveSockets()
  const mail = createMailer(sendMail)

  await app.register(cookie)
  await app.register(rateLimit, { global: false })
  await app.register(simplejwt, {
    secret,
    // Pages get the refresh token in a cookie, apps in the body.
    cookie: { bodyForApps: true },
    // A route is guarded unless it has `config: { public: true }`.
    guardByDefault: true,
    usernameField: 'email',
    loginFields,
    verifyCredentials: checkLogin(accounts),
    findUser: id => accounts.find(id),
    claims: ({ role }) => ({ role }),
    sessionOptions: sessionOf,
    onSessionEnded: sid => { sockets.close(sid) }
  })

  app.get('/me', async ({ user }) =>
    ({ id: user.user_id, role: user.role, amr: user.amr ?? [], act: user.act?.sub ?? null }))
  await app.register(greeting)
  await app.register(signUp, { accounts, mail, origin })
  await app.register(magicLink, { accounts, mail, origin })
  await app.register(totpSetup)
  await app.register(passkeySetup, { accounts, origin })
  await app.register(passkeyLogin, { accounts, origin })
  await app.register(passwordChange)
  await app.register(administrator, { accounts })
  await app.register(live, { sockets })
  if (provider !== undefined) await app.register(oauth, { accounts, origin, provider })
  return app
}
