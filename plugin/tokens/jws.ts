import { isUtf8 } from 'node:buffer'
import { hasDuplicateMembers } from './duplicate-members.ts'

/** The members of a token header that the plugin reads. Hostile until the signature is verified. */
export interface Header { alg: string, kid: string | undefined }

/** In characters. Longer tokens are refused before decoding. */
export const MAX_TOKEN_LENGTH = 8192

const CHARACTERS = /^[A-Za-z0-9_.-]+$/
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/**
 * A JWS in compact serialization (RFC 7515 section 3.1), read once. Hostile until the signature is
 * verified.
 */
export interface Jws {
  readonly header: Header
  /** The encoded header. */
  readonly headerText: string
  /** The text that the signature covers (RFC 7515 section 5.1). ASCII. */
  readonly signed: string
  /** The encoded payload. */
  readonly payloadText: string
  readonly signature: Buffer
}

/**
 * Reads a JWS. Returns undefined for any other text. Stricter than libraries: each token has one
 * text only. Cheap, so call it before any cryptography. `known` maps encoded headers to their
 * parsed form.
 */
export function readJws (token: string, known?: ReadonlyMap<string, Header>): Jws | undefined {
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
  const headerText = token.slice(0, first)
  const header = known?.get(headerText) ?? checkHeader(decodeObject(headerText))
  return header && {
    header,
    headerText,
    signed: token.slice(0, second),
    payloadText: token.slice(first + 1, second),
    signature: Buffer.from(token.slice(second + 1), 'base64url')
  }
}

/** No unused bits in the last character, and no impossible length (RFC 4648 section 3.5). */
function isCanonical (token: string, start: number, end: number): boolean {
  const length = (end - start) % 4
  if (length === 0) return true
  if (length === 1) return false
  const last = ALPHABET.indexOf(token[end - 1] as string)
  return (last & (length === 2 ? 0b1111 : 0b11)) === 0
}

/**
 * Decodes a segment. Returns undefined unless each reader gets the same object from it: UTF-8,
 * JSON, no repeated member.
 */
export function decodeObject (segment: string): Record<string, unknown> | undefined {
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
