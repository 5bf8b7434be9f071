import { isUtf8 } from 'node:buffer'
import type { SimpleJwtError } from '../errors.ts'
import { invalidRequest } from './errors.ts'

/** The parameters of a request: a query or a form. An empty value counts as absent. */
export interface Parameters {
  get(name: string): string | undefined
  /** Returns each value of a parameter that may repeat. */
  all(name: string): readonly string[]
  /** The name of a parameter that must not repeat but does, or undefined. */
  readonly repeated: string | undefined
}

const PERCENT_ENCODED = /(?:%[0-9a-f]{2})+/gi

const isEncodedUtf8 = (encoded: string): boolean =>
  isUtf8(Buffer.from(encoded.replaceAll('%', ''), 'hex'))

export const notUtf8 = (): SimpleJwtError => invalidRequest('The parameters must be UTF-8.')

/** Only `resource` may repeat (RFC 6749 section 3.1, RFC 8707 section 2). */
const MAY_REPEAT = 'resource'

/**
 * Reads a query or a form (RFC 6749 appendix B).
 * @throws SimpleJwtError 400 for a percent-encoding that is not UTF-8: `state` would come back as
 *   another text
 */
export function readParameters (text: string): Parameters {
  if (text.match(PERCENT_ENCODED)?.some(bytes => !isEncodedUtf8(bytes))) throw notUtf8()
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

/** Returns the parameter `token` of a form. @throws SimpleJwtError 400 if it is missing */
export function requiredToken (form: Parameters): string {
  const token = form.get('token')
  if (token === undefined) throw invalidRequest('The token is missing.')
  return token
}
