import { createVerifier } from 'fast-jwt'
import fastify from 'fastify'
import { HELLO, type Serve, listenWithFastify } from './guarded.ts'

const PREFIX = 'Bearer '.length

/** fast-jwt alone, without its cache: no kind, canonical form, session or revocation. */
export const serve: Serve = async ({ algorithm, key }) => {
  const app = fastify()
  const verify = createVerifier({ key, algorithms: [algorithm as 'HS256'] })
  app.decorateRequest('claims', null)
  app.addHook('onRequest', (request, _reply, done) => {
    const claims = verify((request.headers.authorization as string).slice(PREFIX))
    Object.assign(request, { claims })
    done()
  })
  app.get('/hello/', async () => HELLO)
  return listenWithFastify(app)
}
