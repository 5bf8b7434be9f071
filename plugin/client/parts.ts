import type { ClientOptions } from './client.ts'
import { createLock } from './lock.ts'
import type { LoginState } from './login-state.ts'
import type { Queue } from './queue.ts'
import { type StoredToken, openStorage } from './refresh-token.ts'
import { type TabMessage, receive } from './tab-messages.ts'
import { openChannel } from './tabs.ts'

/** The state of a client, and the parts that its functions share. */
export interface Parts extends LoginState, StoredToken {
  options: ClientOptions
  prefix: string
  inCookie: boolean
  /** Runs an action while other tabs wait. */
  lock: Queue
  /** The refresh that is under way. */
  refreshing?: Promise<void> | undefined
  /** The channel to other tabs, if the browser has channels. */
  channel?: BroadcastChannel | undefined
  send: typeof fetch
  /** Returns the URL of a path on the server. @throws TypeError without `baseUrl` and a page */
  url(path: string | URL): URL
}

export function createParts (options: ClientOptions): Parts {
  const page = globalThis.location?.origin
  const {
    baseUrl = page, prefix = '/api/token', storage = page || !baseUrl ? 'cookie' : 'memory',
    onChange
  } = options
  const key = baseUrl && `fastify-simplejwt ${new URL(baseUrl).origin}${prefix}`
  const sharedName = storage === 'memory' ? undefined : key
  const parts: Parts = {
    options,
    prefix,
    inCookie: storage === 'cookie',
    ...(storage === 'memory' ? { user: null, expires: Infinity } : { expires: 0 }),
    epoch: 0,
    listeners: new Set(onChange && [onChange]),
    lock: createLock(sharedName),
    ...openStorage(typeof storage === 'string' ? undefined : storage, key as string),
    // Bound late: tests and instrumentation replace the global function.
    send: options.fetch ?? ((...given) => fetch(...given)),
    url (path) {
      if (!baseUrl) throw new TypeError('option "baseUrl" is required outside a page.')
      return new URL(path, baseUrl)
    }
  }
  if (sharedName && globalThis.BroadcastChannel) {
    parts.channel = openChannel<TabMessage>(sharedName, message => receive(parts, message))
  }
  return parts
}
