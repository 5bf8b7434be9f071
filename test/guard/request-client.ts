import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { buildApp } from '../fixtures/app.ts'
import { accessClaims, sign } from '../fixtures/tokens/jwt.ts'

const seen = async ({ client }: FastifyRequest) => client
const token = sign(accessClaims({
  token_type: 'client', user_id: undefined, client_id: 'nightly-report', scope: 'reports:write'
}))

t.test('requireClient: a host that made request.client read-only gets a 500', async t => {
  const { app } = await buildApp(t)
  app.get('/reports/', { onRequest: app.requireClient() }, seen)
  app.addHook('onRequest', async request => {
    Object.defineProperty(request, 'client', { get: () => 'of the host' })
  })
  const headers = { authorization: `Bearer ${token}` }
  t.equal((await app.inject({ url: '/reports/', headers })).statusCode, 500)
})

t.test('requireClient: is prefixed with the namespace', async t => {
  const { app } = await buildApp(t, { namespace: 'staff', prefix: '/staff/token' })
  const { staffRequireClient } = app as unknown as { staffRequireClient: typeof app.requireClient }
  t.type(staffRequireClient(), 'function')
  t.notOk(app.hasDecorator('requireClient'))
})
