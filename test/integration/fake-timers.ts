import { mock } from 'node:test'
import fastify from 'fastify'
import t from 'tap'
import simplejwt from '../../plugin/index.ts'
import { DAY, MINUTE, SECOND, SECRET, START } from '../fixtures/app.ts'

t.test('now: fake timers of node:test move the clock of an app', async t => {
  mock.timers.enable({ apis: ['Date'], now: START })
  t.teardown(() => mock.timers.reset())
  const app = fastify()
  t.after(() => app.close())
  await app.register(simplejwt, {
    secret: SECRET, verifyCredentials: () => ({ id: 1 }), rateLimit: false
  })
  app.get('/hello/', { onRequest: app.authenticate }, async () => 'Hello')
  const post = (url: string, payload: object) => app.inject({ method: 'POST', url, payload })
  const hello = (access: string) =>
    app.inject({ url: '/hello/', headers: { authorization: `Bearer ${access}` } })

  const { access, refresh } = (await post('/api/token/', { username: 'a', password: 'b' })).json()
  mock.timers.tick(5 * MINUTE - SECOND)
  t.equal((await hello(access)).statusCode, 200)
  mock.timers.tick(SECOND)
  t.match((await hello(access)).json(), { messages: [{ message: 'Token is expired' }] })
  const next = (await post('/api/token/refresh/', { refresh })).json()
  t.equal((await hello(next.access)).statusCode, 200)
  mock.timers.tick(DAY)
  t.match(
    (await post('/api/token/refresh/', { refresh: next.refresh })).json(),
    { detail: 'Token is expired' }
  )
})
