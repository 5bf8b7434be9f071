import { isIPv4 } from 'node:net'
import type { Refuse } from '../option-checks.ts'
import { type Algorithm, algorithmNamed } from './algorithms.ts'
import type { Jwk } from './jwk.ts'
import type { PairKey } from './key-options.ts'
import { readPublicKey } from './parse-key.ts'

/**
 * Checks the option `jwksUrl`: https, or http to this machine. The server there decides which
 * tokens are good.
 * @throws the error of `refuse`
 */
export function resolveJwksUrl (
  given: { jwksUrl?: unknown, secret?: unknown, keys?: unknown }, refuse: Refuse
): URL | undefined {
  const { jwksUrl, secret, keys } = given
  if (jwksUrl === undefined) return undefined
  if (secret !== undefined || keys !== undefined) {
    refuse('jwksUrl', 'excludes "secret" and "keys". Set only one of the three.')
  }
  if (typeof jwksUrl !== 'string' || !URL.canParse(jwksUrl)) {
    return refuse('jwksUrl',
      "must be a URL such as 'https://issuer.example/.well-known/jwks.json'.")
  }
  const url = new URL(jwksUrl)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) {
    refuse('jwksUrl', 'must be https, or http to a loopback address.')
  }
  if (url.username !== '' || url.password !== '') {
    refuse('jwksUrl', 'must not contain a user name or a password.')
  }
  return url
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'))

/** The issuer's keys, and the milliseconds for which they may be cached. */
export interface FetchedKeys { keys: PairKey[], maxAge: number }

const FETCH_TIMEOUT_MS = 5000
const MAX_RESPONSE_BYTES = 262_144
const MAX_KEYS = 100
/** For a response without `max-age`. */
const DEFAULT_MAX_AGE_MS = 600_000

/**
 * Fetches a JWK set (RFC 7517 section 5). Skips unusable keys: unknown, symmetric, weak, or not for
 * signatures. Follows no redirect.
 * @throws Error after 5 s without a response, or if it is not a JWK set or has no usable key
 */
export async function fetchJwks (url: URL, closing: AbortSignal): Promise<FetchedKeys> {
  // Node 20 garbage-collects a signal of AbortSignal.any with AbortSignal.timeout, and then the
  // timeout never fires.
  const giveUp = new AbortController()
  const close = (): void => giveUp.abort(closing.reason)
  const timeout = new DOMException(
    `The issuer did not answer within ${FETCH_TIMEOUT_MS} ms.`, 'TimeoutError')
  const timer = setTimeout(() => giveUp.abort(timeout), FETCH_TIMEOUT_MS).unref()
  closing.addEventListener('abort', close)
  if (closing.aborted) close()
  try {
    const headers = { accept: 'application/jwk-set+json, application/json' }
    return await read(await fetch(url, { headers, redirect: 'error', signal: giveUp.signal }))
  } finally {
    clearTimeout(timer)
    closing.removeEventListener('abort', close)
  }
}

async function read (response: Response): Promise<FetchedKeys> {
  const text = await boundedText(response)
  if (response.status !== 200) {
    throw new Error(`The issuer answered ${response.status}, expected 200.`)
  }
  const { keys } = (JSON.parse(text) ?? {}) as { keys?: unknown }
  if (!Array.isArray(keys)) throw new Error('The response is not a JWK set.')
  if (keys.length > MAX_KEYS) throw new Error(`The JWK set has more than ${MAX_KEYS} keys.`)
  const usable = keys.map(usableKey).filter(key => key !== undefined)
  // A server that signs has a key. Accepting an empty set would refuse every token.
  if (usable.length === 0) throw new Error('The JWK set has no usable key.')
  return { keys: usable, maxAge: maxAgeOf(response.headers) }
}

async function boundedText ({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body ?? []) {
    length += (chunk as Uint8Array).length
    if (length > MAX_RESPONSE_BYTES) {
      throw new Error(`The response is longer than ${MAX_RESPONSE_BYTES} bytes.`)
    }
    chunks.push(chunk as Uint8Array)
  }
  // As Response.json() does, this leaves out a byte order mark.
  return new TextDecoder().decode(Buffer.concat(chunks))
}

/** RFC 9111 section 5.2.2.1, minus the time that the response spent in caches. */
function maxAgeOf (headers: Headers): number {
  const cacheControl = headers.get('cache-control') ?? ''
  if (/\bno-(store|cache)\b/i.test(cacheControl)) return 0
  const seconds = /(?:^|[\s,])max-age="?(\d{1,9})/i.exec(cacheControl)?.[1]
  if (seconds === undefined) return DEFAULT_MAX_AGE_MS
  return Math.max(0, Number(seconds) - Number(headers.get('age') ?? 0)) * 1000 || 0
}

const reject: Refuse = (_name, rule) => { throw new Error(rule) }

function usableKey (jwk: Jwk | null): PairKey | undefined {
  const algorithm = algorithmOf(jwk ?? {})
  if (algorithm === undefined) return undefined
  try {
    const publicKey = readPublicKey(jwk, { name: 'key', algorithm, refuse: reject })
    return { kid: jwk?.kid, algorithm, privateKey: undefined, publicKey, publish: false }
  } catch {
    return undefined
  }
}

const BY_CURVE: Record<string, Algorithm> =
  { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512', Ed25519: 'EdDSA' }

/**
 * `alg` is optional (RFC 7517 section 4.4). Without it the curve gives the algorithm; for an RSA
 * key it is RS256.
 */
function algorithmOf ({ alg, kty, crv }: Jwk): Algorithm | undefined {
  if (alg !== undefined) return algorithmNamed(alg)
  return kty === 'RSA' ? 'RS256' : BY_CURVE[crv as string]
}
