import t from 'tap'
import { resolveJwksUrl } from '../../plugin/keys/fetch-jwks.ts'
import { refuse } from '../../plugin/option-checks.ts'
import { messageOf } from '../fixtures/refused.ts'

const refused = (given: Parameters<typeof resolveJwksUrl>[0]): string =>
  messageOf(() => resolveJwksUrl(given, refuse))

t.test('without a jwksUrl there is none, whatever else is given', async t => {
  for (const given of [{}, { jwksUrl: undefined }, { secret: 'x' }, { keys: [] }]) {
    t.equal(resolveJwksUrl(given, refuse), undefined)
  }
})

t.test('https is taken to anywhere, http to this machine alone', async t => {
  for (const jwksUrl of [
    'https://issuer.example/.well-known/jwks.json', 'https://issuer.example:8443/keys?tenant=1',
    'https://10.0.0.1/', 'HTTPS://issuer.example', 'https://[2001:db8::1]/', 'http://localhost/',
    'http://LOCALHOST:3000/', 'http://127.0.0.1:3000/.well-known/jwks.json', 'http://127.255.0.1',
    'http://127.1', 'http://0x7f000001', 'http://[::1]:3000/'
  ]) {
    t.equal(resolveJwksUrl({ jwksUrl }, refuse)?.href, new URL(jwksUrl).href, jwksUrl)
  }
})

t.test('http to any other host is refused, however much it looks like this one', async t => {
  for (const jwksUrl of [
    'http://issuer.example/', 'http://10.0.0.1/', 'http://128.0.0.1', 'http://0.0.0.0',
    'http://127.0.0.1.issuer.example/', 'http://127.example', 'http://localhost.issuer.example/',
    'http://localhost.', 'http://127.0.0.1@issuer.example/', 'http://[::2]/',
    'http://[::ffff:127.0.0.1]/', 'ftp://localhost/', 'file:///etc/keys.json',
    'data:application/json,{"keys":[]}', 'javascript:1', 'ws://localhost', 'unix:/run/keys'
  ]) {
    t.equal(
      refused({ jwksUrl }),
      'fastify-simplejwt: option "jwksUrl" must be https, or http to a loopback address.',
      jwksUrl
    )
  }
})

t.test('what is no absolute URL is refused', async t => {
  for (const jwksUrl of [
    '',
    'issuer.example',
    '/.well-known/jwks.json',
    '//issuer.example',
    'https://',
    'http://127.0.0.256/',
    null,
    5,
    true,
    {},
    ['https://issuer.example/'],
    new URL('https://issuer.example/')
  ]) {
    t.equal(
      refused({ jwksUrl }),
      'fastify-simplejwt: option "jwksUrl" must be a URL such as ' +
        "'https://issuer.example/.well-known/jwks.json'.",
      String(jwksUrl)
    )
  }
})

t.test('a user name or a password is refused, and not repeated', async t => {
  for (const jwksUrl of [
    'https://user:hunter2@issuer.example/', 'https://hunter2@issuer.example/',
    'https://:hunter2@issuer.example/', 'http://hunter2@localhost/'
  ]) {
    t.equal(
      refused({ jwksUrl }),
      'fastify-simplejwt: option "jwksUrl" must not contain a user name or a password.'
    )
  }
})

t.test('keys come from one place', async t => {
  const jwksUrl = 'https://issuer.example/'
  for (const more of [{ secret: 'x' }, { keys: [] }, { secret: null }, { secret: 'x', keys: [] }]) {
    t.equal(
      refused({ jwksUrl, ...more }),
      'fastify-simplejwt: option "jwksUrl" excludes "secret" and "keys". Set only one of the three.'
    )
  }
  t.equal(resolveJwksUrl({ jwksUrl, secret: undefined, keys: undefined }, refuse)?.href, jwksUrl)
})
