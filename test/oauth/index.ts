import fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import simplejwt, { type SimpleJwtOptions } from '../../plugin/index.ts'
import oauth, { type OAuthOptions, type OAuthService, oauth as named } from
  '../../plugin/oauth/index.ts'
import { SECRET, buildApp } from '../fixtures/app.ts'
import { goodOptions } from '../fixtures/host.ts'
import { ALL_CLIENTS, AUDIENCE, ISSUER } from '../fixtures/oauth/authorization-server.ts'
import { CORE, actionsOf, codeOf, openConsentPage } from '../fixtures/oauth/consent-page.ts'
import { oauthOptions } from '../fixtures/oauth/server.ts'
import { inputOf, pairOf, publicInputOf } from '../fixtures/tokens/keys.ts'

const OPTIONS = oauthOptions({ clients: ALL_CLIENTS })

/** Registers both plugins. Returns the app, closed with the test. */
async function start (
  t: { after(close: () => unknown): void },
  core: Partial<SimpleJwtOptions> | undefined,
  options: OAuthOptions = OPTIONS
): Promise<FastifyInstance> {
  const app = fastify()
  t.after(() => app.close())
  if (core !== undefined) await app.register(simplejwt, goodOptions(core))
  await app.register(oauth, options)
  return app
}

const isService = (value: unknown): value is OAuthService =>
  ['approve', 'deny', 'disconnect', 'read'].every(name =>
    typeof (value as Record<string, unknown>)[name] === 'function')

const VERIFIER = {
  keys: [publicInputOf('ES256')],
  issuer: ISSUER,
  audience: AUDIENCE,
  verifyCredentials: undefined
} as unknown as Partial<SimpleJwtOptions>

const REFUSED: [
  name: string, core: Partial<SimpleJwtOptions> | undefined, options: Partial<OAuthOptions>,
  message: string
][] = [
  ['no first plugin', undefined, {}, 'register fastify-simplejwt first.'],
  ['a namespace without the first plugin', undefined, { namespace: 'staff' },
    'register fastify-simplejwt first with the namespace "staff".'],
  ['another namespace', CORE, { namespace: 'staff' },
    'register fastify-simplejwt first with the namespace "staff".'],
  ['no namespace', { ...CORE, namespace: 'staff', prefix: '/staff' }, {},
    'register fastify-simplejwt first.'],
  ['a server that only verifies', VERIFIER, {}, 'needs a signing key'],
  ['a secret', { issuer: ISSUER, audience: AUDIENCE }, {}, 'needs a key pair'],
  ['no issuer', { keys: CORE.keys, audience: AUDIENCE }, {}, 'needs the option "issuer"'],
  ['no audience', { keys: CORE.keys, issuer: ISSUER }, {}, 'needs the option "audience"'],
  ['a bad option', CORE, { interactionUrl: 'connect' }, 'option "interactionUrl" must']
]

t.test('oauth: the start names what is missing', async t => {
  for (const [name, core, options, message] of REFUSED) {
    await t.rejects(start(t, core, { ...OPTIONS, ...options }),
      { message: new RegExp(`^fastify-simplejwt/oauth: ${message}`) }, name)
  }
})

t.test('oauth: decorates the app, under both names of the import', async t => {
  const app = await start(t, CORE)
  t.ok(isService(app.oauth))
  t.equal(named, oauth)
})

t.test('oauth: a second registration stops the start', async t => {
  const app = await start(t, CORE)
  for (const scope of ['the same scope', 'a child scope']) {
    const again = scope === 'a child scope'
      ? app.register(async child => child.register(oauth, { ...OPTIONS, prefix: '/again' }))
      : app.register(oauth, { ...OPTIONS, prefix: '/again' })
    await t.rejects(Promise.resolve(again), {
      message: 'fastify-simplejwt/oauth: app.oauth exists already. Register the plugin once for ' +
        'each registration of fastify-simplejwt.'
    }, scope)
  }
})

t.test('oauth: works in a child scope, by the registration of its parent', async t => {
  const test = await buildApp(t, CORE)
  let service: unknown
  await test.app.register(async child => {
    await child.register(oauth, OPTIONS)
    service = child.oauth
  }, { prefix: '/v1' })
  t.ok(isService(service))
  t.equal(test.app.hasDecorator('oauth'), false)
  const { ask, decide, exchange } = actionsOf(test, '/v1/oauth')
  const decision = await decide(await ask(), (await test.login()).access)
  t.equal((await exchange(codeOf(decision))).statusCode, 200)
})

t.test('oauth: a namespace has a separate service and separate endpoints', async t => {
  const test = await buildApp(t, CORE)
  const { app } = test
  await app.register(oauth, OPTIONS)
  await app.register(async scope => {
    await scope.register(simplejwt, goodOptions({
      namespace: 'staff',
      keys: [inputOf('RS256')],
      issuer: ISSUER,
      audience: 'https://login.example/staff',
      prefix: '/token'
    }))
    await scope.register(oauth, { ...OPTIONS, namespace: 'staff' })
    const service = (scope as unknown as Record<string, unknown>).staffOauth
    t.ok(isService(service))
    t.not(service, app.oauth)
    t.notOk(app.hasDecorator('staffOauth'))
  }, { prefix: '/staff' })

  const ofStaff = actionsOf(test, '/staff/oauth')
  const login = await app.inject({
    method: 'POST', url: '/staff/token/', payload: { username: 'vitor', password: '123' }
  })
  const { access } = await test.login()
  const text = await ofStaff.ask()
  t.equal((await ofStaff.decide(text, access)).statusCode, 401, 'a token of the other one')
  t.equal((await ofStaff.decide(text, login.json().access)).statusCode, 200)
  const crossed = await actionsOf(test).decide(text, access)
  t.equal(crossed.json().code, 'authorization_not_valid', 'a text of the other one')
})

t.test('oauth: setKeys refuses a secret that would sign, and changes nothing', async t => {
  const { app, login, ask, decide, exchange, events } = await openConsentPage(t)
  const secret = { algorithm: 'HS256', secret: SECRET } as const
  for (const keys of [[secret], [secret, ...CORE.keys]]) {
    await t.rejects(app.tokens.setKeys(keys), {
      name: 'TypeError', message: /^fastify-simplejwt\/oauth: needs a key pair/
    })
  }
  t.same(events, [])
  t.equal(app.tokens.jwks().keys.length, 1)
  const decision = await decide(await ask(), (await login()).access)
  t.equal((await exchange(codeOf(decision))).statusCode, 200)
  await t.resolves(app.tokens.setKeys([...CORE.keys, secret]), 'a secret that only verifies')
})

t.test('oauth: a text and a code are good as long as their key is kept', async t => {
  const old = { algorithm: 'ES256', publicKey: pairOf('ES256').publicKey } as const
  for (const [kept, status] of [[[old], 200], [[], 400]] as const) {
    const { app, login, ask, decide, exchange } = await openConsentPage(t)
    const text = await ask()
    const code = codeOf(await decide(text, (await login()).access))
    await app.tokens.setKeys([inputOf('EdDSA'), ...kept])
    t.equal((await exchange(code)).statusCode, status, 'a code')
    const { access } = await login()
    t.equal((await decide(text, access)).statusCode, status, 'a text')
    const decision = await decide(await ask(), access)
    t.equal((await exchange(codeOf(decision))).statusCode, 200, 'a new code')
  }
})
