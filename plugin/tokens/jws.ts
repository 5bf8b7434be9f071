import { isUtf8 } from 'node:buffer'
import { hasDuplicateMembers } from './duplicate-members.ts'

/**
 * What the plugin reads of a token's header. All of it is the sender's word until the signature was
 * verified.
 */
export interface Header { alg: string, kid: string | undefined }

/** Longer tokens are refused before anything is decoded. In characters. */
export const MAX_TOKEN_LENGTH = 8192

const CHARACTERS = /^[A-Za-z0-9_.-]+$/
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/**
 * Reads a JWS in compact serialization (RFC 7515 section 3.1) strictly, where libraries are
 * lenient: one text for one token. Undefined for anything else. Cheap, and before any cryptography.
 * `known` are headers that need not be read again.
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

/** The part of a compact token that says what its header is. */
export const headerSegment = (token: string): string => token.slice(0, token.indexOf('.'))

/**
 * Whether the payload that a library has read of a token is all that anybody can read there: UTF-8,
 * and no name twice.
 */
export function isUnambiguous (token: string, payload: unknown): boolean {
  const bytes = Buffer.from(
    token.slice(token.indexOf('.') + 1, token.lastIndexOf('.')), 'base64url'
  )
  return isUtf8(bytes) && !hasDuplicateMembers(bytes, payload)
}

/**
 * No unused bits set in the last character, no length that no bytes have (RFC 4648 section 3.5).
 */
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
 * No extension is understood, so `crit` is refused in every form (RFC 7515 section 4.1.11), as is
 * `b64` (RFC 7797).
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
