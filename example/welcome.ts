import type { FastifyInstance } from 'fastify'

const page = (host: string) => `fastify-simplejwt: the demo server

Log in as vitor with the password 123:
  http post http://${host}/api/token/ username=vitor password=123

Call a guarded route with the access token:
  curl http://${host}/hello/ -H 'Authorization: Bearer <access token>'

When it has expired, exchange the refresh token for a new pair:
  http post http://${host}/api/token/refresh/ refresh=<refresh token>

See where you are logged in, and log out:
  curl http://${host}/api/token/sessions/ -H 'Authorization: Bearer <access token>'
  http post http://${host}/api/token/blacklist/ refresh=<refresh token>
`

/** What to try, as plain text at `/`, and whether the process is alive at `/healthz`. */
export async function welcome (app: FastifyInstance): Promise<void> {
  app.get('/', async (request, reply) => reply.type('text/plain; charset=utf-8').send(page(request.host)))
  app.get('/healthz', { logLevel: 'warn' }, async () => ({ status: 'ok' }))
}
