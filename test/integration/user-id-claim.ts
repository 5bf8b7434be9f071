import { generateKeyPairSync } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import fastify from 'fastify'
import t from 'tap'
import simplejwt from '../../plugin/index.ts'
import { START, buildApp } from '../fixtures/app.ts'
import { accessClaims, decode, refreshClaims, sign } from '../fixtures/tokens/jwt.ts'

const without = ({ user_id: _, ...claims }: Record<string, unknown>) => claims

t.test('userIdClaim: names the user in every token, over refresh and logout', async t => {
  const { app, login, post, hello } = await buildApp(t, {
    userIdClaim: 'sub', claims: () => ({ role: 'author' })
  })
  app.get('/who/', { onRequest: app.authenticate }, async ({ user }) => user)
  const first = await login()
  const second = (await post('/api/token/refresh/', { refresh: first.refresh })).json()
  for (const token of Object.values({ ...first, again: second.access, next: second.refresh })) {
    t.match(decode(token).payload, { sub: '1', role: 'author' })
    t.notOk('user_id' in decode(token).payload)
    t.equal((await post('/api/token/verify/', { token })).statusCode, 200)
  }
  const headers = { authorization: `Bearer ${second.access}` }
  for (let count = 0; count < 3; count++) {
    t.match((await app.inject({ url: '/who/', headers })).json(), { sub: '1', user_id: '1' })
  }
  const sessions = await app.inject({ url: '/api/token/sessions/', headers })
  t.match(sessions.json(), [{ current: true }])
  t.equal(await app.tokens.revokeUser(1), 1)
  t.equal((await hello(second.access)).statusCode, 401)
})

t.test('userIdClaim: reads the numbers of a Django that has the same USER_ID_CLAIM', async t => {
  const { app, post, hello } = await buildApp(t, { userIdClaim: 'id', adoptRefreshTokens: true })
  t.equal((await hello(sign({ ...without(accessClaims()), id: 3 }))).statusCode, 200)
  t.equal((await hello(sign(accessClaims()))).statusCode, 401, 'user_id is not the name')
  const refresh = sign({ ...without(refreshClaims()), id: 3 })
  const next = (await post('/api/token/refresh/', { refresh })).json()
  t.match(decode(next.refresh).payload, { id: '3' })
  t.equal((await app.tokens.sessions(3)).length, 1)
})

t.test('userIdClaim: is the name that a service with jwksUrl reads', async t => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const keys = [{ algorithm: 'EdDSA' as const, privateKey, publish: true }]
  const { app } = await buildApp(t, { keys, userIdClaim: 'sub' })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const { access } = await app.tokens.issue({ id: 1 })

  const service = fastify()
  t.after(() => service.close())
  await service.register(simplejwt, {
    jwksUrl: `http://127.0.0.1:${port}/.well-known/jwks.json`,
    userIdClaim: 'sub',
    now: () => START
  })
  t.match(await service.tokens.verify(access), { sub: '1', user_id: '1' })
})
