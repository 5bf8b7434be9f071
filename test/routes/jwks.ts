import type { InjectOptions } from 'fastify'
import t from 'tap'
import simplejwt, { type KeyInput, type TokenService } from '../../plugin/index.ts'
import { SECRET } from '../fixtures/app.ts'
import { type HostSteps, buildHost, goodOptions } from '../fixtures/host.ts'
import {
  EVERY, createPair, inputOf, isPair, pairOf, publicInputOf
} from '../fixtures/tokens/keys.ts'

const URL = '/.well-known/jwks.json'
const secret: KeyInput = { algorithm: 'HS256', secret: SECRET }
const publicJwkOf = (kid: string, algorithm: Parameters<typeof pairOf>[0]) => ({
  ...pairOf(algorithm).publicKey.export({ format: 'jwk' }),
  kid,
  use: 'sig',
  alg: algorithm
})

async function build (
  t: { after(close: () => unknown): void }, keys: KeyInput[], steps: HostSteps = {}
) {
  const host = await buildHost(t, { ...steps, options: { keys, ...steps.options } })
  return { ...host, ask: (more: InjectOptions = {}) => host.app.inject({ url: URL, ...more }) }
}

t.test('the body is the public members of every key pair and nothing else', async t => {
  const { ask, app } = await build(t, [
    secret, ...EVERY.filter(isPair).map(algorithm => inputOf(algorithm, `the ${algorithm}`))
  ])
  const { statusCode, headers, body } = await ask()
  t.equal(statusCode, 200)
  t.equal(headers['content-type'], 'application/jwk-set+json; charset=utf-8')
  t.equal(headers['cache-control'], 'public, max-age=300')
  t.same(JSON.parse(body), {
    keys: EVERY.filter(isPair)
      .sort()
      .map(algorithm => publicJwkOf(`the ${algorithm}`, algorithm))
  })
  t.same(JSON.parse(body), app.tokens.jwks())
  t.notMatch(body, /"(d|p|q|dp|dq|qi|oth|k)":/)
  for (const algorithm of EVERY.filter(isPair)) {
    t.notOk(
      body.includes(pairOf(algorithm).privateKey.export({ format: 'jwk' }).d as string), algorithm
    )
  }
  t.notOk(body.includes(Buffer.from(SECRET).toString('base64url')))
})

t.test('jwks: publishes keys that can sign, unless an option says otherwise', async t => {
  const keys = [
    secret, publicInputOf('ES256', 'a'), { ...publicInputOf('ES384', 'b'), publish: true },
    inputOf('EdDSA', 'c'), { ...inputOf('ES512', 'd'), publish: false },
    { ...publicInputOf('RS256', 'e'), publish: false }
  ] as KeyInput[]
  for (const place of ['at the start', 'later']) {
    const { ask, app } = await build(t, place === 'later' ? [secret] : keys)
    if (place === 'later') await app.tokens.setKeys(keys)
    for (const published of [(await ask()).json(), app.tokens.jwks()]) {
      t.same(published.keys.map(({ kid }: { kid: string }) => kid), ['b', 'c'], place)
    }
  }
  const { ask } = await build(t, [secret, publicInputOf('ES256')])
  t.equal((await ask()).statusCode, 404)
})

t.test('body and tag are the same whatever the order of the keys', async t => {
  const keys = [inputOf('EdDSA', 'b'), inputOf('ES256', 'a'), inputOf('ES384', 'c')]
  const [one, two] = [
    await (await build(t, keys)).ask(), await (await build(t, [...keys, secret].toReversed())).ask()
  ]
  t.equal(one.body, two.body)
  t.equal(one.headers.etag, two.headers.etag)
  t.match(one.headers.etag, /^"[\w-]{43}"$/)
})

t.test('jwks: answers 304 to a matching If-None-Match (RFC 9110 section 13.1.2)', async t => {
  const { ask, app } = await build(t, [inputOf('ES256', 'a')])
  const etag = (await ask()).headers.etag as string
  for (const known of [
    etag, `W/${etag}`, `"other", ${etag}`, `${etag},"other"`, `W/"other" , W/${etag} `, '*'
  ]) {
    for (const method of ['GET', 'HEAD'] as const) {
      const { statusCode, body, headers } = await ask({
        method,
        headers: { 'if-none-match': known }
      })
      t.same(
        [statusCode, body, headers.etag, headers['cache-control']],
        [304, '', etag, 'public, max-age=300'],
        `${method} ${known}`
      )
    }
  }
  for (const other of [
    '"other"', 'W/"other"', etag.slice(1, -1), `"${etag}"`, '', ',', 'W/', `w/${etag}`
  ]) {
    t.equal((await ask({ headers: { 'if-none-match': other } })).statusCode, 200, other)
  }
  await app.tokens.setKeys([inputOf('EdDSA', 'b'), inputOf('ES256', 'a')])
  t.equal(
    (await ask({ headers: { 'if-none-match': etag } })).statusCode, 200, 'of a set that has changed'
  )
})

t.test('jwks: answers 404 in the common error form while all keys are secrets', async t => {
  for (const steps of [{ options: {} }, { options: { secret: SECRET } }]) {
    const { ask } = await build(
      t,
      [secret],
      'secret' in steps.options
        ? { options: { ...steps.options, keys: undefined as never } }
        : steps
    )
    const { statusCode, headers, body } = await ask()
    t.same([statusCode, body], [404, '{"detail":"Not found."}'])
    t.equal(headers['content-type'], 'application/json; charset=utf-8')
    t.equal(headers.etag, undefined)
    t.equal((await ask({ headers: { 'if-none-match': '*' } })).statusCode, 404)
  }
})

t.test('jwks: follows setKeys', async t => {
  const { ask, app } = await build(t, [secret])
  const kids = async () =>
    ((await ask()).json().keys as { kid: string }[] | undefined)?.map(({ kid }) => kid)
  t.same(await kids(), undefined)
  await app.tokens.setKeys([inputOf('ES256', 'one'), secret])
  t.same(await kids(), ['one'])
  await app.tokens.setKeys([
    { algorithm: 'EdDSA', kid: 'two', ...createPair('EdDSA') },
    { ...publicInputOf('ES256', 'one'), publish: true } as KeyInput
  ])
  t.same(await kids(), ['one', 'two'])
  await app.tokens.setKeys([secret])
  t.same(await kids(), undefined)
})

t.test('HEAD is GET without the body', async t => {
  const { ask } = await build(t, [inputOf('ES256')])
  const [get, head] = [await ask(), await ask({ method: 'HEAD' })]
  t.same([head.statusCode, head.body], [200, ''])
  for (const name of ['etag', 'cache-control', 'content-type', 'content-length']) {
    t.equal(head.headers[name], get.headers[name], name)
  }
})

t.test('jwks: answers 405 to other methods, and lists the allowed ones on OPTIONS', async t => {
  for (const keys of [[inputOf('ES256')], [secret]]) {
    const { ask } = await build(t, keys)
    for (const url of [URL, `${URL}/`]) {
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const) {
        for (const more of [
          {},
          { payload: '{', headers: { 'content-type': 'application/json' } },
          { payload: '<x/>', headers: { 'content-type': 'text/xml' } }
        ]) {
          const { statusCode, headers, body } = await ask({ url, method, ...more })
          t.same(
            [statusCode, headers.allow, body],
            [405, 'GET, HEAD, OPTIONS', `{"detail":"Method \\"${method}\\" not allowed."}`]
          )
        }
      }
      const { statusCode, headers, body } = await ask({ url, method: 'OPTIONS' })
      t.same([statusCode, headers.allow, body], [204, 'GET, HEAD, OPTIONS', ''])
    }
  }
})

t.test('jwks: pages of any origin read the keys, also after a preflight', async t => {
  const { ask } = await build(t, [inputOf('ES256')])
  for (const method of ['GET', 'HEAD', 'OPTIONS'] as const) {
    const { headers } = await ask({ method, headers: { origin: 'https://app.example' } })
    t.equal(headers['access-control-allow-origin'], '*', method)
    t.notOk('access-control-allow-credentials' in headers)
    t.equal(headers['access-control-allow-headers'], method === 'OPTIONS' ? '*' : undefined)
  }
  const { ask: asked } = await build(t, [inputOf('ES256')], {
    before: app => {
      app.addHook('onRequest', async (_request, reply) => {
        reply.header('access-control-allow-origin', 'https://app.example')
      })
    }
  })
  for (const method of ['GET', 'OPTIONS'] as const) {
    const { headers } = await asked({ method })
    t.equal(headers['access-control-allow-origin'], 'https://app.example', 'of the host')
  }
})

t.test('a trailing slash makes no difference, nor does a host that ignores it', async t => {
  for (const server of [{}, { routerOptions: { ignoreTrailingSlash: true } }]) {
    const { ask } = await build(t, [inputOf('ES256')], { server })
    t.equal((await ask({ url: `${URL}/` })).body, (await ask()).body)
  }
})

t.test('two registrations share one route, each with its own keys', async t => {
  const staffOptions = goodOptions({
    namespace: 'staff',
    prefix: '/staff/token',
    keys: [inputOf('EdDSA', 'staff')]
  })
  const { ask, app } = await build(t, [inputOf('ES256', 'users')], {
    after: app => app.register(simplejwt, staffOptions)
  })
  const kids = async () => ((await ask()).json().keys as { kid: string }[]).map(({ kid }) => kid)
  t.same(await kids(), ['staff', 'users'])
  const staffTokens = app.getDecorator<TokenService>('staffTokens')
  t.same(
    [app.tokens.jwks().keys.map(({ kid }) => kid), staffTokens.jwks().keys.map(({ kid }) => kid)],
    [['users'], ['staff']]
  )
  await staffTokens.setKeys([{ algorithm: 'HS256', secret: 's'.repeat(32) }])
  t.same(await kids(), ['users'])
})

t.test('a host with a route of its own at that path keeps it', async t => {
  const { ask, app } = await build(t, [inputOf('ES256', 'k')], {
    before: app => app.get(URL, async () => ({ ...app.tokens.jwks(), host: true }))
  })
  t.same((await ask()).json(), { ...app.tokens.jwks(), host: true })
  t.equal((await ask({ method: 'POST' })).statusCode, 404)
})

t.test('jwks: a host with a route of another method at that path keeps it', async t => {
  const { ask } = await build(t, [inputOf('ES256', 'k')], {
    before: app => app.post(URL, async () => 'theirs')
  })
  t.equal((await ask({ method: 'POST' })).body, 'theirs')
  t.equal((await ask({ method: 'PUT' })).headers.allow, 'GET, HEAD, POST, OPTIONS')
  t.equal((await ask()).json().keys[0].kid, 'k')
})

t.test('jwks: the host\'s error handler formats refusals', async t => {
  const { ask } = await build(t, [secret], {
    before: app =>
      app.setErrorHandler((error: { statusCode: number, code: string }, _request, reply) =>
        reply.code(error.statusCode).send({ host: error.code })
      )
  })
  t.same([(await ask()).statusCode, (await ask()).json()], [404, { host: 'not_found' }])
  t.same((await ask({ method: 'POST' })).json(), { host: 'method_not_allowed' })
})

t.test('jwks: publishes no keys of a registration that only verifies', async t => {
  const { ask, app } = await build(t, [publicInputOf('ES256')], {
    options: { verifyCredentials: undefined as never }
  })
  t.match((await ask()).json(), { statusCode: 404, message: `Route GET:${URL} not found` })
  t.same(app.tokens.jwks(), { keys: [] })
  const { app: second } = await build(t, [inputOf('ES256', 'k')], {
    after: app =>
      app.register(simplejwt, { namespace: 'other', keys: [publicInputOf('EdDSA', 'theirs')] })
  })
  t.same((await second.inject(URL)).json().keys.map(({ kid }: { kid: string }) => kid), ['k'])
})

t.test('in a scope with a prefix the route is below it', async t => {
  const { app } = await buildHost(t, {
    before: app =>
      app.register(
        async scope => {
          await scope.register(simplejwt, goodOptions({ keys: [inputOf('ES256', 'k')] }))
        },
        { prefix: '/v1' }
      )
  })
  t.equal((await app.inject(`/v1${URL}`)).json().keys[0].kid, 'k')
  t.equal((await app.inject(URL)).statusCode, 404, 'the app itself has secrets alone')
})
