import cors from '@fastify/cors'
import fastify from 'fastify'
import t from 'tap'
import simplejwt from '../../plugin/index.ts'
import { SECRET } from '../fixtures/app.ts'
import { createBrowser } from '../fixtures/clients/browser.ts'

const ORIGIN = 'https://app.example.com'

t.test('a page of another origin reads the answers, and why it was refused', async t => {
  const app = fastify()
  t.after(() => app.close())
  await app.register(cors, {
    origin: [ORIGIN],
    credentials: true,
    methods: ['GET', 'HEAD', 'POST', 'DELETE'],
    exposedHeaders: ['WWW-Authenticate', 'Retry-After']
  })
  await app.register(simplejwt, {
    secret: SECRET,
    verifyCredentials: ({ password }) => password === '123' ? { id: 1 } : null,
    rateLimit: { loginPerUsername: 1 },
    cookie: { origins: [ORIGIN], bodyForApps: true }
  })
  const browser = createBrowser(app, { origin: ORIGIN, 'sec-fetch-site': 'same-site' })
  const login = (password: string) => browser.post('/api/token/', { username: 'a', password })
  const readable = {
    'access-control-allow-origin': ORIGIN,
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': 'WWW-Authenticate, Retry-After'
  }
  const good = await login('123')
  t.match(good, { statusCode: 200, headers: readable })
  t.equal(browser.cookies.size, 1)
  t.match(await browser.post('/api/token/refresh/'), { statusCode: 200, headers: readable })
  t.match(await login('x'), {
    statusCode: 401, headers: { ...readable, 'www-authenticate': 'Bearer realm="api"' }
  })
  t.match(await login('x'), { statusCode: 429, headers: { ...readable, 'retry-after': /^\d+$/ } })
  const expired = await app.inject({
    url: '/api/token/sessions/', headers: { origin: ORIGIN, authorization: 'Bearer x' }
  })
  t.match(expired, {
    statusCode: 401,
    headers: { ...readable, 'www-authenticate': 'Bearer realm="api", error="invalid_token"' }
  })
  const evil = createBrowser(app, { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' })
  const refused = await evil.post('/api/token/', { username: 'b', password: '123' })
  t.equal(refused.statusCode, 403)
  t.not(refused.headers['access-control-allow-origin'], 'https://evil.example')
  const preflight = await app.inject({
    method: 'OPTIONS',
    url: '/api/token/sessions/',
    headers: { origin: ORIGIN, 'access-control-request-method': 'DELETE' }
  })
  t.match(preflight, { statusCode: 204, headers: { 'access-control-allow-methods': /DELETE/ } })
})
