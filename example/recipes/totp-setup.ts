import type { FastifyInstance } from 'fastify'
import { authenticateUser } from 'fastify-simplejwt'
import { Secret } from 'otpauth'
import { notImpersonated } from './not-impersonated.ts'
import { createOneTimeTokens } from './one-time-tokens.ts'
import { recentLogin } from './recent-login.ts'
import { CODE, generatorOf, stepOf } from './totp.ts'

/** Turns the second factor on: the app shows a secret, and a code proves that the phone has it. */
export async function totpSetup (app: FastifyInstance): Promise<void> {
  const setups = createOneTimeTokens<{ accountId: number, secret: string }>(10 * 60_000)
  const onRequest = [authenticateUser, recentLogin, notImpersonated]

  app.post('/me/totp', { onRequest }, async ({ account }, reply) => {
    if (account.totp !== null) return reply.code(409).send({ detail: 'It is on already.' })
    const secret = new Secret({ size: 20 }).base32
    return {
      setup: setups.issue({ accountId: account.id, secret }),
      uri: generatorOf(secret, account.email).toString()
    }
  })

  app.post<{ Body: { setup: string, code: string } }>('/me/totp/confirm', {
    onRequest,
    schema: {
      body: {
        type: 'object',
        required: ['setup', 'code'],
        properties: { setup: { type: 'string', maxLength: 64 }, code: CODE }
      }
    }
  }, async ({ account, body: { setup, code } }, reply) => {
    const { accountId, secret } = setups.find(setup) ?? {}
    const lastStep = secret === undefined ? null : stepOf(secret, code)
    if (accountId !== account.id || secret === undefined || lastStep === null) {
      return reply.code(400).send({ detail: 'The code is wrong, or the setup has expired.' })
    }
    if (account.totp !== null || setups.take(setup) === null) {
      return reply.code(409).send({ detail: 'It is on already.' })
    }
    account.totp = { secret, lastStep }
    return reply.code(204).send()
  })
}
