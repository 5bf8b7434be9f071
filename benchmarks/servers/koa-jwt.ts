import Koa from 'koa'
import koaJwt from 'koa-jwt'
import { HELLO, type Serve, listening } from './guarded.ts'

/** Koa with koa-jwt, which verifies with jsonwebtoken. */
export const serve: Serve = async ({ algorithm, key }) => {
  const app = new Koa()
  app.use(koaJwt({ secret: key, algorithms: [algorithm as 'HS256'] }))
  app.use(context => { context.body = HELLO })
  return listening(app.listen(0, '127.0.0.1'))
}
