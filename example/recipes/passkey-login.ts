import {
  type AuthenticationResponseJSON, generateAuthenticationOptions, verifyAuthenticationResponse
} from '@simplewebauthn/server'
import type { FastifyInstance } from 'fastify'
import type { Account, Accounts } from './accounts.ts'
import { createOneTimeTokens } from './one-time-tokens.ts'
import { loginClaims } from './recent-login.ts'

const CHALLENGE_LIFETIME_MS = 60_000
/** Binds a challenge to the browser that has asked for it. */
const COOKIE = '__Host-passkey'
const ATTRIBUTES = { path: '/', httpOnly: true, secure: true, sameSite: 'strict' } as const

/** Login by a passkey, without a user name. */
export async function passkeyLogin (
  app: FastifyInstance, { accounts, origin }: { accounts: Accounts, origin: string }
): Promise<void> {
  const { hostname: rpID } = new URL(origin)
  const challenges = createOneTimeTokens<string>(CHALLENGE_LIFETIME_MS)

  app.post('/login/passkey/options', {
    config: { public: true, rateLimit: { max: 30, timeWindow: '1 minute' } }
  }, async (_request, reply) => {
    const options = await generateAuthenticationOptions({ rpID, userVerification: 'required' })
    reply.setCookie(COOKIE, challenges.issue(options.challenge), ATTRIBUTES)
    return options
  })

  app.post<{ Body: AuthenticationResponseJSON }>('/login/passkey', {
    config: { public: true },
    schema: {
      body: {
        type: 'object',
        required: ['id', 'response'],
        properties: {
          id: { type: 'string', maxLength: 1400 },
          response: { type: 'object' }
        }
      }
    }
  }, async (request, reply) => {
    const { body: response, cookies: { [COOKIE]: cookie = '' } } = request
    reply.clearCookie(COOKIE, ATTRIBUTES)
    const expectedChallenge = challenges.take(cookie)
    const owner = accounts.findByPasskey(response.id)

    async function verified (): Promise<Account | null> {
      const passkey = owner?.passkeys.find(({ id }) => id === response.id)
      if (owner === null || passkey === undefined || expectedChallenge === null) return null
      const { verified, authenticationInfo } = await verifyAuthenticationResponse({
        response,
        expectedChallenge,
        expectedOrigin: origin,
        expectedRPID: rpID,
        credential: passkey,
        requireUserVerification: true
      }).catch(() => ({ verified: false, authenticationInfo: null }))
      if (!verified || authenticationInfo === null) return null
      // A clone of an authenticator falls behind, and is refused above.
      passkey.counter = authenticationInfo.newCounter
      return owner
    }
    const account =
      await app.tokens.attempt(request, owner?.email ?? 'unknown passkey', verified)
    return app.tokens.login(account, reply, { claims: loginClaims('pop', 'user', 'mfa') })
  })
}
