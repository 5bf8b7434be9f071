import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { checkOrigin } from '../../plugin/cookie/csrf.ts'

const check = checkOrigin(['https://app.example.com'])

/** Whether a request to api.example.com with these headers passes. */
async function passes (
  headers: Record<string, string>, host = 'api.example.com'
): Promise<boolean> {
  try {
    await check({ headers, host } as FastifyRequest)
    return true
  } catch (error) {
    t.match(error, {
      statusCode: 403,
      code: 'csrf_failed',
      body: { detail: 'CSRF Failed: the request came from another origin.', code: 'csrf_failed' }
    })
    return false
  }
}

t.test('checkOrigin: accepts a page of the requested origin', async t => {
  t.ok(await passes({ 'sec-fetch-site': 'same-origin', origin: 'https://api.example.com' }))
  t.ok(await passes({ 'sec-fetch-site': 'same-origin' }))
  t.ok(await passes({ origin: 'https://api.example.com' }), 'a browser without Fetch Metadata')
  t.ok(await passes({ origin: 'http://127.0.0.1:8000' }, '127.0.0.1:8000'))
  t.ok(await passes({ origin: 'https://api.example.com' }, 'API.example.com'))
  t.ok(await passes({ origin: 'https://[2001:db8::1]:8443' }, '[2001:db8::1]:8443'))
})

t.test('checkOrigin: trusts Sec-Fetch-Site behind a proxy that changes the Host', async t => {
  t.ok(
    await passes(
      { 'sec-fetch-site': 'same-origin', origin: 'https://www.example.com' }, '10.0.0.5:3000'
    )
  )
})

t.test('checkOrigin: accepts a page of a configured origin', async t => {
  t.ok(await passes({ 'sec-fetch-site': 'same-site', origin: 'https://app.example.com' }))
  t.ok(await passes({ origin: 'https://app.example.com' }))
})

t.test('checkOrigin: rejects every other origin', async t => {
  const others = [
    'https://evil.example', 'https://evil.api.example.com', 'https://api.example.com.evil.example',
    'https://example.com', 'https://sibling.example.com', 'https://api.example.com:8443',
    'http://app.example.com', 'https://app.example.com:444', 'https://APP.example.com', 'null', '',
    'file://', 'chrome-extension://abc', 'https://', 'api.example.com',
    'https://api.example.com, https://evil.example', 'https://evil.example https://api.example.com',
    'https://evil.example/https://api.example.com', 'https://api.example.com@evil.example'
  ]
  for (const origin of others) t.notOk(await passes({ origin }), origin)
  for (const site of [
    'cross-site', 'same-site', 'none', '', 'Same-Origin', 'same-origin, same-origin'
  ]) {
    t.notOk(await passes({ 'sec-fetch-site': site }), site)
    t.notOk(
      await passes({ 'sec-fetch-site': site, origin: 'https://api.example.com' }),
      `${site}, whatever the Origin says`
    )
  }
})

t.test('checkOrigin: rejects a request that does not name its origin', async t => {
  t.notOk(await passes({}))
  t.notOk(await passes({ referer: 'https://api.example.com/' }))
  t.notOk(await passes({ origin: 'https://' }, ''))
  t.notOk(await passes({ 'x-forwarded-host': 'evil.example', origin: 'https://evil.example' }))
})
