import type { IncomingMessage } from 'node:http'
import { type RequestOptions, request } from 'node:https'
import { abortAfter, boundedText, maxAgeOf } from '../../keys/fetch-limits.ts'
import {
  PrivateAddressError, type Resolve, isPublicAddress, publicLookup, resolveByDns
} from './public-address.ts'

/**
 * The outcome of a fetch: the document and the milliseconds for which its host allows to cache it,
 * or the reason why there is none. `unavailable` may pass.
 */
export type FetchOutcome =
  | { status: 'fetched', document: unknown, maxAgeMs: number | undefined }
  | { status: 'unavailable' | 'refused', reason: string }

/** Fetches the document at a URL. Never rejects. */
export type FetchDocument = (url: string, closing: AbortSignal) => Promise<FetchOutcome>

/** The parts that a test replaces. */
export interface FetchParts {
  resolve?: Resolve
  isPublic?: (address: string) => boolean
  /** Certificates of authorities, in PEM. Default: those of Node. */
  ca?: string
}

const FETCH_TIMEOUT_MS = 5000
const MAX_RESPONSE_BYTES = 16_384
const JSON_TYPE = /^application\/(?:[a-z0-9.-]+\+)?json *(?:;|$)/i
/** Statuses of a host that has a document and cannot send it now. */
const PASSING = new Set([404, 408, 429])

/**
 * Returns a function that fetches a metadata document: by https from a public address, without
 * redirects, at most 16 KB of JSON within 5 s.
 */
export const createFetchDocument = (
  { resolve = resolveByDns, isPublic = isPublicAddress, ca }: FetchParts = {}
): FetchDocument => async (url, closing) => {
  const late = `The host did not answer within ${FETCH_TIMEOUT_MS} ms.`
  const { signal, clear } = abortAfter(FETCH_TIMEOUT_MS, late, closing)
  const lookup = publicLookup(resolve, isPublic)
  const outcome = await get(url, { signal, lookup, ...(ca !== undefined && { ca }) })
    .then(read).catch((error: Error): FetchOutcome => ({
      status: error instanceof PrivateAddressError ? 'refused' : 'unavailable',
      reason: signal.aborted ? (signal.reason as Error).message : error.message
    }))
  clear()
  return outcome
}

const get = (url: string, settings: object): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    request(url, {
      ...settings,
      headers: { accept: 'application/json', 'accept-encoding': 'identity' },
      // A pooled connection would skip the lookup.
      agent: false,
      // The lookup gives a list of addresses.
      autoSelectFamily: true,
      // Not even NODE_TLS_REJECT_UNAUTHORIZED may let another host answer for an app.
      rejectUnauthorized: true
    } as RequestOptions)
      .once('response', resolve)
      .on('error', reject)
      // After a 101 there is neither a response nor an error.
      .once('close', () => reject(new Error('The host sent no response.')))
      .end()
  })

const refused = (reason: string): FetchOutcome => ({ status: 'refused', reason })

async function read (response: IncomingMessage): Promise<FetchOutcome> {
  try {
    const { headers } = response
    const statusCode = response.statusCode as number
    if (statusCode !== 200) {
      const status = PASSING.has(statusCode) || statusCode >= 500 ? 'unavailable' : 'refused'
      return { status, reason: `The host answered ${statusCode}, expected 200.` }
    }
    if (!JSON_TYPE.test(headers['content-type'] ?? '')) {
      return refused('The Content-Type is not application/json.')
    }
    const document = parsed(await boundedText(response, MAX_RESPONSE_BYTES))
    if (document === undefined) return refused('The document is not JSON.')
    return {
      status: 'fetched',
      document,
      maxAgeMs: maxAgeOf(headers['cache-control'] ?? '', headers.age ?? '')
    }
  } finally {
    response.destroy()
  }
}

/** Returns undefined for a text that is not JSON: the error of `JSON.parse` repeats it. */
function parsed (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
