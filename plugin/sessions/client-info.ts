import type { FastifyRequest } from 'fastify'

/** Where a request came from: kept with a session, so that its user can tell it from others. */
export interface Origin { userAgent: string | null, address: string | null }

/** Characters of a user agent that are kept. */
const LONGEST_USER_AGENT = 256

/** A slice would keep the whole header in memory for as long as the session lives. */
const copyOf = (userAgent: string | undefined): string | null =>
  userAgent === undefined ? null : Buffer.from(userAgent.slice(0, LONGEST_USER_AGENT)).toString()

/** The origin of a request; nowhere, if the host's own code asks. */
export function originOf (request: FastifyRequest | undefined): Origin {
  return { userAgent: copyOf(request?.headers['user-agent']), address: request?.ip ?? null }
}

/** Who, which session and from where, for an event. */
export function subject ({ userId, sid }: { userId: string, sid: string }, request: FastifyRequest | undefined): { userId: string, sid: string, address?: string } {
  const address = request?.ip
  return { userId, sid, ...(address !== undefined && { address }) }
}
