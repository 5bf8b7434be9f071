import { checkedDriver } from '../checked-driver.ts'
import { type RedisClient, connectionOf } from './connection.ts'
import type { RedisScript } from './scripts.ts'

export type { RedisClient } from './connection.ts'

/** Sends commands only while the client is connected. Never queues one for later. */
export interface RedisCommands {
  command(name: string, ...parameters: (string | number)[]): Promise<unknown>
  run(script: RedisScript, keys: string[], ...parameters: (string | number)[]): Promise<unknown>
  /** Sends a command to each master of a Cluster, or to the only server. */
  onEachMaster(name: string, ...parameters: (string | number)[]): Promise<unknown[]>
  /** Stops listening to the client. */
  close(): Promise<void>
}

/** @throws TypeError for a client of another package */
export function redisCommands (client: RedisClient): RedisCommands {
  const { ready, settle, release } = connectionOf(checkedDriver('redisStore', client))

  async function send (name: string, parameters: (string | number)[]): Promise<unknown> {
    await ready()
    return settle(client.call(name, ...parameters))
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

    async onEachMaster (name, ...parameters) {
      await ready()
      const servers = client.nodes?.('master') ?? [client]
      return Promise.all(servers.map(server => settle(server.call(name, ...parameters))))
    },

    async close () { release() }
  }
}
