import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { knownGuards } from '../../plugin/guard/known-guards.ts'
import type { OAuthOptions } from '../../plugin/oauth/index.ts'
import { createUserinfo } from '../../plugin/oauth/userinfo.ts'
import { type ServerSetup, buildServer } from '../fixtures/oauth/authorization-server.ts'
import { accessClaims } from '../fixtures/tokens/jwt.ts'

const FORBIDDEN = { statusCode: 403, code: 'permission_denied' }
const NOT_VALID = { statusCode: 401, code: 'token_not_valid' }
const OF_APP = { client_id: 'photo-printer', scope: 'openid photos:read', sub: '1' }

/** Returns a way to ask with claims of a token. Undefined sends no token. */
async function buildUserinfo (
  t: { after(close: () => unknown): void }, setup: ServerSetup = {}
) {
  const { server } = await buildServer(t, setup)
  const { core } = server
  const { guard, answer } = createUserinfo(server)
  const requestWith = (claims: object | undefined) => ({
    headers: claims === undefined
      ? {}
      : {
          authorization: `Bearer ${core.keys.sign(accessClaims({
            iss: core.options.issuer, aud: core.options.audience, ...claims
          }))}`
        },
    raw: { rawHeaders: [] }
  }) as unknown as FastifyRequest
  const ask = async (claims?: object): Promise<Record<string, unknown>> => {
    const request = requestWith(claims)
    await guard(request)
    Object.assign(request, { user: { user_id: '2' } })
    return answer(request)
  }
  return { guard, ask }
}

t.test('userinfo: says only the id of a user without the option', async t => {
  const { guard, ask } = await buildUserinfo(t)
  t.same(await ask(OF_APP), { sub: '1' }, 'a hook of the host does not change the user')
  t.same(knownGuards([guard]), [{ isOptional: false }])
})

t.test('userinfo: the option gets the user and the scopes of the token', async t => {
  const given: unknown[] = []
  const { ask } = await buildUserinfo(t, {
    oauth: {
      userinfo: (user, scopes) => {
        given.push(user, scopes)
        return { name: 'Vitor' }
      }
    }
  })
  t.same(await ask(OF_APP), { sub: '1', name: 'Vitor' })
  t.match(given, [{ id: '1' }, ['openid', 'photos:read']])
})

t.test('userinfo: the option gets the user of findUser', async t => {
  const { ask } = await buildUserinfo(t, {
    core: { findUser: async id => ({ id, name: 'Maria' }) },
    oauth: { userinfo: async user => ({ ...user, id: undefined }) }
  })
  t.same(JSON.parse(JSON.stringify(await ask(OF_APP))), { sub: '1', name: 'Maria' })
})

t.test('userinfo: refuses a user who is gone or inactive', async t => {
  for (const [user, code] of [
    [null, 'user_not_found'], [{ id: '1', isActive: false }, 'user_inactive']
  ] as const) {
    const { ask } = await buildUserinfo(t, { core: { findUser: async () => user } })
    await t.rejects(ask(OF_APP), { statusCode: 401, code })
  }
})

t.test('userinfo: needs the token of an app with the scope openid', async t => {
  const { ask } = await buildUserinfo(t)
  await t.rejects(ask(), { statusCode: 401, code: 'not_authenticated' })
  await t.rejects(ask({}), FORBIDDEN, "the user's own login")
  await t.rejects(ask({ scope: 'openid' }), FORBIDDEN, 'a claim of the host in it')
  for (const scope of ['photos:read', '', 'openidx', undefined, ['openid'], 1]) {
    await t.rejects(ask({ ...OF_APP, scope }), FORBIDDEN, String(scope))
  }
  await t.rejects(ask({ ...OF_APP, aud: 'https://other.example' }), NOT_VALID)
  for (const kind of ['client', 'grant', 'id', 'code', 'refresh']) {
    await t.rejects(ask({ ...OF_APP, token_type: kind }), NOT_VALID)
  }
})

t.test('userinfo: values that JSON would change or drop are a fault', async t => {
  for (const [given, problem] of [
    [{ toJSON: () => ({ sub: '2' }) }, 'has a toJSON method'],
    [{ updated_at: new Date(0) }, '"updated_at" has a toJSON method'],
    [{ address: { country: () => 'BR' } }, '"address.country" is a function'],
    [{ id: 1n }, '"id" is a bigint']
  ] as const) {
    const { ask } = await buildUserinfo(t, { oauth: { userinfo: () => given } })
    await t.rejects(ask(OF_APP), { name: 'TypeError', message: new RegExp(problem) })
  }
})

t.test('userinfo: a bad answer of the host is a fault', async t => {
  for (const [given, message] of [
    ...[1, 'text', ['name']].map(given =>
      [given, 'fastify-simplejwt/oauth: userinfo() must resolve to an object.'] as const),
    [{ sub: '2' }, 'fastify-simplejwt/oauth: the result of userinfo() has "sub", which the ' +
      'plugin writes itself. Remove it.'] as const
  ]) {
    const userinfo = (() => given) as unknown as NonNullable<OAuthOptions['userinfo']>
    const { ask } = await buildUserinfo(t, { oauth: { userinfo } })
    await t.rejects(ask(OF_APP), new TypeError(message))
  }
  for (const given of [null, undefined]) {
    const userinfo = (() => given) as unknown as NonNullable<OAuthOptions['userinfo']>
    const { ask } = await buildUserinfo(t, { oauth: { userinfo } })
    t.same(await ask(OF_APP), { sub: '1' }, 'nothing to say')
  }
})
