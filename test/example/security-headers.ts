import t from 'tap'
import { buildDemo } from '../fixtures/servers/built-demo.ts'

t.test('every reply has the headers of helmet, without upgrade-insecure-requests', async t => {
  const app = await buildDemo(t)
  const requests = [
    '/',
    '/hello/',
    '/nothing',
    '/docs/json',
    '/metrics',
    { method: 'POST' as const, url: '/api/token/', payload: { username: 'vitor' } }
  ]
  for (const request of requests) {
    const { headers } = await app.inject(request)
    const name = typeof request === 'string' ? request : request.url
    const policy = String(headers['content-security-policy'])
    t.match(policy, "default-src 'self'", name)
    t.match(policy, "script-src 'self'")
    t.notMatch(policy, /script-src[^;]*unsafe/)
    t.notMatch(policy, 'upgrade-insecure-requests')
    t.equal(headers['x-content-type-options'], 'nosniff')
    t.equal(headers['x-frame-options'], 'SAMEORIGIN')
    t.equal(headers['referrer-policy'], 'no-referrer')
    t.match(headers['strict-transport-security'], /max-age=\d{8}/)
  }
})
