import fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import {
  allowAnyOrigin, fromAnyOrigin, fromNoOtherOrigin
} from '../../plugin/http/any-origin.ts'

const HOST = 'https://app.example'

/** An app whose host sets CORS headers at `place`, before the hooks of a route. */
async function build (
  t: { after(close: () => unknown): void }, place: 'onRequest' | 'onSend' | 'nowhere'
): Promise<FastifyInstance> {
  const app = fastify()
  t.after(() => app.close())
  if (place !== 'nowhere') {
    app.addHook(place as 'onRequest', async (_request, reply) => {
      reply.headers({
        'access-control-allow-origin': HOST,
        'access-control-allow-credentials': 'true',
        'access-control-expose-headers': 'location',
        vary: 'Origin'
      })
    })
  }
  app.get('/any', { onRequest: fromAnyOrigin }, async () => 'any')
  app.get('/failing', { onRequest: fromAnyOrigin }, async () => { throw new Error('x') })
  app.get('/none', { onSend: fromNoOtherOrigin }, async () => 'none')
  app.get('/refusing', { onSend: fromNoOtherOrigin }, async () => { throw new Error('x') })
  app.get('/called', async (_request, reply) => {
    allowAnyOrigin(reply)
    return 'called'
  })
  return app
}

t.test('any origin: may read a reply, also a refusal', async t => {
  const app = await build(t, 'nowhere')
  for (const url of ['/any', '/failing', '/called']) {
    const { headers } = await app.inject(url)
    t.equal(headers['access-control-allow-origin'], '*', url)
    t.notOk('access-control-allow-credentials' in headers)
  }
})

t.test('any origin: leaves the policy of the host', async t => {
  const app = await build(t, 'onRequest')
  for (const url of ['/any', '/failing', '/called']) {
    t.equal((await app.inject(url)).headers['access-control-allow-origin'], HOST, url)
  }
})

t.test('no other origin: takes the policy of the host, also from a refusal', async t => {
  for (const place of ['onRequest', 'onSend', 'nowhere'] as const) {
    const app = await build(t, place)
    for (const url of ['/none', '/refusing']) {
      const { headers, statusCode, body } = await app.inject(url)
      t.same(Object.keys(headers).filter(name => name.startsWith('access-control')), [], place)
      t.equal(statusCode, url === '/none' ? 200 : 500)
      if (url === '/none') t.equal(body, 'none')
    }
  }
})
