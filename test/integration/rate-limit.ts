import rateLimit, { type RateLimitPluginOptions } from '@fastify/rate-limit'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import t from 'tap'
import { type Host, type HostSteps, buildHost } from '../fixtures/host.ts'

const hostRoutes = (app: FastifyInstance): void => {
  app.get('/open', async () => 'open')
  app.get('/limited', { config: { rateLimit: { max: 3 } } }, async () => 'limited')
}

type Settings = RateLimitPluginOptions & { global: boolean }

const orders: Record<string, (settings: Settings) => HostSteps> = {
  before: settings => ({ before: app => app.register(rateLimit, settings), after: hostRoutes }),
  after: settings => ({
    after: async app => {
      await app.register(rateLimit, settings)
      hostRoutes(app)
    }
  })
}

const logIn = (
  { app }: Host, remoteAddress: string, username = 'vitor'
): Promise<LightMyRequestResponse> =>
  app.inject({
    method: 'POST',
    url: '/api/token/',
    remoteAddress,
    payload: { username, password: '123' }
  })

const statuses = async (
  count: number, ask: (index: number) => Promise<LightMyRequestResponse>
): Promise<number[]> => {
  const seen: number[] = []
  for (let index = 1; index <= count; index++) seen.push((await ask(index)).statusCode)
  return seen
}

for (const [order, steps] of Object.entries(orders)) {
  for (const global of [true, false]) {
    const title = `with @fastify/rate-limit ${order} ours and global: ${global},`
    const build = (t: { after(close: () => unknown): void }) =>
      buildHost(t, {
        ...steps({ global, max: 4 }),
        options: { rateLimit: { loginPerAddress: 3, loginPerUsername: 2 } }
      })

    t.test(`${title} our limit of logins for each user name holds, in our form`, async t => {
      const host = await build(t)
      t.same(await statuses(2, index => logIn(host, `192.0.2.${index}`)), [200, 200])
      const reply = await logIn(host, '192.0.2.3')
      t.equal(reply.statusCode, 429)
      t.match(reply.json(), {
        detail: /^Request was throttled\. Expected available in \d+ seconds?\.$/,
        code: 'throttled'
      })
      t.match(reply.headers['retry-after'], /^\d+$/)
      t.equal(
        (await logIn(host, '192.0.2.3', 'maria')).statusCode,
        401,
        'another user name has a counter of its own'
      )
    })

    t.test(`${title} our limit of logins for each address holds`, async t => {
      const host = await build(t)
      t.same(await statuses(3, index => logIn(host, '192.0.2.9', `user ${index}`)), [401, 401, 401])
      const reply = await logIn(host, '192.0.2.9', 'user 4')
      t.equal(reply.statusCode, 429)
      t.equal(reply.json().code, 'throttled')
    })

    t.test(`${title} the limits of the host hold for its own routes, in its form`, async t => {
      const { get } = await build(t)
      t.same(
        await statuses(5, () => get('/open')),
        global ? [200, 200, 200, 200, 429] : [200, 200, 200, 200, 200]
      )
      t.same(await statuses(4, () => get('/limited')), [200, 200, 200, 429])
      const reply = await get('/limited')
      t.match(reply.json(), {
        statusCode: 429,
        error: 'Too Many Requests',
        message: /^Rate limit exceeded/
      })
      t.equal(reply.headers['x-ratelimit-limit'], '3')
    })

    t.test(`${title} requests to the host's routes use up nothing of our limits`, async t => {
      const host = await build(t)
      t.same(
        await statuses(3, () => host.get('/limited', undefined, { remoteAddress: '192.0.2.7' })),
        [200, 200, 200]
      )
      t.same(await statuses(2, () => logIn(host, '192.0.2.7')), [200, 200])
    })
  }
}

t.test("our limiter leaves no decorator and no header on the host's own routes", async t => {
  const { app, get } = await buildHost(t, { after: hostRoutes, options: { rateLimit: {} } })
  t.notOk(app.hasDecorator('rateLimit'))
  t.notOk(app.hasDecorator('createRateLimit'))
  t.notOk((await get('/limited')).headers['x-ratelimit-limit'])
})

t.test('logins use up nothing of a limit that the host has for routes of its own', async t => {
  const host = await buildHost(t, {
    ...orders.before?.({ global: false, max: 4 }),
    options: { rateLimit: {} }
  })
  await statuses(4, () => logIn(host, '127.0.0.1'))
  t.equal((await host.get('/limited')).headers['x-ratelimit-remaining'], '2')
})

t.test('a global limit that the host registers first counts token routes too', async t => {
  const host = await buildHost(t, {
    ...orders.before?.({ global: true, max: 2 }),
    options: { rateLimit: {} }
  })
  t.same(await statuses(2, () => logIn(host, '127.0.0.1')), [200, 200])
  const reply = await logIn(host, '127.0.0.1')
  t.equal(reply.statusCode, 429)
  t.match(
    reply.json(),
    { statusCode: 429, error: 'Too Many Requests' },
    'the limit of the host replies in its own form'
  )
})
