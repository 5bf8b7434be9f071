import { isUtf8 } from 'node:buffer'
import { hasDuplicateMembers } from './duplicate-members.ts'

/** The members of a token header that the plugin reads. Hostile until the signature is verified. */
export interface Header { alg: string, kid: string | undefined }

/** In characters. Longer tokens are refused before decoding. */
export const MAX_TOKEN_LENGTH = 8192

const CHARACTERS = /^[A-Za-z0-9_.-]+$/
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/**
 * Reads the header of a JWS in compact serialization (RFC 7515 section 3.1). Returns undefined for
 * any other text. Stricter than libraries: each token has one text only. Cheap, so call it before
 * any cryptography. `known` maps header segments to parsed headers.
 */
export function readHeader (
  token: string, known?: ReadonlyMap<string, Header>
): Header | undefined {
  if (typeof token !== 'string' || token.length > MAX_TOKEN_LENGTH || !CHARACTERS.test(token)) {
    return undefined
  }
  const first = token.indexOf('.')
  const second = token.indexOf('.', first + 1)
  if (
    first < 1 ||
    second < first + 2 ||
    second === token.length - 1 ||
    token.includes('.', second + 1)
  ) {
    return undefined
  }
  if (
    !isCanonical(token, 0, first) ||
    !isCanonical(token, first + 1, second) ||
    !isCanonical(token, second + 1, token.length)
  ) {
    return undefined
  }
  const segment = token.slice(0, first)
  return known?.get(segment) ?? checkHeader(decodeObject(segment))
}

/** Returns the encoded header of a compact token. */
export const headerSegment = (token: string): string => token.slice(0, token.indexOf('.'))

/** Returns whether every reader gets the same payload from a token: UTF-8, no repeated member. */
export function isUnambiguous (token: string, payload: unknown): boolean {
  const bytes = Buffer.from(
    token.slice(token.indexOf('.') + 1, token.lastIndexOf('.')), 'base64url'
  )
  return isUtf8(bytes) && !hasDuplicateMembers(bytes, payload)
}

/** No unused bits in the last character, and no impossible length (RFC 4648 section 3.5). */
function isCanonical (token: string, start: number, end: number): boolean {
  const length = (end - start) % 4
  if (length === 0) return true
  if (length === 1) return false
  const last = ALPHABET.indexOf(token[end - 1] as string)
  return (last & (length === 2 ? 0b1111 : 0b11)) === 0
}

function decodeObject (segment: string): Record<string, unknown> | undefined {
  const bytes = Buffer.from(segment, 'base64url')
  if (!isUtf8(bytes)) return undefined
  try {
    const value: unknown = JSON.parse(bytes.toString())
    return typeof value === 'object' &&
      value !== null &&
      !Array.isArray(value) &&
      !hasDuplicateMembers(bytes, value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/**
 * The plugin supports no extension. So it refuses every `crit` (RFC 7515 section 4.1.11) and `b64`
 * (RFC 7797).
 */
function checkHeader (header: Record<string, unknown> | undefined): Header | undefined {
  if (header === undefined || Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64')) {
    return undefined
  }
  const { alg, typ, kid } = header
  if (typeof alg !== 'string') return undefined
  if (typ !== undefined && typ !== 'JWT' && typ !== 'at+jwt') return undefined
  if (kid !== undefined && typeof kid !== 'string') return undefined
  return { alg, kid }
}
