import diagnostics from 'node:diagnostics_channel'
import type { FastifyBaseLogger } from 'fastify'

/** An event for audit logs and alarms. Never holds a token, a secret or a password. */
export interface SimpleJwtEvent {
  type:
    | 'login'
    | 'login_failed'
    | 'throttled'
    | 'refreshed'
    | 'replayed'
    | 'reuse_detected'
    | 'revoked'
    | 'store_failed'
    | 'keys_changed'
    | 'authorized'
    | 'authorization_denied'
    | 'code_exchanged'
    | 'client_authenticated'
    | 'client_failed'
  userId?: string
  sid?: string
  /** The OAuth client of a session, or of a request to an OAuth endpoint. */
  clientId?: string
  /** Client address: `request.ip` of Fastify. */
  address?: string
  /**
   * Address of the last refresh, an IPv6 one as its /64. With `replayed` and `reuse_detected` from
   * another address.
   */
  rotatedAddress?: string
  /** The user name that the client sent: hostile text. With `login_failed` and `throttled`. */
  username?: string
  /**
   * The exceeded limit (`throttled`), the failed method of the store (`store_failed`), or `code` if
   * an authorization code was presented again (`reuse_detected`).
   */
  what?: string
}

/** Publishes an event. `log` is the logger of the request, if there is one. */
export type Emit = (event: SimpleJwtEvent, log?: FastifyBaseLogger) => void

const MAX_USERNAME_LENGTH = 256

/** Truncates a user name. Some databases reject half a surrogate pair, so this removes it. */
export const truncateUsername = (username: string): string =>
  username.slice(0, MAX_USERNAME_LENGTH).replace(/[\ud800-\udbff]$/, '')

/**
 * Line separators, terminal control characters and bidirectional overrides. Pino escapes the other
 * control characters.
 */
const UNPRINTABLE = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

const printable = (event: SimpleJwtEvent): SimpleJwtEvent =>
  event.username === undefined
    ? event
    : {
        ...event,
        username: event.username.replace(
          UNPRINTABLE, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
        )
      }

const channel = diagnostics.channel('fastify-simplejwt')
const ALARMS = new Set<SimpleJwtEvent['type']>(['reuse_detected', 'store_failed', 'throttled'])

const isAlarm = ({ type, rotatedAddress }: SimpleJwtEvent): boolean =>
  ALARMS.has(type) || rotatedAddress !== undefined

/**
 * Sends each event to the log, to node:diagnostics_channel (`fastify-simplejwt`) and to the host's
 * `onEvent`.
 */
export function createEmit (
  onEvent: ((event: SimpleJwtEvent) => void) | undefined, appLog: FastifyBaseLogger
): Emit {
  return (event, log = appLog) => {
    log[isAlarm(event) ? 'warn' : 'info'](
      { event: printable(event) }, `simplejwt ${event.type}`
    )
    channel.publish(event)
    const failed = (error: unknown): void => { log.error({ err: error }, 'onEvent threw') }
    try {
      const told: unknown = onEvent?.(event)
      if (told instanceof Promise) told.catch(failed)
    } catch (error) {
      failed(error)
    }
  }
}
