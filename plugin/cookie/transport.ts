import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Unauthorized, invalidFields } from '../errors.ts'
import type { ResolvedOptions } from '../options.ts'
import { type RefreshCookie, createRefreshCookie } from './refresh-cookie.ts'
import { type Check, sameOrigin } from './csrf.ts'
import type { RefreshedTokens } from '../tokens/jwt.ts'

/** How refresh tokens travel: in bodies, as SimpleJWT has it, or in a cookie that no script can read. */
export interface Carrier {
  /** First of all at the routes that take or give a refresh token. */
  readonly onRequest: readonly Check[]
  /** Once the body was read, where a refresh token is taken. */
  readonly preValidation: readonly Check[]
  /** The refresh token that a request brings. @throws SimpleJwtError 401 if there is none in a cookie */
  take(request: FastifyRequest): string
  /** Gives tokens: what of them is in the body. */
  give(reply: FastifyReply, tokens: RefreshedTokens): RefreshedTokens
  /** After the session of a refresh token was ended. */
  discard(reply: FastifyReply): void
}

const inBody: Carrier = {
  onRequest: [],
  preValidation: [],
  take: request => (request.body as { refresh: string }).refresh,
  give: (_reply, tokens) => tokens,
  discard: () => {}
}

/** Two tokens in one request are two meanings, and a script that has one in its hands is what the cookie is to prevent. */
const notInBody: Check = async ({ body }) => {
  if (typeof body === 'object' && body !== null && Object.hasOwn(body, 'refresh')) throw invalidFields({ refresh: ['The refresh token is taken from the cookie alone.'] })
}

const inCookie = (cookie: RefreshCookie, origins: readonly string[], { noCredentials }: Unauthorized): Carrier => ({
  onRequest: [sameOrigin(origins)],
  preValidation: [notInBody],
  take (request) {
    const token = cookie.read(request.headers.cookie)
    if (token === undefined) throw noCredentials()
    return token
  },
  give (reply, { access, refresh }) {
    if (refresh !== undefined) reply.header('set-cookie', cookie.write(refresh))
    return { access }
  },
  discard: reply => { reply.header('set-cookie', cookie.remove()) }
})

export async function createCarrier ({ cookie, namespace, refreshTokenLifetime }: ResolvedOptions, unauthorized: Unauthorized): Promise<Carrier> {
  return cookie === false ? inBody : inCookie(await createRefreshCookie(namespace, refreshTokenLifetime), cookie.origins, unauthorized)
}
