import fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import simplejwt, { type SimpleJwtOptions, requireClaims } from '../../plugin/index.ts'
import { goodOptions } from '../fixtures/host.ts'

// Fastify answers a thrown text with 200, and takes a null that a hook throws for success.

const THROWN = [null, undefined, 'text', 5, { a: 1 }, []]

/** A login, and what each request answers after the host has begun to throw. */
async function answersOf (
  name: keyof SimpleJwtOptions, works: (...parameters: never[]) => unknown, thrown: unknown
) {
  let fails = false
  const callback = async (...parameters: never[]) => {
    if (fails) throw thrown
    return works(...parameters)
  }
  const app = fastify()
  await app.register(simplejwt, goodOptions({ [name]: callback }))
  app.get('/', { onRequest: app.authenticate }, async () => 'in')
  const login = () => app.inject({
    method: 'POST', url: '/api/token/', payload: { username: 'vitor', password: '123' }
  })
  const { refresh } = (await login()).json()
  fails = true
  const afterwards = {
    login: await login(),
    refresh: await app.inject({ method: 'POST', url: '/api/token/refresh/', payload: { refresh } })
  }
  await app.close()
  return afterwards
}

t.test('a callback of the host that throws no Error answers 500', async t => {
  const user = () => ({ id: 1 })
  const none = () => ({})
  for (const thrown of THROWN) {
    for (const [name, works, route] of [
      ['verifyCredentials', user, 'login'],
      ['claims', none, 'login'],
      ['sessionOptions', none, 'login'],
      ['loginResponse', none, 'login'],
      ['findUser', user, 'refresh']
    ] as const) {
      const { [route]: answer } = await answersOf(name, works, thrown)
      t.equal(answer.statusCode, 500, `${name} throws ${JSON.stringify(thrown)}`)
      t.match(answer.json(), { statusCode: 500, error: 'Internal Server Error' })
    }
  }
})

/** Returns the status of each route that `guard` guards: as a hook, and awaited in a hook. */
async function guardedStatuses (
  options: Partial<SimpleJwtOptions>,
  guard: (app: FastifyInstance) => FastifyInstance['authenticate']
): Promise<number[]> {
  const app = fastify()
  await app.register(simplejwt, goodOptions(options))
  app.get('/hook', { onRequest: guard(app) }, async () => 'in')
  app.get('/awaited', { onRequest: async request => guard(app)(request) }, async () => 'in')
  const { access } = await app.tokens.issue({ id: 1 })
  const headers = { authorization: `Bearer ${access}` }
  const answers = [
    await app.inject({ url: '/hook', headers }), await app.inject({ url: '/awaited', headers })
  ]
  await app.close()
  return answers.map(({ statusCode }) => statusCode)
}

t.test('a guard whose callback throws no Error stays closed', async t => {
  for (const thrown of THROWN) {
    const fails = () => { throw thrown }
    t.same(await guardedStatuses({ extractToken: fails }, app => app.authenticate), [500, 500])
    t.same(await guardedStatuses({}, app => app.requireClaims(fails)), [500, 500])
    t.same(await guardedStatuses({}, () => requireClaims(fails)), [500, 500])
    t.same(await guardedStatuses({ revocation: 'store' }, app => app.requireClaims(fails)),
      [500, 500])
  }
})
