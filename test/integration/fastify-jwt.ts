import fastifyJwt, { type JWT } from '@fastify/jwt'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import t from 'tap'
import { SECRET } from '../fixtures/app.ts'
import { type HostSteps, buildHost } from '../fixtures/host.ts'

/** One way for a host to use @fastify/jwt, and what its `app.jwt` holds then. */
interface Usage { namespace?: string, secret: string, holds: string[] }

const OTHER_SECRET = 'the secret of the host is another one'
/** Their guard goes by the clock of the machine, and is to take our tokens. */
const REAL_TIME = { now: Date.now }
const PLAIN = ['decode', 'options', 'cookie', 'sign', 'verify', 'lookupToken']

const usages: Record<string, Usage> = {
  'plain, with another secret': { secret: OTHER_SECRET, holds: PLAIN },
  'plain, with the same secret': { secret: SECRET, holds: PLAIN },
  namespaced: { namespace: 'host', secret: OTHER_SECRET, holds: ['host'] },
  'namespaced as our own keys are': { namespace: 'key0', secret: OTHER_SECRET, holds: ['key0'] }
}

async function theirRoutes (app: FastifyInstance, { namespace, secret }: Usage): Promise<void> {
  await app.register(fastifyJwt, { secret, ...(namespace !== undefined && { namespace }) })
  const jwt =
    namespace === undefined
      ? app.jwt
      : ((app.jwt as unknown as Record<string, JWT>)[namespace] as JWT)
  const verify = (namespace === undefined ? 'jwtVerify' : `${namespace}JwtVerify`) as 'jwtVerify'
  app.get('/sign', async () => ({
    token: jwt.sign({ name: 'a user of the host' }),
    holds: Object.keys(app.jwt)
  }))
  app.get('/theirs', { onRequest: request => request[verify]() }, async request => request.user)
  app.get('/unguarded', async request => ({ user: request.user }))
}

const ourRoutes = (app: FastifyInstance): void => {
  app.get('/ours', { onRequest: app.authenticate }, async request => request.user)
}

const places: Record<string, (usage: Usage) => HostSteps> = {
  'before ours': usage => ({ before: app => theirRoutes(app, usage), after: ourRoutes }),
  'after ours': usage => ({
    after: async app => {
      await theirRoutes(app, usage)
      ourRoutes(app)
    }
  }),
  'in a child scope before ours': usage => ({
    before: app => { app.register(scope => theirRoutes(scope, usage)) },
    after: ourRoutes
  }),
  'in a child scope after ours': usage => ({
    after: app => {
      app.register(scope => theirRoutes(scope, usage))
      ourRoutes(app)
    }
  })
}

for (const [place, steps] of Object.entries(places)) {
  for (const [name, usage] of Object.entries(usages)) {
    t.test(`@fastify/jwt ${place}, ${name}, works beside the plugin`, async t => {
      const { get, login } = await buildHost(t, { ...steps(usage), options: REAL_TIME })
      const { access } = await login()
      const { token, holds } = (await get('/sign')).json()

      t.same(holds, usage.holds, 'app.jwt has no entry of ours')
      t.match(
        (await get('/theirs', token)).json(),
        { name: 'a user of the host' },
        'request.user is what their guard has set'
      )
      t.match(
        (await get('/ours', access)).json(),
        { token_type: 'access', user_id: '1' },
        'request.user is what ours has set'
      )
      t.equal((await get('/ours', token)).statusCode, 401, 'their token is not one of ours')
      t.equal((await get('/theirs', access)).statusCode, usage.secret === SECRET ? 200 : 401)
      t.equal(
        (await get('/theirs')).json().code,
        'FST_JWT_NO_AUTHORIZATION_IN_HEADER',
        'their refusals stay theirs'
      )
      t.same(
        (await get('/unguarded', access)).json(),
        { user: null },
        'nobody is the user where no guard ran'
      )
    })
  }
}

t.test('where both guards run, the one that ran last has set request.user', async t => {
  const show = async (request: FastifyRequest) => request.user
  const { get, login } = await buildHost(t, {
    options: REAL_TIME,
    before: app =>
      app.register(fastifyJwt, {
        secret: SECRET,
        formatUser: () => ({ token_type: 'access', exp: 0, jti: '', user_id: 'theirs' })
      }),
    after: app => {
      const theirs = async (request: FastifyRequest): Promise<void> => { await request.jwtVerify() }
      app.get('/ours-last', { onRequest: [theirs, app.authenticate] }, show)
      app.get('/theirs-last', { onRequest: [app.authenticate, theirs] }, show)
    }
  })
  const { access } = await login()
  t.equal((await get('/ours-last', access)).json().user_id, '1')
  t.equal((await get('/theirs-last', access)).json().user_id, 'theirs')
})

t.test('a host without @fastify/jwt gets none of its decorators', async t => {
  const { app } = await buildHost(t)
  t.notOk(app.hasDecorator('jwt'))
  for (const name of ['jwtVerify', 'jwtDecode', 'key0JwtVerify', 'key0JwtDecode']) {
    t.notOk(app.hasRequestDecorator(name), name)
  }
  for (const name of ['jwtSign', 'key0JwtSign']) t.notOk(app.hasReplyDecorator(name), name)
})
