import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { SECOND, buildApp } from '../fixtures/app.ts'
import { refreshClaims, sign } from '../fixtures/tokens/jwt.ts'

const NOT_PROVIDED = '{"detail":"Authentication credentials were not provided."}'
const header = (request: FastifyRequest): string | undefined => request.headers['x-token'] as string

t.test('extractToken: says where every guard finds the token', async t => {
  const { app, login, clock } = await buildApp(t, {
    extractToken: header, findUser: id => ({ id }), rateLimit: {}
  })
  app.get('/user', { onRequest: app.authenticateUser }, async request => request.account.id)
  app.get('/claims', { onRequest: app.requireClaims({ user_id: '1' }) }, async () => 'claims')
  app.get('/scope', { onRequest: app.requireScope('read') }, async () => 'scope')
  app.get('/optional', { onRequest: app.authenticateOptional }, async request => ({
    user: request.user
  }))
  const { access, refresh } = await login()
  const urls = ['/hello/', '/user', '/claims', '/scope', '/optional', '/api/token/sessions']
  const ask = (url: string, token: string) => app.inject({ url, headers: { 'x-token': token } })
  for (const url of urls) {
    for (const seen of ['first', 'again', 'known']) {
      t.equal((await ask(url, access)).statusCode, 200, `${url} ${seen}`)
    }
    for (const bad of [refresh, 'x', `Bearer ${access}`, `${access}x`, sign(refreshClaims())]) {
      t.equal((await ask(url, bad)).statusCode, 401, url)
    }
    const { statusCode } = await app.inject({ url, headers: { authorization: `Bearer ${access}` } })
    t.equal(statusCode, url === '/optional' ? 200 : 401, 'the Authorization header is not read')
  }
  t.same((await app.inject('/optional')).json(), { user: null })
  clock.advance(300 * SECOND)
  for (const url of urls) t.equal((await ask(url, access)).statusCode, 401, 'expired')
})

t.test('extractToken: the cache never returns the claims of one token for another', async t => {
  // All tokens come with one Authorization header, which is the key of the cache by default.
  const { app, login } = await buildApp(t, { extractToken: header })
  app.get('/me', { onRequest: app.authenticate }, async request => request.user.user_id)
  const own = { 1: (await login()).access, 3: (await login('maria', '456')).access }
  const ask = (token: string) =>
    app.inject({ url: '/me', headers: { 'x-token': token, authorization: 'Bearer x' } })
  for (let count = 0; count < 4; count++) {
    for (const [id, token] of Object.entries(own)) t.equal((await ask(token)).body, id)
  }
  t.ok(app.tokens.cacheStatistics().hits > 0)
  const other = own[1].at(-9) === 'A' ? 'B' : 'A'
  const respelled = `${own[1].slice(0, -9)}${other}${own[1].slice(-8)}`
  t.equal((await ask(respelled)).statusCode, 401)
})

t.test('extractToken: a bad return is a 401, also on an optional route', async t => {
  const returns: unknown[] = [
    '', 0, 42, true, false, {}, [], ['x'], Buffer.from('x'), Symbol('x'), () => 'x',
    Promise.resolve('x'), Promise.reject(new Error('x'))
  ]
  for (const returned of returns) {
    const { app, hello } = await buildApp(t, { extractToken: () => returned as string })
    app.get('/optional', { onRequest: app.authenticateOptional }, async () => 'optional')
    t.match(await hello('x'), { statusCode: 401, body: /Token is invalid/ })
    t.equal((await app.inject('/optional')).statusCode, 401)
  }
  for (const none of [undefined, null]) {
    const { app, hello } = await buildApp(t, { extractToken: () => none as undefined })
    app.get('/optional', { onRequest: app.authenticateOptional }, async () => 'optional')
    t.equal((await hello('x')).body, NOT_PROVIDED)
    t.equal((await app.inject('/optional')).statusCode, 200)
  }
})

t.test('extractToken: a throw is an error of the host', async t => {
  const { app, hello } = await buildApp(t, { extractToken: () => { throw new Error('a fault') } })
  app.get('/optional', { onRequest: app.authenticateOptional }, async () => 'optional')
  t.equal((await hello('x')).statusCode, 500)
  t.equal((await app.inject('/optional')).statusCode, 500)
})
