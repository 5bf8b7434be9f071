import type { FastifyRequest } from 'fastify'
import type { Registration } from '../registration.ts'
import { eventSubject } from '../sessions/client-info.ts'
import type { Session } from '../stores/session.ts'
import type { PresentingClient, RotationOutcome } from '../stores/store.ts'

const EVENTS = { rotated: 'refreshed', replayed: 'replayed', reused: 'reuse_detected' } as const

/** A rotation that reached a live session. */
export interface ReportedRotation {
  outcome: Exclude<RotationOutcome, 'ended'>
  session: Session
  /** The kind of token, unless it is a refresh token. */
  what?: string
}

/** Emits the event of a rotation, with the address of the last one if it is another. */
export function reportRotation (
  { emit }: Pick<Registration, 'emit'>,
  { outcome, session, what }: ReportedRotation,
  client: PresentingClient,
  request: FastifyRequest | undefined
): void {
  emit({
    type: EVENTS[outcome],
    ...eventSubject(session, request),
    ...rotationElsewhere(session, client),
    ...(what !== undefined && { what })
  }, request?.log)
}

/** Returns the address of the last rotation for an event, if the client has another one. */
function rotationElsewhere (
  { rotatedAddress }: Session, { address }: PresentingClient
): { rotatedAddress?: string } {
  return rotatedAddress === null || address === null || rotatedAddress === address
    ? {}
    : { rotatedAddress }
}
