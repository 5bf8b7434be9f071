import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { checkOrigin, isFromApp } from '../../plugin/cookie/csrf.ts'

const check = checkOrigin(['https://app.example.com'])

/** Whether a request to api.example.com with these headers passes. */
async function passes (
  headers: Record<string, string>, host = 'api.example.com', protocol: string | undefined = 'http'
): Promise<boolean> {
  try {
    await check({ headers, host, protocol } as FastifyRequest)
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

t.test('checkOrigin: compares origins with the default port left out', async t => {
  const same: [origin: string, host: string, protocol: string | undefined][] = [
    ['https://api.example.com', 'api.example.com:443', 'https'],
    ['https://api.example.com', 'api.example.com:443', 'http'],
    ['https://api.example.com', 'api.example.com:443', undefined],
    ['https://api.example.com', 'api.example.com:0443', 'https'],
    ['https://api.example.com:443', 'api.example.com', 'https'],
    ['http://api.example.com', 'api.example.com:80', 'http'],
    ['http://api.example.com', 'API.EXAMPLE.COM:80', undefined],
    ['https://[2001:db8::1]', '[2001:db8::1]:443', 'https'],
    ['https://[2001:db8::1]', '[2001:DB8:0::1]:443', 'https'],
    ['https://api.example.com:8443', 'api.example.com:8443', 'HTTPS']
  ]
  for (const [origin, host, protocol] of same) {
    t.ok(await passes({ origin }, host, protocol), `${origin} to ${protocol} ${host}`)
  }
})

t.test('checkOrigin: compares schemes, as far as the server knows its own', async t => {
  t.ok(await passes({ origin: 'https://api.example.com' }, 'api.example.com', 'https'))
  t.ok(await passes({ origin: 'http://api.example.com' }, 'api.example.com', 'http'))
  t.ok(
    await passes({ origin: 'https://api.example.com' }, 'api.example.com', 'http'),
    'behind a proxy that terminates TLS'
  )
  const others: [origin: string, host: string, protocol: string][] = [
    ['http://api.example.com', 'api.example.com', 'https'],
    ['http://api.example.com', 'api.example.com', 'HTTPS'],
    ['http://api.example.com:443', 'api.example.com:443', 'https'],
    ['http://api.example.com', 'api.example.com:443', 'http'],
    ['http://api.example.com:443', 'api.example.com', 'http'],
    ['https://api.example.com', 'api.example.com:80', 'http'],
    ['https://api.example.com:80', 'api.example.com', 'https'],
    ['https://api.example.com:80', 'api.example.com', 'http'],
    ['https://api.example.com', 'api.example.com:444', 'https'],
    ['https://api.example.com', 'api.example.com.', 'https'],
    ['https://api.example.com', 'user@api.example.com', 'https'],
    ['https://api.example.com', 'api.example.com/x', 'https'],
    ['https://api.example.com', 'api.example.com#', 'https'],
    ['https://api.example.com', 'api.example.com\\x', 'https'],
    ['https://api.example.com', 'api.example.com:x', 'https'],
    ['https://api.example.com', 'api.example.com, evil.example', 'https'],
    ['https://api.example.com', '', 'https']
  ]
  for (const [origin, host, protocol] of others) {
    t.notOk(await passes({ origin }, host, protocol), `${origin} to ${protocol} ${host}`)
  }
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

t.test('checkOrigin: reads 253 characters of host name and a port, and no longer text', async t => {
  const longest = `${'a'.repeat(60)}.`.repeat(4) + 'b'.repeat(9)
  t.equal(longest.length, 253)
  t.ok(await passes({ origin: `https://${longest}:65535` }, `${longest}:65535`))
  t.notOk(await passes({ origin: `https://${longest}c:65535` }, `${longest}c:65535`))
})

t.test('isFromApp: a request with neither header of a browser, and not by GET or HEAD', async t => {
  const isApps = (method: string, headers: Record<string, string>) =>
    isFromApp({ method, headers } as unknown as FastifyRequest)
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
    t.ok(isApps(method, {}))
    t.ok(isApps(method, { referer: 'https://app.example.com/', 'sec-fetch-mode': 'cors' }))
    for (const value of ['', 'null', 'none', 'https://app.example.com']) {
      t.notOk(isApps(method, { origin: value }))
      t.notOk(isApps(method, { 'sec-fetch-site': value }))
    }
  }
  for (const method of ['GET', 'HEAD']) t.notOk(isApps(method, {}))
})
