import { once, type EventEmitter } from 'node:events'
import type { RedisScript } from './scripts.ts'

/** The members of an ioredis `Redis` or `Cluster` that the store uses. */
export interface RedisClient extends EventEmitter {
  readonly status: string
  connect(): Promise<unknown>
  call(command: string, ...parameters: (string | number)[]): Promise<unknown>
}

/** Sends commands only while the client is connected. Never queues one for later. */
export interface RedisCommands {
  command(name: string, ...parameters: (string | number)[]): Promise<unknown>
  run(script: RedisScript, keys: string[], ...parameters: (string | number)[]): Promise<unknown>
  /** Stops listening to the client. */
  close(): Promise<void>
}

/** Timeout of a command for a connection attempt. */
const CONNECT_TIMEOUT_MS = 700

export function redisCommands (client: RedisClient): RedisCommands {
  // Without a listener ioredis writes each error to the console.
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

  // With some options ioredis never settles a command that is lost with its connection. This
  // rejects them at the close event.
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
