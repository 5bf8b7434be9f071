import { X509Certificate, createPrivateKey, createPublicKey } from 'node:crypto'
import { type Algorithm, ALGORITHMS, type KeyKind } from './algorithms.ts'
import type { Refuse } from '../option-checks.ts'

/**
 * The bytes of an HMAC secret. A public key is none, in whatever form or wrapping: everybody has
 * it, and could sign with it (RFC 8725 section 2.1).
 * @throws whatever `refuse` throws, for a secret that is too short (RFC 7518 section 3.2) or is a
 *   key of another kind
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

/**
 * Whether a key shows in the bytes, or in what they are the base64 or hexadecimal text of, so many
 * wrappings deep.
 */
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
  // A prefix of letters may have moved the text against its groups of four, or two.
  return [
    ...base64.flatMap(run => [0, 1, 2, 3].map(start => Buffer.from(run.slice(start), 'base64url'))),
    ...hexadecimal.flatMap(run => [0, 1].map(start => Buffer.from(run.slice(start), 'hex')))
  ]
}

/**
 * Every key in DER begins with a SEQUENCE: 0x30, and a length that is given in more bytes than one,
 * or is under 128.
 */
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
 * With a number, or with a SEQUENCE that begins with an object identifier, a version or a number.
 * To ask OpenSSL at each 0x30 would take long.
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
