import type { Answer } from './answer.ts'

interface Details extends Partial<Answer> { code: string, cause?: unknown }

/** A login, refresh or logout that failed. Compare its `code`. */
export class AuthError extends Error {
  /** The code of the server, or `unavailable`, or `user_changed`. */
  declare readonly code: string
  /** HTTP status, if the server answered. */
  declare readonly status: number | undefined
  /** Seconds until the next attempt, if the server sent `Retry-After`. */
  declare readonly retryAfter: number | undefined
  /** JSON of the answer. */
  declare readonly body: unknown

  constructor (message: string, details: Details) {
    super(message)
    Object.assign(this, details, { name: 'AuthError' })
  }
}

/** Returns the error for a request that got no answer. The login is not lost. */
export const unreachable = (cause: unknown): AuthError =>
  new AuthError('The server cannot be reached.', { code: 'unavailable', cause })

/** Returns the JSON of a success. @throws AuthError for another answer */
export function successOf (answer: Answer, alsoStatus?: number): unknown {
  if (answer.status > 204 && answer.status !== alsoStatus) throw refusal(answer)
  return answer.body
}

/** Returns the error for an answer that is not a success. */
export function refusal (answer: Answer, givenCode?: string): AuthError {
  const { status, body } = answer
  const { code, detail } = (body ?? {}) as { code?: string, detail?: string }
  return new AuthError(detail ?? `The server answered ${status}.`, {
    ...answer, code: givenCode ?? (status < 500 ? code ?? 'invalid' : 'unavailable')
  })
}
