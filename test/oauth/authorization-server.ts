import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { SimpleJwtError } from '../../plugin/errors.ts'
import {
  type AuthorizationServer, createAuthorizationServer
} from '../../plugin/oauth/authorization-server.ts'
import { endpointsOf } from '../../plugin/oauth/endpoints.ts'
import type { ResolvedOAuthOptions } from '../../plugin/oauth/resolve-options.ts'
import { buildRegistration } from '../fixtures/registration.ts'
import { ISSUER } from '../fixtures/oauth/authorize-app.ts'

async function build (
  t: { after(close: () => unknown): void }, rateLimit: number | false
): Promise<AuthorizationServer> {
  const { registration } = await buildRegistration(t, { rateLimit: {} })
  return createAuthorizationServer(
    registration, { rateLimit } as ResolvedOAuthOptions, endpointsOf(ISSUER, '', '/oauth'))
}

const request = { ip: '192.0.2.1', routeOptions: {}, headers: {} } as unknown as FastifyRequest

t.test('authorization server: counts requests by address', async t => {
  const { limitByAddress } = await build(t, 2)
  await limitByAddress(request)
  await limitByAddress(request)
  await t.rejects(limitByAddress(request), SimpleJwtError)
  await limitByAddress({ ...request, ip: '192.0.2.2' } as FastifyRequest)
})

t.test('authorization server: without a limit counts nothing', async t => {
  const { limitByAddress } = await build(t, false)
  for (let count = 0; count < 1000; count++) await limitByAddress(request)
  t.pass()
})
