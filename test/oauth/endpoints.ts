import fastify from 'fastify'
import t from 'tap'
import { endpointsOf, jwksPathOf } from '../../plugin/oauth/endpoints.ts'

const JWKS = '/.well-known/jwks.json'

t.test('endpoints: are below the origin of an issuer without a path', async t => {
  t.same(endpointsOf('https://a.example', '', '/oauth'), {
    issuer: 'https://a.example',
    authorize: 'https://a.example/oauth/authorize',
    token: 'https://a.example/oauth/token',
    revoke: 'https://a.example/oauth/revoke',
    introspect: 'https://a.example/oauth/introspect',
    userinfo: 'https://a.example/oauth/userinfo',
    jwks: 'https://a.example/.well-known/jwks.json'
  })
})

/** An issuer, the prefix of the scope, the option, and the token endpoint. */
const TOKEN_ENDPOINTS: [issuer: string, scope: string, prefix: string, token: string][] = [
  ['http://127.0.0.1:8000', '', '/oauth', 'http://127.0.0.1:8000/oauth/token'],
  ['https://a.example', '/v1', '/oauth', 'https://a.example/v1/oauth/token'],
  ['https://a.example', '/v1/', '/oauth', 'https://a.example/v1/oauth/token'],
  // The path of the issuer is that of this server.
  ['https://a.example/v1', '/v1', '/oauth', 'https://a.example/v1/oauth/token'],
  ['https://a.example/v1', '/v1/', '/oauth', 'https://a.example/v1/oauth/token'],
  ['https://a.example/v1', '', '/v1/oauth', 'https://a.example/v1/oauth/token'],
  ['https://a.example/v1', '', '/v1', 'https://a.example/v1/token'],
  ['https://a.example/v1/x', '/v1', '/x', 'https://a.example/v1/x/token'],
  // A proxy strips the path of the issuer.
  ['https://a.example/auth', '', '/oauth', 'https://a.example/auth/oauth/token'],
  ['https://a.example/v1', '/v10', '/oauth', 'https://a.example/v1/v10/oauth/token'],
  ['https://a.example/v1', '', '/v10', 'https://a.example/v1/v10/token']
]

t.test('endpoints: have the path of the issuer once', async t => {
  for (const [issuer, scope, prefix, token] of TOKEN_ENDPOINTS) {
    const endpoints = endpointsOf(issuer, scope, prefix)
    t.equal(endpoints.token, token, `${issuer} ${scope} ${prefix}`)
    t.equal(endpoints.authorize, token.replace(/token$/, 'authorize'))
    t.equal(endpoints.issuer, issuer)
  }
})

t.test('endpoints: the keys are where the app serves them', async t => {
  t.equal(endpointsOf('https://a.example', '/v1', '/oauth', `/v1${JWKS}`).jwks,
    `https://a.example/v1${JWKS}`)
  t.equal(endpointsOf('https://a.example/auth', '', '/oauth', JWKS).jwks,
    `https://a.example/auth${JWKS}`)
  const app = fastify()
  t.after(() => app.close())
  for (const [prefix, routes, expected] of [
    ['', [], undefined],
    ['', [JWKS], JWKS],
    ['/v1', [JWKS], JWKS],
    ['/v1/', [`/v1${JWKS}`], `/v1${JWKS}`],
    ['/v1/v2', [JWKS, `/v1${JWKS}`], `/v1${JWKS}`],
    ['/v1/v2', [JWKS, `/v1/v2${JWKS}`], `/v1/v2${JWKS}`],
    ['/v1', [`/v2${JWKS}`], undefined]
  ] as const) {
    const hasRoute = ({ url }: { url: string }) => routes.some(route => route === url)
    t.equal(jwksPathOf({ prefix, hasRoute: hasRoute as typeof app.hasRoute }), expected, prefix)
  }
})
