import { AuthError } from './auth-error.ts'

/** An answer of a token route. */
export interface Answer {
  /** HTTP status. Undefined: no complete answer arrived, for the reason in `cause`. */
  status?: number
  /** JSON of the answer. */
  body?: unknown
  /** Seconds of `Retry-After`. */
  retryAfter?: number | undefined
  cause?: unknown
}

/** Reads an answer. @throws AuthError of the client's own `fetch` */
export async function readAnswer (pending: Promise<Response>): Promise<Answer> {
  try {
    const reply = await pending
    const { status } = reply
    return {
      status,
      // A captive portal and a proxy answer pages. The 200 and 401 of the server are JSON.
      body: await reply.json().catch(cause => {
        if (status === 200 || status === 401) throw cause
      }),
      retryAfter: Number(reply.headers.get('retry-after')) || undefined
    }
  } catch (cause) {
    if (cause instanceof AuthError) throw cause
    return { cause }
  }
}

/** Returns the JSON of a success. @throws AuthError, except for `alsoStatus` */
export function successOf (answer: Answer, alsoStatus?: number): unknown {
  const { status, body } = answer
  if (!status || (status > 299 && status !== alsoStatus)) throw refusal(answer)
  return body
}

/** Returns the error for an answer that is not a success. */
export function refusal (answer: Answer, givenCode?: string): AuthError {
  const { status, body } = answer
  const { code = 'invalid', detail } = (body ?? {}) as { code?: string, detail?: string }
  return new AuthError(detail ?? `The server answered ${status ?? 'nothing'}.`, {
    ...answer, code: givenCode ?? (status as number < 500 ? code : 'unavailable')
  })
}
