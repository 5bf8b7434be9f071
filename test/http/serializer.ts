import t from 'tap'
import { buildApp } from '../fixtures/app.ts'
import { compileSerializer } from '../../plugin/http/serializer.ts'

t.test('replies are what the routes gave, whatever the schemas name', async t => {
  const serialize = compileSerializer({
    schema: { type: 'object', properties: {} },
    method: 'POST',
    url: '/',
    httpStatus: '200'
  })
  t.equal(serialize({ b: 1, a: [] }), '{"b":1,"a":[]}')
})

t.test('an error of the host on a token route is told as on any other route', async t => {
  for (const more of [{}, { code: 'NOT_NOW' }]) {
    const { app } = await buildApp(t, {
      verifyCredentials: () => {
        throw Object.assign(new Error('not now'), { statusCode: 503, ...more })
      }
    })
    app.get('/other/', async () => {
      throw Object.assign(new Error('not now'), { statusCode: 503, ...more })
    })
    const other = await app.inject('/other/')
    const login = await app.inject({
      method: 'POST',
      url: '/api/token/',
      payload: { username: 'a', password: 'b' }
    })
    t.equal(login.body, other.body)
    t.match(login.json(), { message: 'not now', ...more })
  }
})
