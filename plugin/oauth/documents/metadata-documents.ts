import type { FastifyBaseLogger } from 'fastify'
import type { Client } from '../clients.ts'
import { oauthError } from '../errors.ts'
import { documentClient } from './document-client.ts'
import { hostOf } from './document-url.ts'
import type { FetchDocument } from './fetch-document.ts'

/** Looks up the clients that metadata documents describe. */
export interface MetadataDocuments {
  /**
   * Returns the client that the document at a URL describes, or null. Fetches a document once for
   * all waiting requests. Calls `beforeFetch` before it fetches one of which it has no copy.
   * @throws SimpleJwtError 503 while too many are being fetched, and the error of `beforeFetch`
   */
  find(url: string, beforeFetch?: () => Promise<void>): Promise<Client | null>
  /** Aborts the fetches. */
  close(): void
}

export interface MetadataDocumentsOptions {
  fetchDocument: FetchDocument
  /** Returns whether clients of a host may ask for tokens. */
  allow(host: string): boolean
  /** All scopes of the server. */
  scopes: readonly string[]
  now(): number
  log: Pick<FastifyBaseLogger, 'info'>
}

/** Times in milliseconds. */
interface Kept { client: Client | null, checkAt: number, keepUntil: number }

const MIN_AGE_MS = 300_000
/** Also the time for which an app goes on while its host is down. */
const MAX_AGE_MS = 86_400_000
/** A host is not asked more often for a document that it does not have. */
const COOLDOWN_MS = 10_000
const MAX_KEPT = 1000
/** A visitor decides which hosts are asked. */
const MAX_FETCHES = 100

export function createMetadataDocuments (options: MetadataDocumentsOptions): MetadataDocuments {
  const { fetchDocument, allow, scopes, now, log } = options
  const closing = new AbortController()
  const kept = new Map<string, Kept>()
  const fetching = new Map<string, Promise<Client | null>>()

  async function fetchClient (url: string): Promise<Client | null> {
    const outcome = await fetchDocument(url, closing.signal)
    if (outcome.status === 'fetched') {
      const client = documentClient(url, outcome.document, scopes)
      if (typeof client === 'string') return refuse(url, client)
      const maxAge = outcome.maxAgeMs ?? MIN_AGE_MS
      const age = Math.min(Math.max(maxAge, MIN_AGE_MS), MAX_AGE_MS)
      return keep(url, { client, checkAt: now() + age, keepUntil: now() + MAX_AGE_MS })
    }
    const known = copyOf(url)
    if (outcome.status === 'unavailable' && known !== undefined) {
      return keep(url, { ...known, checkAt: now() + COOLDOWN_MS })
    }
    return refuse(url, outcome.reason)
  }

  function refuse (url: string, reason: string): null {
    log.info({ clientId: url, reason }, 'simplejwt: a client has no usable metadata document')
    keep(url, { client: null, checkAt: now() + COOLDOWN_MS, keepUntil: 0 })
    return null
  }

  /** Evicts the entry that was written first. */
  function keep (url: string, entry: Kept): Client | null {
    kept.delete(url)
    kept.set(url, entry)
    if (kept.size > MAX_KEPT) kept.delete(kept.keys().next().value as string)
    return entry.client
  }

  /** Returns a copy that serves while no new one can be fetched. */
  function copyOf (url: string): Kept | undefined {
    const known = kept.get(url)
    return known !== undefined && now() < known.keepUntil ? known : undefined
  }

  /** Returns the answer that is there or on its way, or undefined. */
  function answerOf (url: string): Promise<Client | null> | undefined {
    const known = kept.get(url)
    if (known !== undefined && now() < known.checkAt) return Promise.resolve(known.client)
    return fetching.get(url)
  }

  async function startFetch (url: string): Promise<Client | null> {
    if (fetching.size >= MAX_FETCHES) {
      const known = copyOf(url)
      if (known !== undefined) return known.client
      throw busy()
    }
    const fetched = fetchClient(url).finally(() => fetching.delete(url))
    fetching.set(url, fetched)
    return fetched
  }

  return {
    async find (url, beforeFetch) {
      if (!allow(hostOf(url))) return null
      if (beforeFetch !== undefined && answerOf(url) === undefined && copyOf(url) === undefined) {
        await beforeFetch()
      }
      // Another request may have started the fetch meanwhile.
      return answerOf(url) ?? startFetch(url)
    },

    close: () => closing.abort()
  }
}

const busy = () => oauthError('temporarily_unavailable',
  'The server fetches too many metadata documents. Try again.', 503, { 'retry-after': '1' })
