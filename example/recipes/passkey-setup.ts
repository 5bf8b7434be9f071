import {
  type RegistrationResponseJSON, generateRegistrationOptions, verifyRegistrationResponse
} from '@simplewebauthn/server'
import type { FastifyInstance } from 'fastify'
import { authenticateUser } from 'fastify-simplejwt'
import type { Accounts } from './accounts.ts'
import { notImpersonated } from './not-impersonated.ts'
import { createOneTimeTokens } from './one-time-tokens.ts'
import { recentLogin } from './recent-login.ts'

/** Adds a passkey to the account of the session. */
export async function passkeySetup (
  app: FastifyInstance, { accounts, origin }: { accounts: Accounts, origin: string }
): Promise<void> {
  const { hostname: rpID } = new URL(origin)
  /** Challenges, each bound to the session that has asked for it. */
  const challenges = createOneTimeTokens<{ challenge: string, sid: string | undefined }>(60_000)
  const onRequest = [authenticateUser, recentLogin, notImpersonated]

  app.post('/me/passkeys/options', { onRequest }, async ({ account, user }) => {
    const options = await generateRegistrationOptions({
      rpName: 'Recipes',
      rpID,
      userName: account.email,
      userID: new TextEncoder().encode(String(account.id)),
      excludeCredentials: account.passkeys.map(({ id }) => ({ id })),
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' }
    })
    const { challenge } = options
    return { ceremony: challenges.issue({ challenge, sid: user.sid }), options }
  })

  app.post<{ Body: { ceremony: string, response: RegistrationResponseJSON } }>('/me/passkeys', {
    onRequest,
    schema: {
      body: {
        type: 'object',
        required: ['ceremony', 'response'],
        properties: {
          ceremony: { type: 'string', maxLength: 64 },
          response: { type: 'object', required: ['response'] }
        }
      }
    }
  }, async ({ account, user, body: { ceremony, response }, log }, reply) => {
    const taken = challenges.take(ceremony)
    const { registrationInfo } = taken === null || taken.sid !== user.sid
      ? {}
      : await verifyRegistrationResponse({
        response,
        expectedChallenge: taken.challenge,
        expectedOrigin: origin,
        expectedRPID: rpID,
        requireUserVerification: true
      }).catch((error: Error) => {
        log.info(error, 'passkey refused')
        return {}
      })
    // An id that another account has would log in to that account.
    if (registrationInfo === undefined ||
      accounts.findByPasskey(registrationInfo.credential.id) !== null) {
      return reply.code(400).send({ detail: 'The passkey was refused.' })
    }
    account.passkeys.push(registrationInfo.credential)
    return reply.code(204).send()
  })
}
