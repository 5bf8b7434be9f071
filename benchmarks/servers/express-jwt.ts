import { createSecretKey } from 'node:crypto'
import express from 'express'
import { expressjwt } from 'express-jwt'
import { HELLO, type Serve, listening } from './guarded.ts'

/**
 * Express 5 with express-jwt, which verifies with jsonwebtoken: given a KeyObject, since each look
 * at the text of a secret takes that 2 ms.
 */
export const serve: Serve = async ({ algorithm, key }) => {
  const app = express()
  app.get(
    '/hello/',
    expressjwt({ secret: createSecretKey(Buffer.from(key)), algorithms: [algorithm as 'HS256'] }),
    (_request, response) => {
      response.json(HELLO)
    }
  )
  return listening(app.listen(0, '127.0.0.1'))
}
