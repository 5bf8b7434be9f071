import { createSecretKey } from 'node:crypto'
import express from 'express'
import passport from 'passport'
import { ExtractJwt, Strategy } from 'passport-jwt'
import { HELLO, type Serve, listening } from './guarded.ts'

/**
 * Express 5 with passport-jwt, which verifies with jsonwebtoken, as there. Its types know no
 * KeyObject.
 */
export const serve: Serve = async ({ algorithm, key }) => {
  const app = express()
  passport.use(
    new Strategy(
      {
        jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
        secretOrKey: createSecretKey(Buffer.from(key)) as unknown as Buffer,
        algorithms: [algorithm as 'HS256']
      },
      (claims, done) => {
        done(null, claims)
      }
    )
  )
  app.get('/hello/', passport.authenticate('jwt', { session: false }), (_request, response) => {
    response.json(HELLO)
  })
  return listening(app.listen(0, '127.0.0.1'))
}
