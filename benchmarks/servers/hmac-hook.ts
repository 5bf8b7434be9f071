import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'
import fastify from 'fastify'
import { HELLO, type Serve, listenWithFastify } from './guarded.ts'

const PREFIX = 'Bearer '.length

/** The least that a guard can do: one HMAC-SHA256, one decoding and one `JSON.parse`. */
export const serve: Serve = async ({ key }) => {
  const app = fastify()
  const secret = createSecretKey(Buffer.from(key))
  app.decorateRequest('claims', null)
  app.addHook('onRequest', (request, _reply, done) => {
    const token = (request.headers.authorization as string).slice(PREFIX)
    const [payload, end] = [token.indexOf('.') + 1, token.lastIndexOf('.')]
    const expected = createHmac('sha256', secret).update(token.slice(0, end)).digest()
    if (!timingSafeEqual(expected, Buffer.from(token.slice(end + 1), 'base64url'))) {
      return done(new Error('The signature does not match.'))
    }
    const claims = JSON.parse(Buffer.from(token.slice(payload, end), 'base64url').toString())
    Object.assign(request, { claims })
    done()
  })
  app.get('/hello/', async () => HELLO)
  return listenWithFastify(app)
}
