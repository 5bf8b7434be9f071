import fastifyJwt from '@fastify/jwt'
import fastify, { type FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import t from 'tap'
import simplejwt from '../../plugin/index.ts'
import { declareSlots } from '../../plugin/guard/request-user.ts'
import { buildHost, goodOptions } from '../fixtures/host.ts'

const getter = { getter: () => ({ name: 'theirs' }) }
const declare = (app: FastifyInstance, value: unknown = null) =>
  app.decorateRequest('user', value as never)
const guarded = (app: FastifyInstance): void => {
  app.get('/mine', { onRequest: app.authenticate }, async request => request.user)
}

t.test('a plugin that needs request.user loads after ours', async t => {
  const { app, get, login } = await buildHost(t, {
    after: async app => {
      await app.register(fp(async () => {}, { decorators: { request: ['user'] } }))
      await app.register(simplejwt, goodOptions({ namespace: 'staff', prefix: '/staff' }))
      guarded(app)
    }
  })
  t.ok(app.hasRequestDecorator('user'))
  t.equal((await get('/mine', (await login()).access)).json().user_id, '1')
})

t.test('a host may declare request.user before and after, as other plugins do', async t => {
  const after = async (app: FastifyInstance) => {
    declare(app)
    app.decorateRequest('other', null)
    await app.register(async scope => { declare(scope) })
    await app.register(fastifyJwt, { secret: 'x'.repeat(32) })
    guarded(app)
  }
  for (const before of [() => {}, declare]) {
    const { app, get, login } = await buildHost(t,
      { before: app => { before(app) }, after: before === declare ? guarded : after })
    t.equal((await get('/mine', (await login()).access)).json().user_id, '1')
    t.equal(app.hasRequestDecorator('other'), before !== declare)
  }
  const accessors = { getter: () => null, setter: () => {} }
  await buildHost(t, { before: app => { declare(app, accessors) } })
})

t.test('request.user: a getter of the host stops the start', async t => {
  const before = fastify()
  declare(before, getter)
  await t.rejects(async () => { await before.register(simplejwt, goodOptions()) }, {
    message: 'fastify-simplejwt: request.user is a getter without a setter. The guards set it. ' +
      'Remove the decorator, or give it another name.'
  })
  const inScope = fastify()
  declare(inScope, getter)
  inScope.register(async scope => { await scope.register(simplejwt, goodOptions()) })
  await t.rejects(async () => { await inScope.ready() }, { message: /is a getter without/ })
  await buildHost(t, {
    after: app => {
      t.throws(() => declare(app, getter), { message: /request\.user is declared already\. The/ })
    }
  })
})

t.test('request.account: is declared, and a getter of the host stops the start', async t => {
  const { app } = await buildHost(t, {
    after: async app => {
      await app.register(fp(async () => {}, { decorators: { request: ['account'] } }))
      app.decorateRequest('account', null as never)
      app.get('/account', async request => ({ account: request.account }))
      t.throws(() => app.decorateRequest('account', getter as never),
        { message: /request\.account is declared already\. The/ })
    }
  })
  t.same((await app.inject('/account')).json(), { account: null })
  const before = fastify()
  before.decorateRequest('account', getter as never)
  await t.rejects(async () => { await before.register(simplejwt, goodOptions()) },
    { message: /^fastify-simplejwt: request\.account is a getter without a setter\./ })
})

t.test('declareSlots: finds no getter where Fastify keeps its requests elsewhere', async t => {
  const declared: unknown[] = []
  const app = {
    hasRequestDecorator: () => false, decorateRequest: (name: string) => { declared.push(name) }
  }
  declareSlots(app as never)
  t.same(declared, ['user', 'account'])
})
