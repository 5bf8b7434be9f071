import type { Server } from 'node:http'
import { serve as listen } from '@hono/node-server'
import { Hono } from 'hono'
import { jwt } from 'hono/jwt'
import { HELLO, type Serve, listening } from './guarded.ts'

/** Hono on Node's own server, with hono/jwt, which verifies with WebCrypto. */
export const serve: Serve = async ({ key }) => {
  const app = new Hono()
  app.get('/hello/', jwt({ secret: key, alg: 'HS256' }), context => context.json(HELLO))
  return listening(listen({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }) as Server)
}
