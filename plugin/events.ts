import diagnostics from 'node:diagnostics_channel'
import type { FastifyBaseLogger } from 'fastify'

/** What happened, for audit logs and alarms. Never holds a token, a secret or a password. */
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
  userId?: string
  sid?: string
  /** Address of the client, as Fastify's `request.ip` has it. */
  address?: string
  /**
   * What was sent as the user name: text of the client's choosing. At `login_failed` and
   * `throttled`.
   */
  username?: string
  /** Which limit was reached (`throttled`), or which verb of the store failed (`store_failed`). */
  what?: string
}

/** Publishes an event; `log` is the request's where there is one. */
export type Emit = (event: SimpleJwtEvent, log?: FastifyBaseLogger) => void

/** Characters of a user name that are told. */
const MAX_USERNAME_LENGTH = 256

/**
 * As much of a user name as is told, without half a character at its end: not every database takes
 * one.
 */
export const truncateUsername = (username: string): string =>
  username.slice(0, MAX_USERNAME_LENGTH).replace(/[\ud800-\udbff]$/, '')

/**
 * What ends a line for some readers of logs, and what terminals obey or write backwards. Pino
 * escapes the others.
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

/**
 * Sends each event to the log, to node:diagnostics_channel (`fastify-simplejwt`) and to the host's
 * `onEvent`.
 */
export function createEmit (
  onEvent: ((event: SimpleJwtEvent) => void) | undefined, appLog: FastifyBaseLogger
): Emit {
  return (event, log = appLog) => {
    log[ALARMS.has(event.type) ? 'warn' : 'info'](
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
