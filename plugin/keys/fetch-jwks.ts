import { type Algorithm, isAlgorithm } from './algorithms.ts'
import type { Jwk } from './jwk.ts'
import { readPublicKey } from './parse-key.ts'
import type { PairKey } from './key-options.ts'
import type { Refuse } from '../option-checks.ts'

/** The keys of another server, and for how many milliseconds it says that they may be kept. */
export interface FetchedKeys { keys: PairKey[], maxAge: number }

/** How long an answer may take. In milliseconds. */
const TIMEOUT = 5000
/** How much of an answer is read. In bytes. */
const MOST_BYTES = 262_144
const MOST_KEYS = 100
/** For an answer that does not say. In milliseconds. */
const DEFAULT_MAX_AGE = 600_000

/**
 * Fetches a JWK set (RFC 7517 section 5). Keys that are of no use here are left out: of an unknown kind, symmetric, weak, or not
 * for signatures. Follows no redirect.
 * @throws Error if there is no answer within 5 s, or it is not a JWK set, or none of its keys is of use
 */
export async function fetchJwks (url: URL, closing: AbortSignal): Promise<FetchedKeys> {
  // Not AbortSignal.any with AbortSignal.timeout: Node 20 collects such a signal as garbage, and then nothing ends the wait.
  const giveUp = new AbortController()
  const close = (): void => giveUp.abort(closing.reason)
  const timer = setTimeout(() => giveUp.abort(new DOMException('It did not answer in time.', 'TimeoutError')), TIMEOUT).unref()
  closing.addEventListener('abort', close)
  if (closing.aborted) close()
  try {
    return await read(await fetch(url, { headers: { accept: 'application/jwk-set+json, application/json' }, redirect: 'error', signal: giveUp.signal }))
  } finally {
    clearTimeout(timer)
    closing.removeEventListener('abort', close)
  }
}

async function read (response: Response): Promise<FetchedKeys> {
  const text = await boundedText(response)
  if (response.status !== 200) throw new Error(`It answered ${response.status}.`)
  const { keys } = (JSON.parse(text) ?? {}) as { keys?: unknown }
  if (!Array.isArray(keys) || keys.length > MOST_KEYS) throw new Error('It answered something else than a JWK set.')
  const usable = keys.map(usableKey).filter(key => key !== undefined)
  // A server that signs has a key. To take this for an answer would make every token bad.
  if (usable.length === 0) throw new Error('It answered a JWK set without a key that is of use here.')
  return { keys: usable, maxAge: maxAgeOf(response.headers) }
}

async function boundedText ({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body ?? []) {
    length += (chunk as Uint8Array).length
    if (length > MOST_BYTES) throw new Error('It answered more than a JWK set takes.')
    chunks.push(chunk as Uint8Array)
  }
  return Buffer.concat(chunks).toString()
}

/** RFC 9111 section 5.2.2.1, less the time that the answer has spent in caches on its way. */
function maxAgeOf (headers: Headers): number {
  const cacheControl = headers.get('cache-control') ?? ''
  if (/\bno-(store|cache)\b/i.test(cacheControl)) return 0
  const seconds = /(?:^|[\s,])max-age="?(\d{1,9})/i.exec(cacheControl)?.[1]
  if (seconds === undefined) return DEFAULT_MAX_AGE
  return Math.max(0, Number(seconds) - Number(headers.get('age') ?? 0)) * 1000 || 0
}

const reject: Refuse = (_name, rule) => { throw new Error(rule) }

function usableKey (jwk: Jwk | null): PairKey | undefined {
  const algorithm = algorithmOf(jwk ?? {})
  if (algorithm === undefined) return undefined
  try {
    return { kid: jwk?.kid, algorithm, privateKey: undefined, publicKey: readPublicKey(jwk, { name: 'key', algorithm, refuse: reject }) }
  } catch {
    return undefined
  }
}

const BY_CURVE: Record<string, Algorithm> = { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512', Ed25519: 'EdDSA' }

/** `alg` is optional (RFC 7517 section 4.4). Without it a curve has but one algorithm, and an RSA key is taken to be for RS256. */
function algorithmOf ({ alg, kty, crv }: Jwk): Algorithm | undefined {
  if (alg !== undefined) return isAlgorithm(alg) ? alg : undefined
  return kty === 'RSA' ? 'RS256' : BY_CURVE[crv as string]
}
