import { X509Certificate, createPrivateKey, createPublicKey } from 'node:crypto'
import { type Algorithm, ALGORITHMS, type KeyKind } from './algorithms.ts'
import type { Refuse } from '../option-checks.ts'

/**
 * Returns the bytes of an HMAC secret. Refuses keys in any form: a public key as the secret would
 * let every client sign (RFC 8725 section 2.1).
 * @throws the error of `refuse`, for a short secret (RFC 7518 section 3.2) or a key
 */
export function checkSecret (
  name: string, secret: unknown, algorithm: Algorithm, refuse: Refuse
): Buffer {
  const { leastBytes } = ALGORITHMS[algorithm] as KeyKind & { kty: 'oct' }
  if (typeof secret !== 'string' && !Buffer.isBuffer(secret)) {
    return refuse(name, `is required: a string or a Buffer of at least ${leastBytes} bytes.`)
  }
  const bytes = Buffer.from(secret)
  if (bytes.length < leastBytes) {
    refuse(
      name,
      `must have at least ${leastBytes} bytes for ${algorithm} (RFC 7518 section 3.2); it has ` +
        `${bytes.length}.`
    )
  }
  if (looksLikeKey(bytes, 3)) {
    refuse(name, 'looks like a key in PEM, JWK, SSH or DER form. Use random bytes instead.')
  }
  return bytes
}

/** Returns whether the bytes hold a key, also under up to `depth` layers of base64 or hex. */
function looksLikeKey (bytes: Buffer, depth: number): boolean {
  const text = bytes.toString('latin1').replaceAll('\0', '')
  if (
    /---- ?BEGIN|(["'\\]|%22)kty|\bkty\s*[:=]|AAAA(B3NzaC1|C3NzaC1|E2VjZHNh|[GI]nNrL[XW])/.test(
      text
    ) ||
    holdsDer(bytes)
  ) {
    return true
  }
  return depth > 0 && wrappedIn(text).some(inner => looksLikeKey(inner, depth - 1))
}

function wrappedIn (text: string): Buffer[] {
  const dense = text.replace(/\s|\\[nr]/g, '')
  const base64 = dense.match(/[A-Za-z0-9+/_-]{54,}/g) ?? []
  const hexadecimal = dense.match(/[0-9A-Fa-f]{80,}/g) ?? []
  // Letters before the text may shift its groups of four or two, so this tries every offset.
  return [
    ...base64.flatMap(run => [0, 1, 2, 3].map(start => Buffer.from(run.slice(start), 'base64url'))),
    ...hexadecimal.flatMap(run => [0, 1].map(start => Buffer.from(run.slice(start), 'hex')))
  ]
}

/** Every key in DER starts with a SEQUENCE: the byte 0x30, then a length of one to three bytes. */
function holdsDer (bytes: Buffer): boolean {
  for (let start = bytes.indexOf(0x30); start !== -1; start = bytes.indexOf(0x30, start + 1)) {
    const length = lengthOfDer(bytes, start)
    if (length !== undefined && isKey(bytes.subarray(start, start + length))) return true
  }
  return false
}

function lengthOfDer (bytes: Buffer, start: number): number | undefined {
  const first = bytes[start + 1] ?? 0
  const more = first < 0x80 ? 0 : first - 0x80
  if (more > 2 || start + 2 + more > bytes.length) return undefined
  const length = 2 + more + (more === 0 ? first : bytes.readUIntBE(start + 2, more))
  return length >= 40 && start + length <= bytes.length && beginsAsKey(bytes, start + 2 + more)
    ? length
    : undefined
}

/**
 * Calling OpenSSL at each 0x30 is slow. This first checks for an INTEGER, or a SEQUENCE that starts
 * with an object identifier, a version or an INTEGER.
 */
function beginsAsKey (bytes: Buffer, start: number): boolean {
  if (bytes[start] === 0x02) return true
  const length = bytes[start + 1] as number
  const tag = bytes[start + 2 + (length < 0x80 ? 0 : length - 0x80)]
  return bytes[start] === 0x30 && (tag === 0x06 || tag === 0xa0 || tag === 0x02)
}

function isKey (der: Buffer): boolean {
  const readers = [
    () => createPublicKey({ key: der, format: 'der', type: 'spki' }),
    () => createPublicKey({ key: der, format: 'der', type: 'pkcs1' }),
    () => createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }),
    () => createPrivateKey({ key: der, format: 'der', type: 'pkcs1' }),
    () => createPrivateKey({ key: der, format: 'der', type: 'sec1' }),
    () => new X509Certificate(der)
  ]
  return readers.some(read => {
    try {
      return read() !== undefined
    } catch {
      return false
    }
  })
}
