import { type EventEmitter, once } from 'node:events'

/** The members of an ioredis `Redis` or `Cluster` that the store uses. */
export interface RedisClient extends EventEmitter {
  readonly status: string
  connect(): Promise<unknown>
  call(command: string, ...parameters: (string | number)[]): Promise<unknown>
  /** The servers of a Cluster. */
  nodes?(role: 'master'): Pick<RedisClient, 'call'>[]
}

/** The listeners that the stores of one client share. */
export interface Connection {
  /** Resolves once the client is connected. Rejects at once if it does not even try. */
  ready(): Promise<void>
  /** Settles a command, at the latest when its connection is lost. */
  settle<T>(command: Promise<T>): Promise<T>
  /** Stops listening to the client after the last of its stores has closed. */
  release(): void
}

/** Timeout of a command for a connection attempt. */
const CONNECT_TIMEOUT_MS = 700

// Node warns about more than ten listeners for one event, and a client may have more stores.
const connections = new WeakMap<RedisClient, { connection: Connection, users: number }>()

/** Returns the connection of a client, which stays until each caller has called `release()`. */
export function connectionOf (client: RedisClient): Connection {
  const known = connections.get(client) ?? { connection: listenTo(client), users: 0 }
  known.users++
  connections.set(client, known)
  let isReleased = false
  return {
    ...known.connection,
    release () {
      if (isReleased) return
      isReleased = true
      if (--known.users > 0) return
      connections.delete(client)
      known.connection.release()
    }
  }
}

function listenTo (client: RedisClient): Connection {
  // Without a listener ioredis writes each error to the console.
  const ignore = (): void => {}
  if (client.listenerCount('error') === 0) client.on('error', ignore)

  // With some options ioredis never settles a command that is lost with its connection. This
  // rejects them at the close event.
  const unanswered = new Set<(error: Error) => void>()
  function lose (): void {
    for (const reject of unanswered) reject(new Error('The connection to Redis was lost.'))
    unanswered.clear()
  }
  client.on('close', lose)

  let connecting: Promise<unknown> | undefined

  return {
    async ready () {
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
    },

    settle: command => new Promise((resolve, reject) => {
      unanswered.add(reject)
      command.then(resolve, reject).finally(() => { unanswered.delete(reject) })
    }),

    release () {
      client.off('close', lose)
      client.off('error', ignore)
    }
  }
}
