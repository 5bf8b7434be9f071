import t from 'tap'
import { resolveCookieMode } from '../../plugin/cookie/cookie-options.ts'
import { refuse } from '../../plugin/option-checks.ts'

const resolve = (given: unknown) =>
  resolveCookieMode(given as Parameters<typeof resolveCookieMode>[0], refuse)

t.test('cookie mode is off by default', async t => {
  t.equal(resolve(undefined), false)
  t.equal(resolve(false), false)
})

t.test('on: for pages of the server\'s own origin, and of those that are named', async t => {
  const bodyForApps = false
  for (const given of [true, {}, { origins: undefined, bodyForApps: undefined }]) {
    t.strictSame(resolve(given), { origins: [], bodyForApps })
  }
  const origins = [
    'https://app.example.com', 'http://localhost:5173', 'https://xn--bcher-kva.example',
    'https://[2001:db8::1]:8443'
  ]
  t.strictSame(resolve({ origins }), { origins, bodyForApps })
  t.strictSame(resolve({ bodyForApps: true }), { origins: [], bodyForApps: true })
})

t.test('an array that the host changes later changes nothing', async t => {
  const origins = ['https://app.example.com']
  const resolved = resolve({ origins })
  origins.push('https://evil.example')
  t.match(resolved, { origins: ['https://app.example.com'] })
})

t.test('what no browser sends as an origin is refused by name', async t => {
  const bad = [
    '*', 'null', '', 'app.example.com', 'https://app.example.com/', 'https://App.example.com',
    'https://app.example.com:443', 'https://app.example.com/path', 'https://*.example.com',
    'https://user@app.example.com', 'ftp://app.example.com', 'file://', 1, null
  ]
  for (const origin of bad) {
    t.throws(
      () => resolve({ origins: [origin] }),
      {
        message:
          'fastify-simplejwt: option "cookie.origins" must be an array of origins such as ' +
          "'https://app.example.com'."
      },
      String(origin)
    )
  }
  t.throws(() => resolve({ origins: 'https://app.example.com' }), {
    message: /"cookie.origins" must be an array/
  })
  t.throws(() => resolve({ sameSite: 'none' }), {
    message: 'fastify-simplejwt: option "cookie.sameSite" is not known. ' +
      'Remove it, or check its spelling.'
  })
  for (const bodyForApps of ['yes', 1, null]) {
    t.throws(() => resolve({ bodyForApps }), {
      message: 'fastify-simplejwt: option "cookie.bodyForApps" must be true or false.'
    })
  }
  for (const given of ['on', 1, null, ['https://app.example.com']]) {
    t.throws(() => resolve(given), {
      message: 'fastify-simplejwt: option "cookie" must be true, false or an object with ' +
        '"origins" and "bodyForApps".'
    })
  }
})
