import { isUtf8 } from 'node:buffer'

/** What the plugin reads of a token's header. All of it is the sender's word until the signature was verified. */
export interface Header { alg: string, kid: string | undefined }

/** Longer tokens are refused before anything is decoded. In characters. */
export const LONGEST_TOKEN = 8192

const COMPACT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/**
 * Reads a JWS in compact serialization (RFC 7515 section 3.1) strictly, where libraries are lenient: one text for one
 * token. Undefined for anything else. Cheap, and before any cryptography.
 */
export function readHeader (token: string): Header | undefined {
  if (typeof token !== 'string' || token.length > LONGEST_TOKEN || !COMPACT.test(token)) return undefined
  const [header, payload, signature] = token.split('.') as [string, string, string]
  if (!isCanonical(header) || !isCanonical(payload) || !isCanonical(signature)) return undefined
  if (!isUtf8(Buffer.from(payload, 'base64url'))) return undefined
  return checkHeader(decodeObject(header))
}

/** No unused bits set in the last character, no length that no bytes have (RFC 4648 section 3.5). */
function isCanonical (segment: string): boolean {
  const last = ALPHABET.indexOf(segment[segment.length - 1] as string)
  switch (segment.length % 4) {
    case 1: return false
    case 2: return (last & 0b1111) === 0
    case 3: return (last & 0b11) === 0
    default: return true
  }
}

function decodeObject (segment: string): Record<string, unknown> | undefined {
  const bytes = Buffer.from(segment, 'base64url')
  if (!isUtf8(bytes)) return undefined
  try {
    const value: unknown = JSON.parse(bytes.toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Record<string, unknown> : undefined
  } catch {
    return undefined
  }
}

/** No extension is understood, so `crit` is refused in every form (RFC 7515 section 4.1.11), as is `b64` (RFC 7797). */
function checkHeader (header: Record<string, unknown> | undefined): Header | undefined {
  if (header === undefined || Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64')) return undefined
  const { alg, typ, kid } = header
  if (typeof alg !== 'string') return undefined
  if (typ !== undefined && typ !== 'JWT' && typ !== 'at+jwt') return undefined
  if (kid !== undefined && typeof kid !== 'string') return undefined
  return { alg, kid }
}
