import { createSecretKey } from 'node:crypto'
import Koa from 'koa'
import koaJwt from 'koa-jwt'
import { HELLO, type Serve, listening } from './guarded.ts'

/**
 * Koa with koa-jwt, which verifies with jsonwebtoken, as in express-jwt.ts. Its types know no
 * KeyObject.
 */
export const serve: Serve = async ({ algorithm, key }) => {
  const app = new Koa()
  app.silent = true // or it prints each answer that the load did not wait for
  app.use(
    koaJwt({
      secret: createSecretKey(Buffer.from(key)) as unknown as Buffer,
      algorithms: [algorithm as 'HS256']
    })
  )
  app.use(context => { context.body = HELLO })
  return listening(app.listen(0, '127.0.0.1'))
}
