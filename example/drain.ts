import { setTimeout as delay } from 'node:timers/promises'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Ends the app so that no request fails: first all clients are asked to hang up, then what runs
     * is finished.
     */
    drain(): Promise<void>
    /** Whether the app is about to end. */
    draining(): boolean
  }
}

/**
 * Milliseconds in which each answer says `connection: close`. Whoever keeps a connection, as nginx
 * does, learns in time that it ends: closed at once, it would meet requests that are on their way,
 * and of those a POST is not sent again.
 */
const NOTICE = 500

export const drain = fp(async app => {
  let draining = false
  app.addHook('onSend', async (_request, reply) => {
    if (draining) reply.header('connection', 'close')
  })
  app.decorate('draining', () => draining)
  app.decorate('drain', async () => {
    draining = true
    await delay(NOTICE)
    await app.close()
  })
})
