import { isIPv4 } from 'node:net'
import type { Refuse } from '../option-checks.ts'
import { type Algorithm, algorithmNamed } from './algorithms.ts'
import { abortAfter, boundedText, maxAgeOf } from './fetch-limits.ts'
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
  const timeout = `The issuer did not answer within ${FETCH_TIMEOUT_MS} ms.`
  const { signal, clear } = abortAfter(FETCH_TIMEOUT_MS, timeout, closing)
  try {
    const headers = { accept: 'application/jwk-set+json, application/json' }
    return await read(await fetch(url, { headers, redirect: 'error', signal }))
  } finally {
    clear()
  }
}

async function read (response: Response): Promise<FetchedKeys> {
  const text = await boundedText(response.body ?? [], MAX_RESPONSE_BYTES)
  if (response.status !== 200) {
    throw new Error(`The issuer answered ${response.status}, expected 200.`)
  }
  const { keys } = (JSON.parse(text) ?? {}) as { keys?: unknown }
  if (!Array.isArray(keys)) throw new Error('The response is not a JWK set.')
  if (keys.length > MAX_KEYS) throw new Error(`The JWK set has more than ${MAX_KEYS} keys.`)
  const usable = keys.map(usableKey).filter(key => key !== undefined)
  // A server that signs has a key. Accepting an empty set would refuse every token.
  if (usable.length === 0) throw new Error('The JWK set has no usable key.')
  const { headers } = response
  const maxAge = maxAgeOf(headers.get('cache-control') ?? '', headers.get('age') ?? '')
  return { keys: usable, maxAge: maxAge ?? DEFAULT_MAX_AGE_MS }
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
