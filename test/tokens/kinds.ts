import fastify from 'fastify'
import t from 'tap'
import { createKeyRing } from '../../plugin/keys/key-ring.ts'
import { resolveKeys } from '../../plugin/keys/key-options.ts'
import { refuse } from '../../plugin/option-checks.ts'
import {
  type OAuthKind, type TokenKind, checkClaims, customClaims, isOfClient, isReserved
} from '../../plugin/tokens/claims.ts'
import { type Tokens, createTokens } from '../../plugin/tokens/jwt.ts'
import { MINUTE, SECRET, START, createClock } from '../fixtures/app.ts'
import { accessClaims, decode, sign } from '../fixtures/tokens/jwt.ts'
import { inputOf } from '../fixtures/tokens/keys.ts'

const NOW = START / 1000
const RULES = { issuer: undefined, audience: undefined, leeway: 0, userIdClaim: 'user_id' }
const KINDS: TokenKind[] = ['access', 'refresh', 'client', 'grant', 'code', 'authorization']
const OF_CLIENT: OAuthKind[] = ['client', 'grant', 'code', 'authorization']
const NO_USER = 'Token contained no recognizable user identification'

const claimsOf = (kind: string, changes: Record<string, unknown> = {}) =>
  accessClaims({ token_type: kind, client_id: 'printer', ...changes })
const check = (kind: TokenKind | undefined, claims: object, rules = RULES) =>
  checkClaims(claims, kind, rules, START)

async function build (rules: Partial<typeof RULES> | object = {}): Promise<Tokens> {
  const app = fastify()
  t.after(() => app.close())
  const keys = resolveKeys(
    { keys: [inputOf('ES256', 'k'), { algorithm: 'HS256', secret: SECRET, kid: 'h' }] }, refuse)
  const ring = await createKeyRing(app, keys)
  return createTokens(ring, { ...RULES, ...rules }, 5 * MINUTE, createClock())
}

const seed = (changes: Record<string, unknown> = {}) => ({
  exp: NOW + 60, iat: NOW, jti: 'j', aud: 'here', client_id: 'printer', ...changes
})

t.test('checkClaims: each kind is taken as itself only', async t => {
  for (const kind of [...KINDS, 'id', 'sliding', 'Client', 'client ', '']) {
    for (const expected of KINDS) {
      const checked = check(expected, claimsOf(kind))
      if (kind === expected) t.match(checked, { token_type: kind, client_id: 'printer' }, kind)
      else t.equal(checked, 'Token has wrong type', `${kind} for ${expected}`)
    }
    const isOld = kind === 'access' || kind === 'refresh'
    const expected = isOld ? { token_type: kind } : 'Token has wrong type'
    t.match(check(undefined, claimsOf(kind)), expected, `${kind} for either`)
  }
})

t.test('checkClaims: only client, code and authorization may lack a user', async t => {
  for (const userIdClaim of ['user_id', 'sub', 'id']) {
    const rules = { ...RULES, userIdClaim }
    for (const kind of KINDS) {
      const claims = claimsOf(kind, { user_id: undefined })
      delete claims.user_id
      const checked = check(kind, claims, rules)
      if (kind === 'access' || kind === 'refresh' || kind === 'grant') {
        t.equal(checked, NO_USER, `${kind} by ${userIdClaim}`)
        t.equal(check(kind, { ...claims, [userIdClaim]: null }, rules), 'User not found')
        t.match(check(kind, { ...claims, [userIdClaim]: 7 }, rules), { user_id: '7' })
      } else {
        t.equal(checked, claims, 'it is the payload itself')
        t.ok(Object.isFrozen(checked))
        t.notOk('user_id' in (checked as object), `${kind} by ${userIdClaim}`)
      }
    }
  }
})

t.test('checkClaims: the sub of a client is not a user, whatever userIdClaim is', async t => {
  const rules = { ...RULES, userIdClaim: 'sub' }
  const claims = { ...claimsOf('client', { sub: 'printer' }), user_id: undefined }
  t.equal(JSON.stringify(check('client', claims, rules)), JSON.stringify(claims))
})

t.test('checkClaims: a token of OAuth has a client_id and an iat', async t => {
  for (const kind of OF_CLIENT) {
    for (const bad of [undefined, null, '', 7, true, {}, ['printer']]) {
      t.equal(check(kind, claimsOf(kind, { client_id: bad })), 'Token is invalid', kind)
    }
    t.equal(check(kind, claimsOf(kind, { iat: undefined })), 'Token is invalid', kind)
  }
  const plain = { client_id: undefined, iat: undefined }
  for (const kind of ['access', 'refresh'] as const) {
    t.type(check(kind, claimsOf(kind, plain)), 'object')
  }
})

t.test('isOfClient: a client_id of any type marks the token of a client', async t => {
  const claims = check('access', accessClaims())
  t.equal(isOfClient(claims as never), false)
  for (const client of ['printer', '', null, 0, false]) {
    t.equal(isOfClient(check('access', claimsOf('access', { client_id: client })) as never), true)
  }
})

t.test('sub and client_id are claims of the plugin, auth_time and scope are not', async t => {
  for (const name of ['sub', 'client_id']) t.ok(isReserved(name, 'user_id'), name)
  for (const name of ['auth_time', 'scope', 'role']) t.notOk(isReserved(name, 'user_id'), name)
  t.same(customClaims({ sub: '1', client_id: 'x', scope: 'a', auth_time: 1 }, 'user_id'),
    { scope: 'a', auth_time: 1 })
})

t.test('mintForClient: has the claims of the seed, the kind and the issuer', async t => {
  for (const issuer of [undefined, 'https://issuer.example']) {
    const tokens = await build({ issuer })
    for (const kind of ['access', ...OF_CLIENT] as const) {
      for (const typ of ['JWT', 'at+jwt'] as const) {
        const token = tokens.mintForClient(kind, seed({ scope: 'a b', x: { y: 1 } }), typ)
        t.same(decode(token), {
          header: { alg: 'ES256', typ, kid: 'k' },
          payload: {
            ...seed({ scope: 'a b', x: { y: 1 } }),
            token_type: kind,
            ...(issuer !== undefined && { iss: issuer })
          }
        })
      }
    }
    const evil = seed({ token_type: 'access', iss: 'https://evil.example' })
    const { payload } = decode(tokens.mintForClient('code', evil, 'JWT'))
    t.equal(payload.token_type, 'code')
    t.equal(payload.iss, issuer ?? 'https://evil.example')
  }
  const tokens = await build()
  t.throws(() => tokens.mintForClient('code', seed({ state: 'x'.repeat(8000) }), 'JWT'), {
    name: 'RangeError', message: /^fastify-simplejwt: the code token would have \d+ characters/
  })
})

t.test('verifyForClient: takes one kind, of one audience', async t => {
  const tokens = await build({ issuer: 'us', audience: 'here' })
  for (const kind of OF_CLIENT) {
    const user = kind === 'grant' ? { user_id: '7' } : {}
    const here = tokens.mintForClient(kind, seed(user), 'JWT')
    const there = tokens.mintForClient(kind, seed({ ...user, aud: 'there' }), 'JWT')
    for (const other of OF_CLIENT) {
      const wrong = 'Token has wrong type'
      const expected = other === kind ? { token_type: kind, client_id: 'printer' } : wrong
      t.match(tokens.verifyForClient(here, other), expected, `${kind} as ${other}`)
      t.match(tokens.verifyForClient(there, other, 'there'), expected)
    }
    t.ok(Object.isFrozen(tokens.verifyForClient(here, kind)))
    t.equal(tokens.verifyForClient(here, kind, 'there'), 'Token is invalid')
    t.equal(tokens.verifyForClient(there, kind), 'Token is invalid')
    for (const verify of [tokens.verifyAccess, tokens.verifyRefresh, tokens.verifyAny]) {
      t.equal(verify(here), 'Token has wrong type')
    }
  }
  const client = tokens.mintForClient('client', seed({ aud: 'there' }), 'JWT')
  t.match(tokens.verifyForClient(client, 'client', ['here', 'there']), { aud: 'there' })
  t.equal(tokens.verifyForClient(client, 'client', ['here', 'ther', 'theres']), 'Token is invalid')
  t.equal(tokens.verifyForClient(client, 'client', []), 'Token is invalid')
  const header = { alg: 'HS256', kid: 'h' }
  const foreign = sign(claimsOf('client', { iss: 'them', aud: 'here' }), header)
  t.equal(tokens.verifyForClient(foreign, 'client'), 'Token is invalid', 'of another issuer')
  t.equal(tokens.verifyForClient('x', 'client'), 'Token is invalid')
})

t.test('verifyAccess: takes a token of one of several audiences', async t => {
  const tokens = await build({ audience: 'here' })
  const there = tokens.mintForClient('access', seed({ user_id: '7', aud: 'there' }), 'at+jwt')
  t.match(tokens.verifyAccess(there, ['here', 'there']), { aud: 'there', user_id: '7' })
  for (const audience of [undefined, 'here', ['here'], ['ther', 'theres'], []]) {
    t.equal(tokens.verifyAccess(there, audience), 'Token is invalid', `${audience}`)
  }
  const several = seed({ user_id: '7', aud: ['other', 'there'] }) as ReturnType<typeof seed>
  const token = tokens.mintForClient('access', several, 'at+jwt')
  t.match(tokens.verifyAccess(token, ['here', 'there']), { aud: ['other', 'there'] })
})

t.test('an access token of a client verifies as an access token', async t => {
  const tokens = await build({ audience: 'here', userIdClaim: 'sub' })
  const token = tokens.mintForClient('access', seed({ sub: '7', scope: 'a' }), 'at+jwt')
  t.match(tokens.verifyAccess(token), { user_id: '7', sub: '7', client_id: 'printer', scope: 'a' })
  t.equal(tokens.verifyRefresh(token), 'Token has wrong type')
  const other = tokens.mintForClient('access', seed({ sub: '7', aud: 'there' }), 'at+jwt')
  t.equal(tokens.verifyAccess(other), 'Token is invalid')
})
