/** The parameters of a request: a query or a form. An empty value counts as absent. */
export interface Parameters {
  get(name: string): string | undefined
  /** Returns each value of a parameter that may repeat. */
  all(name: string): readonly string[]
  /** The name of a parameter that must not repeat but does, or undefined. */
  readonly repeated: string | undefined
}

/** Only `resource` may repeat (RFC 6749 section 3.1, RFC 8707 section 2). */
const MAY_REPEAT = 'resource'

/** Reads a query or a form (RFC 6749 appendix B). */
export function readParameters (text: string): Parameters {
  const values = new Map<string, string[]>()
  let repeated: string | undefined
  for (const [name, value] of new URLSearchParams(text)) {
    const known = values.get(name)
    if (known !== undefined && name !== MAY_REPEAT) repeated ??= name
    values.set(name, [...known ?? [], value])
  }
  const all = (name: string): string[] => (values.get(name) ?? []).filter(value => value !== '')
  return { get: name => all(name)[0], all, repeated }
}
