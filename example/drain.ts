import { setTimeout as delay } from 'node:timers/promises'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Closes the app so that no request fails: first asks all clients to close their connections,
     * then finishes the running requests.
     */
    drain(): Promise<void>
    /** Returns whether the app is about to close. */
    draining(): boolean
  }
}

/**
 * Milliseconds in which each reply has `connection: close`. A proxy such as nginx keeps connections
 * open. Closing one at once could lose a request on its way, and nginx does not retry a POST.
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
