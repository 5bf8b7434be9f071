import t from 'tap'
import { type TestUser } from '../fixtures/app.ts'
import { PRINTER } from '../fixtures/oauth/server.ts'
import { type TokenApp, buildTokenApp } from '../fixtures/oauth/token-app.ts'
import { decode } from '../fixtures/tokens/jwt.ts'

t.test('app claims: go into the access token of each exchange, and into no other', async t => {
  let count = 0
  const { tokens, refresh, login } = await buildTokenApp(t, {}, {
    claims: async () => ({ plan: 'free', count: ++count })
  })
  const first = await tokens()
  t.match(decode(first.access_token).payload, { plan: 'free', count: 1 })
  const next = (await refresh(first.refresh_token)).json()
  t.match(decode(next.access_token).payload, { plan: 'free', count: 2 })
  for (const token of [first.refresh_token, next.refresh_token, (await login()).access]) {
    t.notOk('plan' in decode(token).payload)
  }
})

t.test('app claims: claims() gets the user, the client and the scopes of the token', async t => {
  const asked: unknown[] = []
  const { tokens, refresh, users } = await buildTokenApp(t, {
    findUser: async id => users.find(user => String(user.id) === id) as TestUser
  }, {
    claims: (user, { client, scopes }) => {
      asked.push([user, client, scopes])
      return {}
    }
  })
  const first = await tokens({ scope: 'photos:read photos:write' })
  await refresh(first.refresh_token, { scope: 'photos:write' })
  t.strictSame(asked, [
    [users[0], PRINTER, ['photos:read', 'photos:write']], [users[0], PRINTER, ['photos:write']]
  ])
})

t.test('app claims: without findUser the user is its id', async t => {
  const asked: unknown[] = []
  const { tokens } = await buildTokenApp(t, {}, {
    claims: user => {
      asked.push(user)
      return {}
    }
  })
  await tokens()
  t.strictSame(asked, [{ id: '1' }])
})

/** Results of `claims()` that are a fault of the host, and the text of the error. */
const FAULTS: [given: unknown, message: RegExp][] = [
  ['text', /must resolve to an object/],
  [5, /must resolve to an object/],
  [true, /must resolve to an object/],
  [['role'], /must resolve to an object/],
  [{ at: new Date(0) }, /the claim "at" has a toJSON method/],
  [{ big: 1n }, /the claim "big" is a bigint/],
  [{ note: 'x'.repeat(2038) }, /at most 2048 bytes/],
  [{ note: '\u00e9'.repeat(1019) }, /at most 2048 bytes/],
  ...[
    'token_type', 'exp', 'iat', 'nbf', 'jti', 'user_id', 'sub', 'sid', 'client_id', 'iss', 'aud',
    'session_options', 'scope', 'scp', 'auth_time'
  ].map((name): [unknown, RegExp] =>
    [{ [name]: 'x' }, new RegExp(`the claim "${name}", which the plugin writes itself`)]),
  [{ scope: undefined }, /the claim "scope"/]
]

/** Builds an app whose `claims()` resolves to a value that a test sets. */
async function buildClaiming (t: { after(close: () => unknown): void }) {
  const host: { given: unknown } = { given: {} }
  const built = await buildTokenApp(t, {}, { claims: async () => host.given as never })
  return { ...built, host }
}

t.test('app claims: a fault of the host is a 500, and spends nothing', async t => {
  const { exchange, obtainCode, refresh, host, count } = await buildClaiming(t)
  const code = await obtainCode()
  const again = await obtainCode()
  const { refresh_token: token } = (await exchange(again)).json()
  for (const [given, message] of FAULTS) {
    host.given = given
    for (const refused of [await exchange(code), await refresh(token)]) {
      t.equal(refused.statusCode, 500)
      t.match(refused.json().message, message)
    }
  }
  host.given = {}
  t.equal((await exchange(code)).statusCode, 200)
  t.equal((await refresh(token)).statusCode, 200)
  t.equal(count('reuse_detected') + count('replayed'), 0)
})

t.test('app claims: refuses the claim userIdClaim', async t => {
  const { exchange, obtainCode } = await buildTokenApp(t, { userIdClaim: 'uid' }, {
    claims: () => ({ uid: 2 })
  })
  t.match((await exchange(await obtainCode())).json().message, /the claim "uid"/)
})

t.test('app claims: 2048 bytes, null and undefined are accepted', async t => {
  const { exchange, obtainCode, host }: TokenApp & { host: { given: unknown } } =
    await buildClaiming(t)
  for (const given of [
    { note: 'x'.repeat(2037) }, { note: '\u00e9'.repeat(1018) }, null, undefined,
    Object.create(null), { toString: 'x', constructor: 1 }
  ]) {
    host.given = given
    const reply = await exchange(await obtainCode())
    t.equal(reply.statusCode, 200)
    t.match(decode(reply.json().access_token).payload, { ...given })
  }
})
