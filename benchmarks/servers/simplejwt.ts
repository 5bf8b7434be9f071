import fastify from 'fastify'
import simplejwt, { type KeyInput } from '../../plugin/index.ts'
import { HELLO, type Serve, listenWithFastify } from './guarded.ts'

/** This package, with all its defaults. */
export const serve: Serve = async ({ algorithm, key }) => {
  const app = fastify()
  await app.register(
    simplejwt,
    algorithm.startsWith('HS')
      ? {
          keys: [{ algorithm, secret: key } as KeyInput],
          verifyCredentials: () => null,
          rateLimit: false
        }
      : { keys: [{ algorithm, publicKey: key } as KeyInput] }
  )
  app.get('/hello/', { onRequest: app.authenticate }, async () => HELLO)
  return listenWithFastify(app)
}
