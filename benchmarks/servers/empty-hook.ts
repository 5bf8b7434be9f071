import fastify from 'fastify'
import { HELLO, type Serve, listenWithFastify } from './guarded.ts'

/** A hook that lets everybody in: what Fastify takes for any guard. */
export const serve: Serve = async () => {
  const app = fastify()
  app.get('/hello/', { onRequest: (_request, _reply, done) => { done() } }, async () => HELLO)
  return listenWithFastify(app)
}
