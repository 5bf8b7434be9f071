import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { createBrowser } from '../../fixtures/clients/browser.ts'
import { openConsentPage } from '../../fixtures/oauth/consent-page.ts'

t.test('decision: a form of another origin cannot send one', async t => {
  // A host may take the access token from a cookie, which a form brings along.
  const extractToken = (request: FastifyRequest): string | undefined =>
    /access=([^;]+)/.exec(request.headers.cookie ?? '')?.[1]
  const { ask, decide, login, app } = await openConsentPage(t, { core: { extractToken } })
  const cookie = `access=${(await login()).access}`
  const text = await ask()
  const form = String(new URLSearchParams({ authorization: text, allow: 'true' }))
  const json = JSON.stringify({ authorization: text, allow: true })
  for (const [type, payload, status] of [
    ['application/x-www-form-urlencoded', form, 400],
    ['text/plain', json, 415],
    ['text/plain; application/json', json, 415],
    ['multipart/form-data; boundary=x', json, 415]
  ] as const) {
    const reply = await decide(text, undefined, {}, {
      payload, headers: { cookie, 'content-type': type, origin: 'https://evil.example' }
    })
    t.equal(reply.statusCode, status, type)
  }
  t.equal((await app.tokens.sessions(1)).length, 1)
  const preflight = await app.inject({
    method: 'OPTIONS',
    url: '/oauth/authorization/',
    headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' }
  })
  t.notOk(preflight.headers['access-control-allow-origin'])
  t.equal((await decide(text, undefined, {}, { headers: { cookie } })).statusCode, 200)
})

t.test('decision: no header of CORS lets another origin read an answer', async t => {
  const { ask, decide, details, login } = await openConsentPage(t)
  const text = await ask()
  const { access } = await login()
  for (const reply of [await details(text, access), await decide(text, access)]) {
    t.equal(reply.statusCode, 200)
    t.notOk(reply.headers['access-control-allow-origin'])
  }
})

t.test('decision: in cookie mode the cookie alone decides nothing', async t => {
  const { ask, decide, app } = await openConsentPage(t, { core: { cookie: true } })
  const browser = createBrowser(app)
  const reply = await browser.post('/api/token/', { username: 'vitor', password: '123' })
  const text = await ask()
  const cookie = `__Host-refresh=${browser.cookies.get('__Host-refresh')}`
  const headers = { cookie, 'sec-fetch-site': 'same-origin' }
  t.equal((await decide(text, undefined, {}, { headers })).statusCode, 401)
  t.equal((await decide(text, reply.json().access, {}, { headers })).statusCode, 200)
})
