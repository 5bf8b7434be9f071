import type { FastifyRequest } from 'fastify'
import { addressOf } from '../http/client-address.ts'
import type { PresentingClient } from '../stores/rotation.ts'

/** The client of a request. A session keeps it, so that its user can recognise the session. */
export interface ClientInfo { userAgent: string | null, address: string | null }

const MAX_USER_AGENT_LENGTH = 256

/** V8 keeps the whole header alive for a slice of it. This copies the characters. */
const copyOf = (userAgent: string | undefined): string | null =>
  userAgent === undefined
    ? null
    : Buffer.from(userAgent.slice(0, MAX_USER_AGENT_LENGTH)).toString()

/** Returns the client of a request, with null members for a call by the host's own code. */
export function clientInfo (request: FastifyRequest | undefined): ClientInfo {
  return { userAgent: copyOf(request?.headers['user-agent']), address: request?.ip ?? null }
}

/** Returns the client that presents a refresh token. A call by the host's code has no client. */
export function presentingClient (request: FastifyRequest | undefined): PresentingClient {
  if (request === undefined) return { userAgent: null, address: null }
  const userAgent = copyOf(request.headers['user-agent']) ?? ''
  return { userAgent, address: addressOf(request) ?? null }
}

/** The user, session and client address of an event. */
export interface EventSubject { userId: string, sid: string, clientId?: string, address?: string }

/** The members of a session that an event names. */
export interface SessionName { userId: string, sid: string, clientId?: string | null }

/** Returns the user, session and OAuth client of an event, and the address of its request. */
export function eventSubject (
  { userId, sid, clientId = null }: SessionName, request: FastifyRequest | undefined
): EventSubject {
  const address = request?.ip
  return {
    userId,
    sid,
    ...(clientId !== null && { clientId }),
    ...(address !== undefined && { address })
  }
}
