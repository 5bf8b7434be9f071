import fastifyJwt from '@fastify/jwt'
import fastify, { type FastifyRequest } from 'fastify'
import { HELLO, type Serve, listenWithFastify } from './guarded.ts'

/** @fastify/jwt as its README shows it, with its cache of verified tokens. */
export const serve: Serve = async ({ algorithm, key }) => {
  const app = fastify()
  const secret = algorithm.startsWith('HS') ? key : { public: key }
  await app.register(fastifyJwt, {
    secret,
    verify: { algorithms: [algorithm as 'HS256'], cache: 10_000 }
  })
  const onRequest = async (request: FastifyRequest): Promise<void> => { await request.jwtVerify() }
  app.get('/hello/', { onRequest }, async () => HELLO)
  return listenWithFastify(app)
}
