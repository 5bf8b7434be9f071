import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import fastify, { type FastifyError, type FastifyInstance, type HTTPMethods } from 'fastify'
import t from 'tap'
import simplejwt from '../../../plugin/index.ts'
import oauth from '../../../plugin/oauth/index.ts'
import {
  AUDIENCE, type AuthorizeSteps, ISSUER, askAuthorize, authorizationOf, buildAuthorizeApp,
  coreOptions, postForm, queryWith
} from '../../fixtures/oauth/authorize-app.ts'
import { oauthOptions } from '../../fixtures/oauth/server.ts'
import { type Leave, ask, servePlatform } from '../../fixtures/servers/platform.ts'

const APP = 'https://app.example'
const TOKEN = '/oauth/token'
const REVOKE = '/oauth/revoke'
const INTROSPECT = '/oauth/introspect'
const METADATA = '/.well-known/oauth-authorization-server'
const CORS = { origin: [APP], credentials: true, exposedHeaders: ['location'] }

/** The origin that may read the answer of each endpoint to a page. */
async function readersOf (steps: AuthorizeSteps): Promise<Record<string, unknown>> {
  const { app } = await buildAuthorizeApp(t, steps)
  const headers = { origin: APP }
  const replies = {
    token: await postForm(app, TOKEN, 'grant_type=x', headers),
    revoke: await postForm(app, REVOKE, 'token=x', headers),
    metadata: await app.inject({ url: METADATA, headers }),
    keys: await app.inject({ url: '/.well-known/jwks.json', headers }),
    authorize: await app.inject({ url: `/oauth/authorize?${queryWith()}`, headers }),
    refusal: await app.inject({ url: '/oauth/authorize', headers }),
    form: await postForm(app, '/oauth/authorize', queryWith(), headers),
    details: await app.inject({ url: '/oauth/authorization/', headers }),
    introspect: await postForm(app, INTROSPECT, 'token=x', headers)
  }
  return Object.fromEntries(Object.entries(replies).map(([name, { headers }]) => {
    const names = Object.keys(headers).filter(header => header.startsWith('access-control'))
    return [name, names.length === 0 ? undefined : headers['access-control-allow-origin']]
  }))
}

t.test('oauth routes: pages of every origin read tokens, metadata and keys only', async t => {
  const alone = { token: '*', revoke: '*', metadata: '*', keys: '*' }
  const none = { authorize: undefined, refusal: undefined, form: undefined }
  t.same(await readersOf({}), { ...alone, ...none, details: undefined, introspect: undefined })
  const register = (app: FastifyInstance) => app.register(cors, CORS)
  const all = { token: APP, revoke: APP, metadata: APP, keys: APP }
  for (const steps of [{ before: register }, { between: register }, { after: register }]) {
    t.same(await readersOf(steps),
      { ...none, ...all, details: APP, introspect: APP }, Object.keys(steps).join())
  }
})

t.test('oauth routes: pass by @fastify/helmet with their own headers', async t => {
  const { app } = await buildAuthorizeApp(t, {
    before: app => app.register(helmet, { referrerPolicy: { policy: 'unsafe-url' } })
  })
  const { statusCode, headers } = await askAuthorize(app)
  t.equal(statusCode, 303)
  t.match(headers, { 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' })
  t.match(headers['content-security-policy'], /form-action 'self'/)
  t.equal((await app.inject(METADATA)).statusCode, 200)
})

/** Hosts that must change nothing for the endpoints. */
const HOSTS: Record<string, AuthorizeSteps> = {
  'guardByDefault: true': { core: { guardByDefault: true } },
  'its own validator compiler': {
    before: app => { app.setValidatorCompiler(() => () => ({ error: new Error('theirs') })) }
  },
  'its own serializer compiler': {
    before: app => { app.setSerializerCompiler(() => () => 'theirs') }
  },
  'its own parsers': {
    before: app => {
      app.addContentTypeParser('*', (_request, _payload, done) => { done(null, { theirs: true }) })
    }
  },
  'its own handler of unknown paths': {
    before: app => { app.setNotFoundHandler((_request, reply) => reply.code(404).send('theirs')) }
  },
  'a body limit': { server: { bodyLimit: 10 } }
}

for (const [name, steps] of Object.entries(HOSTS)) {
  t.test(`oauth routes: work in a host with ${name}`, async t => {
    const { app } = await buildAuthorizeApp(t, steps)
    const { headers } = await askAuthorize(app)
    t.ok(authorizationOf(headers.location))
    t.ok(authorizationOf((await postForm(app, '/oauth/authorize', queryWith())).headers.location))
    for (const url of [TOKEN, REVOKE, INTROSPECT]) {
      t.equal((await postForm(app, url, 'grant_type=x')).json().error, 'invalid_client', url)
    }
    t.equal((await app.inject(METADATA)).json().issuer, ISSUER)
    const text = new URL(String(headers.location), ISSUER).searchParams.get('authorization')
    const details = await app.inject(`/oauth/authorization?authorization=${text}`)
    t.equal(details.json().client.id, 'photo-printer')
    const decision = await app.inject({ method: 'POST', url: '/oauth/authorization', payload: {} })
    t.equal(decision.statusCode, 401)
  })
}

t.test('oauth routes: the error handler of the host gets each refusal', async t => {
  const handle = (app: FastifyInstance): void => {
    app.setErrorHandler((error: FastifyError, _request, reply) =>
      reply.code(error.statusCode ?? 500).send({ host: error.code }))
  }
  for (const steps of [{ before: handle }, { after: handle }]) {
    const { app } = await buildAuthorizeApp(t, steps)
    for (const [reply, code] of [
      [await app.inject('/oauth/authorize'), 'invalid_request'],
      [await postForm(app, TOKEN, 'x', { 'content-type': 'text/x' }), 'invalid_request'],
      [await postForm(app, TOKEN, 'grant_type=x'), 'invalid_client'],
      [await postForm(app, REVOKE, 'token=x'), 'invalid_client'],
      [await postForm(app, INTROSPECT, 'token=x'), 'invalid_client'],
      [await app.inject('/oauth/authorization/'), 'authorization_not_valid'],
      [await app.inject('/oauth/x'), 'not_found']
    ] as const) {
      t.same(reply.json(), { host: code })
    }
  }
})

t.test('oauth routes: other methods are a 405 and other paths a 404', async t => {
  const { app } = await buildAuthorizeApp(t)
  for (const [method, url, status, allow] of [
    ['GET', TOKEN, 405, 'POST, OPTIONS'], ['GET', REVOKE, 405, 'POST, OPTIONS'],
    ['GET', INTROSPECT, 405, 'POST, OPTIONS'],
    ['PUT', '/oauth/authorize', 405, /^GET, HEAD, POST/],
    ['DELETE', '/oauth/authorization/', 405, /^GET, HEAD, POST/],
    ['PUT', '/oauth/userinfo', 405, /^GET, HEAD, POST/],
    ['GET', '/oauth/', 404, undefined], ['GET', '/oauth/register', 404, undefined]
  ] as const) {
    const { statusCode, headers } = await app.inject({ method, url })
    t.equal(statusCode, status, `${method} ${url}`)
    if (allow !== undefined) t.match(headers.allow, allow)
    t.equal(headers['cache-control'], 'no-store')
  }
})

t.test('oauth routes: a route of the host stops the start, and the error names it', async t => {
  for (const [method, url] of [
    ['GET', '/oauth/authorize/'], ['POST', '/oauth/authorize/'], ['POST', '/oauth/token/'],
    ['POST', '/oauth/revoke/'], ['POST', '/oauth/introspect/'],
    ['GET', '/oauth/authorization/'], ['POST', '/oauth/authorization/'],
    ['GET', '/oauth/userinfo/'], ['POST', '/oauth/userinfo/']
  ] as [HTTPMethods, string][]) {
    await t.rejects(buildAuthorizeApp(t, {
      before: app => { app.route({ method, url, handler: async () => 'theirs' }) }
    }), new TypeError('fastify-simplejwt/oauth: option "prefix" is taken: the app has a route ' +
      `${method} ${url}. Choose another prefix.`))
  }
})

t.test('oauth routes: two registrations have an issuer and a prefix of their own', async t => {
  const app = fastify()
  t.after(() => app.close())
  for (const namespace of ['shop', 'staff']) {
    const issuer = `${ISSUER}/${namespace}`
    await app.register(simplejwt,
      coreOptions({ namespace, prefix: `/${namespace}/token`, issuer, audience: AUDIENCE }))
    await app.register(oauth, oauthOptions({ namespace, prefix: `/${namespace}/oauth` }))
  }
  for (const namespace of ['shop', 'staff']) {
    const { headers } = await app.inject(`/${namespace}/oauth/authorize?${queryWith()}`)
    t.match(authorizationOf(headers.location), {
      iss: `${ISSUER}/${namespace}`, aud: `${ISSUER}/${namespace}/oauth/token`
    })
    const refused = await app.inject(`/${namespace}/oauth/authorize?${queryWith({ scope: 'x' })}`)
    t.equal(new URL(String(refused.headers.location)).searchParams.get('iss'),
      `${ISSUER}/${namespace}`)
  }
})

const PLATFORMS: Record<string, Leave> = {
  rawBody: (request, body) => { request.rawBody = body },
  'a text': (request, body) => { request.body = body.toString() },
  'a parsed body': (request, body) => {
    const parsed: Record<string, string[]> = {}
    for (const [name, value] of new URLSearchParams(body.toString())) {
      (parsed[name] ??= []).push(value)
    }
    request.body = parsed
  },
  URLSearchParams: (request, body) => { request.body = new URLSearchParams(body.toString()) }
}

for (const [name, leave] of Object.entries(PLATFORMS)) {
  t.test(`oauth routes: read ${name} of a platform, and see a repeated parameter`, async t => {
    const { app } = await buildAuthorizeApp(t)
    const url = await servePlatform(t, app, leave)
    const post = (body: string): Promise<Response> => ask(`${url}/oauth/authorize`, {
      body, headers: { 'content-type': 'application/x-www-form-urlencoded' }, redirect: 'manual'
    })
    t.ok(authorizationOf((await post(queryWith())).headers.get('location')))
    const twice = await post(`${queryWith()}&client_id=photo-printer`)
    t.same([twice.status, twice.headers.get('location')], [400, null])
  })
}
