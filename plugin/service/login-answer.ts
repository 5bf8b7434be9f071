import type { FastifyRequest } from 'fastify'
import type { Registration } from '../registration.ts'
import type { RefreshedTokens } from '../tokens/jwt.ts'
import type { Account, User } from '../user.ts'

/** Names of the tokens, and the method by which an object replaces itself as JSON. */
const TAKEN = ['access', 'refresh', 'toJSON']

/**
 * Returns the body of a login: the tokens, then the members of `loginResponse`.
 * @throws TypeError for a result that is not an object, or that would replace a token
 */
export async function loginAnswer (
  loginResponse: Registration['options']['loginResponse'],
  user: User,
  tokens: RefreshedTokens,
  request: FastifyRequest
): Promise<RefreshedTokens & Record<string, unknown>> {
  const members: unknown = await loginResponse?.(user as Account, { ...tokens }, request) ?? {}
  if (typeof members !== 'object' || members === null || Array.isArray(members)) {
    throw new TypeError('fastify-simplejwt: loginResponse() must resolve to an object.')
  }
  const taken = TAKEN.find(name => Object.hasOwn(members, name))
  if (taken !== undefined) {
    throw new TypeError(`fastify-simplejwt: loginResponse() must not return "${taken}". ` +
      'Choose another name.')
  }
  return { ...tokens, ...members }
}
