import serveFiles from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import { folder } from './folder.ts'

/**
 * The page gets nothing from elsewhere. No other page can frame it: a visitor could be made to
 * click on "Allow" without seeing it.
 */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
    "frame-ancestors 'none'",
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer'
}

/** For @fastify/swagger, whose types an app without it lacks. */
const HIDDEN: object = { hide: true }

/** Serves the page that logs the user in, and asks whether an app may have access. */
export async function connect (app: FastifyInstance): Promise<void> {
  await app.register(serveFiles, { root: folder('connect'), serve: false })
  app.get('/connect', { schema: HIDDEN }, (_request, reply) =>
    reply.headers(HEADERS).sendFile('connect.html'))
  app.get('/connect.js', { schema: HIDDEN }, (_request, reply) =>
    reply.sendFile('connect.js'))
}
