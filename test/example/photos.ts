import fastify, { type onRequestHookHandler } from 'fastify'
import t, { type Test } from 'tap'
import { photos } from '../../example/photos.ts'

/** Serves the route behind a guard that only knows one token. */
async function serve (t: Test) {
  const scopes: string[][] = []
  const guard: onRequestHookHandler = (request, reply, done) => {
    if (request.headers.authorization === 'Bearer good') return done()
    reply.code(401).send({ detail: 'no' })
  }
  const app = fastify()
  t.after(() => app.close())
  app.decorate('requireScope', (...asked: string[]) => {
    scopes.push(asked)
    return guard as unknown as ReturnType<typeof app.requireScope>
  })
  await app.register(photos)
  return { app, scopes }
}

t.test('three photos, for tokens with photos:read', async t => {
  const { app, scopes } = await serve(t)
  t.strictSame(scopes, [['photos:read']])
  const { statusCode, body } = await app.inject({
    url: '/photos/', headers: { authorization: 'Bearer good' }
  })
  t.equal(statusCode, 200)
  for (const { title, image } of JSON.parse(body)) {
    t.match(title, /^Mountains/)
    t.match(decodeURIComponent(image), /^data:image\/svg\+xml,<svg .*<\/svg>$/)
  }
})

t.test('pages of each origin read answers and refusals, and send no cookie', async t => {
  const { app } = await serve(t)
  for (const authorization of ['Bearer good', 'Bearer bad']) {
    const { headers } = await app.inject({
      url: '/photos/', headers: { authorization, origin: 'https://other.example' }
    })
    t.equal(headers['access-control-allow-origin'], '*')
    t.equal(headers['access-control-allow-credentials'], undefined)
  }
})

t.test('a preflight allows the token, and nothing more', async t => {
  const { app } = await serve(t)
  const { statusCode, headers } = await app.inject({ method: 'OPTIONS', url: '/photos/' })
  t.equal(statusCode, 204)
  t.match(headers, {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'GET',
    'access-control-allow-headers': 'authorization'
  })
  t.equal(headers['access-control-allow-credentials'], undefined)
})
