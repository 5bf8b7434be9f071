import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'

/**
 * What a server is told: the algorithm of the tokens, and what to verify them with (the text of a
 * secret, or PEM).
 */
export interface Guard { algorithm: string, key: string }

/** Starts a server with `GET /hello/` on a free port of this machine, which it gives. */
export type Serve = (guard: Guard) => Promise<number>

/** What all of them answer. */
export const HELLO = { message: 'Hello, World!' }

export async function listenWithFastify (app: FastifyInstance): Promise<number> {
  await app.listen({ host: '127.0.0.1', port: 0 })
  return portOf(app.server)
}

/** Once a server of Node listens. */
export async function listening (server: Server): Promise<number> {
  if (!server.listening) await new Promise(resolve => server.once('listening', resolve))
  return portOf(server)
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port
