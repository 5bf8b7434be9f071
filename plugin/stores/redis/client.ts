import { once, type EventEmitter } from 'node:events'
import type { RedisScript } from './scripts.ts'

/** What the store needs of a client, as ioredis' `Redis` and `Cluster` have it. */
export interface RedisClient extends EventEmitter {
  readonly status: string
  connect(): Promise<unknown>
  call(command: string, ...parameters: (string | number)[]): Promise<unknown>
}

/**
 * Sends commands while the client is connected, and never leaves one in a queue to be sent later.
 */
export interface RedisCommands {
  command(name: string, ...parameters: (string | number)[]): Promise<unknown>
  run(script: RedisScript, keys: string[], ...parameters: (string | number)[]): Promise<unknown>
  /** Stops listening to the client. */
  close(): Promise<void>
}

/** Milliseconds to wait for a connection that is being made. */
const CONNECT_TIMEOUT_MS = 700

export function redisCommands (client: RedisClient): RedisCommands {
  // A client whose errors nobody hears writes each of them to the console.
  if (client.listenerCount('error') === 0) client.on('error', () => {})
  let connecting: Promise<unknown> | undefined

  async function connected (): Promise<void> {
    if (client.status === 'ready') return
    if (client.status === 'wait') client.connect().catch(() => {})
    if (!['wait', 'connecting', 'connect'].includes(client.status)) {
      throw new Error(`Redis is not connected: the status of the client is "${client.status}".`)
    }
    connecting ??= once(client, 'ready', {
      signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS)
    }).finally(() => {
      connecting = undefined
    })
    await connecting
  }

  // A command that is lost with its connection may never be answered by the client: by some of its
  // options it forgets it.
  const unanswered = new Set<(error: Error) => void>()
  function lose (): void {
    for (const reject of unanswered) reject(new Error('The connection to Redis was lost.'))
    unanswered.clear()
  }
  client.on('close', lose)

  async function send (name: string, parameters: (string | number)[]): Promise<unknown> {
    await connected()
    return new Promise((resolve, reject) => {
      unanswered.add(reject)
      client
        .call(name, ...parameters)
        .then(resolve, reject)
        .finally(() => {
          unanswered.delete(reject)
        })
    })
  }

  return {
    command: (name, ...parameters) => send(name, parameters),

    async run ({ sha, lua }, keys, ...parameters) {
      try {
        return await send('evalsha', [sha, keys.length, ...keys, ...parameters])
      } catch (error) {
        if (!(error as Error).message.startsWith('NOSCRIPT')) throw error
        return send('eval', [lua, keys.length, ...keys, ...parameters])
      }
    },

    async close () { client.off('close', lose) }
  }
}
