import type { FastifyReply, FastifyRequest } from 'fastify'
import { asError } from '../errors.ts'
import type { AccessClaims } from '../tokens/claims.ts'
import { knownGuard } from './known-guards.ts'

/**
 * The guard: a hook for `onRequest`, a strategy for @fastify/auth, or a function to await. Reads
 * the access token of the request and sets `request.user` to its frozen claims.
 * @throws SimpleJwtError 401, or 403 for a good token that does not open the route
 */
export interface Authenticate {
  (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void
  (request: FastifyRequest, reply?: FastifyReply): Promise<void>
}

/** Returns the claims at once, or a promise if it must query the store or the issuer. */
export type VerifyRequest<Claims = AccessClaims> =
  (request: FastifyRequest) => Claims | Promise<Claims>

/** Sets a member of a request to the verified claims. */
type SetClaims<Claims> = (request: FastifyRequest, claims: Claims) => void

/** Sets `request.user`. Null is the visitor of an optional route, and not in its type. */
export const setUser = (request: { user: unknown }, claims: AccessClaims | null): void => {
  request.user = claims
}

/** The callback of a hook. */
export type Done = (error?: Error) => void

/** Returns the callback, if there is one. A `preParsing` hook gets the body before it. */
export const doneOf = (third: unknown, fourth: Done | undefined): Done | undefined =>
  typeof third === 'function' ? third as Done : fourth

/** A thrown null would open the route. */
const guardError = (thrown: unknown): Error => asError(thrown, 'a guard')

/** Wraps `verify` as a Fastify hook that sets `request.user`. */
export const createGuard = (
  verify: VerifyRequest<AccessClaims | null>, isOptional = false
): Authenticate => createGuardOf(verify, setUser, isOptional)

/**
 * Wraps `verify` as a Fastify hook that passes its result to `set`. Stays synchronous when `verify`
 * does: on the hot path a promise costs more than the rest of the hook.
 */
export function createGuardOf<Claims> (
  verify: VerifyRequest<Claims>, set: SetClaims<Claims>, isOptional = false
): Authenticate {
  async function awaited (request: FastifyRequest): Promise<void> {
    set(request, await verify(request))
  }

  function guard (
    request: FastifyRequest, _reply?: FastifyReply, third?: unknown, fourth?: Done
  ): void | Promise<void> {
    const done = doneOf(third, fourth)
    if (done === undefined) return awaited(request)
    let claims
    try {
      claims = verify(request)
    } catch (thrown) {
      return done(guardError(thrown))
    }
    if (claims instanceof Promise) {
      claims.then(claims => { set(request, claims) })
        .then(() => { done() }, (thrown: unknown) => { done(guardError(thrown)) })
    } else {
      set(request, claims)
      done()
    }
  }
  return knownGuard(guard as Authenticate, isOptional)
}
