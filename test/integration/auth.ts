import fastifyAuth, { type FastifyAuthFunction } from '@fastify/auth'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { createUsers } from '../fixtures/app.ts'
import { NO_CREDENTIALS, buildHost } from '../fixtures/host.ts'

/** Another way in: a key in a header. */
const apiKey: FastifyAuthFunction = (request, _reply, done) => {
  if (request.headers['x-api-key'] !== 'open sesame') {
    return done(Object.assign(new Error('no such key'), { statusCode: 403 }))
  }
  Object.assign(request, { user: { machine: true } })
  done()
}
/** Lets everybody in and says nothing of a user. */
const anybody: FastifyAuthFunction = (_request, _reply, done) => done()

const KEY = { 'x-api-key': 'open sesame' }
const USER = { token_type: 'access', user_id: '1' }
const MACHINE = { machine: true }
const CHALLENGE = 'Bearer realm="api"'
const routes = (app: FastifyInstance): void => {
  const guards = {
    '/or/first': app.auth([app.authenticate, apiKey]),
    '/or/last': app.auth([apiKey, app.authenticate]),
    '/and/first': app.auth([app.authenticate, apiKey], { relation: 'and' }),
    '/and/last': app.auth([apiKey, app.authenticate], { relation: 'and' }),
    '/all': app.auth([app.authenticate, apiKey], { run: 'all' }),
    '/alone': app.auth([app.authenticate]),
    '/nested': app.auth([[app.authenticate, anybody], apiKey])
  }
  for (const [url, onRequest] of Object.entries(guards)) {
    app.get(url, { onRequest }, async request => request.user)
  }
}

const refusedByKey = { statusCode: 403, error: 'Forbidden', message: 'no such key' }
const cases: {
  url: string
  token: boolean
  key: boolean
  status: number
  body: object
  challenge?: string
}[] = [
  { url: '/or/first', token: true, key: false, status: 200, body: USER },
  { url: '/or/first', token: false, key: true, status: 200, body: MACHINE },
  { url: '/or/first', token: false, key: false, status: 403, body: refusedByKey },
  { url: '/or/last', token: true, key: false, status: 200, body: USER },
  { url: '/or/last', token: false, key: true, status: 200, body: MACHINE },
  {
    url: '/or/last',
    token: false,
    key: false,
    status: 401,
    body: JSON.parse(NO_CREDENTIALS),
    challenge: CHALLENGE
  },
  { url: '/and/first', token: true, key: true, status: 200, body: MACHINE },
  {
    url: '/and/first',
    token: false,
    key: true,
    status: 401,
    body: JSON.parse(NO_CREDENTIALS),
    challenge: CHALLENGE
  },
  { url: '/and/first', token: true, key: false, status: 403, body: refusedByKey },
  { url: '/and/last', token: true, key: true, status: 200, body: USER },
  {
    url: '/and/last',
    token: false,
    key: true,
    status: 401,
    body: JSON.parse(NO_CREDENTIALS),
    challenge: CHALLENGE
  },
  { url: '/and/last', token: true, key: false, status: 403, body: refusedByKey },
  { url: '/all', token: true, key: false, status: 200, body: USER },
  { url: '/all', token: false, key: true, status: 200, body: MACHINE },
  { url: '/alone', token: true, key: false, status: 200, body: USER },
  {
    url: '/alone',
    token: false,
    key: true,
    status: 401,
    body: JSON.parse(NO_CREDENTIALS),
    challenge: CHALLENGE
  },
  { url: '/nested', token: true, key: false, status: 200, body: USER },
  { url: '/nested', token: false, key: true, status: 200, body: MACHINE }
]

t.test('the guard is a strategy of @fastify/auth', async t => {
  const { get, login } = await buildHost(t, {
    before: app => app.register(fastifyAuth),
    after: routes
  })
  const { access } = await login()
  for (const { url, token, key, status, body, challenge } of cases) {
    t.test(`${url} is ${status} for ${JSON.stringify({ token, key })}`, async t => {
      const reply = await get(url, token ? access : undefined, key ? { headers: KEY } : {})
      t.equal(reply.statusCode, status)
      t.match(reply.json(), body)
      t.equal(
        reply.headers['www-authenticate'],
        challenge,
        challenge === undefined ? 'no stray challenge' : 'our challenge'
      )
    })
  }
})

t.test('@fastify/auth may be registered after the plugin', async t => {
  const { get, login } = await buildHost(t, {
    after: async app => {
      await app.register(fastifyAuth)
      routes(app)
    }
  })
  const { access } = await login()
  t.match((await get('/or/last', access)).json(), USER)
  t.equal((await get('/alone')).body, NO_CREDENTIALS)
})

t.test('authenticateUser: leaves no refused user to the strategy that wins', async t => {
  const users = createUsers()
  const { get, login } = await buildHost(t, {
    options: { findUser: userId => users.find(user => String(user.id) === userId) ?? null },
    before: app => app.register(fastifyAuth),
    after: app => {
      app.get('/', { onRequest: app.auth([app.authenticateUser, anybody]) }, async request => ({
        account: request.account ?? null
      }))
    }
  })
  const { access } = await login()
  t.match((await get('/', access)).json(), { account: { name: 'vitor' } })
  for (const user of users) user.isActive = false
  t.same((await get('/', access)).json(), { account: null })
})
