/** Keeps the answer of a promise that was fulfilled when it was made. */
const ANSWER = Symbol('answer')

type Answered<T> = Promise<T> & { [ANSWER]?: { readonly value: T } }

/**
 * Runs the work of a store in this turn of the event loop. Returns a promise of its result. The
 * caller need not wait for it: `answerOf` reads the result.
 */
export function atOnce<T> (work: () => T): Promise<T> {
  try {
    const value = work()
    const promise: Answered<T> = Promise.resolve(value)
    promise[ANSWER] = { value }
    return promise
  } catch (error) {
    return Promise.reject(error)
  }
}

/** Returns the answer of a promise of `atOnce`, or undefined for any other promise. */
export const answerOf = <T>(promise: Promise<T>): { readonly value: T } | undefined =>
  (promise as Answered<T> | undefined)?.[ANSWER]
