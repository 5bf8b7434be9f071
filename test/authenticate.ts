import t from 'tap'
import { buildApp } from './fixtures/app.ts'

t.test('a good access token opens a guarded route', async t => {
  const { login, hello } = await buildApp(t)
  const { access } = await login()
  const reply = await hello(access)
  t.equal(reply.statusCode, 200)
  t.equal(reply.body, '{"message":"Hello, World!"}')
})
