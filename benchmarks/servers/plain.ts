import fastify from 'fastify'
import { HELLO, type Serve, listenWithFastify } from './guarded.ts'

/** No guard at all: what the others are measured against. */
export const serve: Serve = async () => {
  const app = fastify()
  app.get('/hello/', async () => HELLO)
  return listenWithFastify(app)
}
