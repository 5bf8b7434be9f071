/** Runs one action after the other, also after one that failed. */
export type Queue = <T>(act: () => Promise<T>) => Promise<T>

export function createQueue (): Queue {
  let last: Promise<unknown> = Promise.resolve()
  return act => {
    const done = last.then(act)
    last = done.catch(() => {})
    return done
  }
}
