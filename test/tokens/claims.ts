import fc from 'fast-check'
import t from 'tap'
import { type ClaimRules, checkClaims, customClaims } from '../../plugin/tokens/claims.ts'
import type { Refusal } from '../../plugin/errors.ts'
import { SECOND, START } from '../fixtures/app.ts'
import { accessClaims, refreshClaims } from '../fixtures/tokens/jwt.ts'

const NOW = START / 1000
const YEAR = 366 * 86_400
const NO_RULES: ClaimRules = {
  issuer: undefined, audience: undefined, leeway: 0, userIdClaim: 'user_id'
}
const STRICT: ClaimRules = { ...NO_RULES, issuer: 'us', audience: 'them' }
const LENIENT: ClaimRules = { ...NO_RULES, leeway: 30 * SECOND }

const without = (...names: string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(accessClaims()).filter(([name]) => !names.includes(name)))
const isAccepted = (payload: unknown, rules = NO_RULES): boolean =>
  typeof checkClaims(payload, 'access', rules, START) === 'object'

t.test('good claims come back whole, with a user_id that is a string', async t => {
  t.same(
    checkClaims(accessClaims({ sid: 's', role: { admin: true } }), 'access', NO_RULES, START),
    accessClaims({ sid: 's', role: { admin: true } })
  )
  t.match(checkClaims(accessClaims({ user_id: 1 }), 'access', NO_RULES, START), { user_id: '1' })
  t.match(checkClaims(accessClaims({ user_id: -7 }), 'access', NO_RULES, START), { user_id: '-7' })
  t.match(
    checkClaims(accessClaims({ user_id: Number.MAX_SAFE_INTEGER }), 'access', NO_RULES, START),
    { user_id: '9007199254740991' }
  )
})

t.test('checkClaims: reads the user id under the name of userIdClaim only', async t => {
  const rules = { ...NO_RULES, userIdClaim: 'sub' }
  const check = (changes: Record<string, unknown>) =>
    checkClaims({ ...without('user_id'), ...changes }, 'access', rules, START)
  t.match(check({ sub: '7' }), { sub: '7', user_id: '7' })
  t.match(check({ sub: 7 }), { sub: 7, user_id: '7' })
  t.match(check({ sub: '7', user_id: '8' }), { sub: '7', user_id: '7' }, 'and no other decides')
  t.match(check({ sub: 7, user_id: 7 }), { sub: 7, user_id: '7' })
  t.ok(Object.isFrozen(check({ sub: '7' })))
  t.equal(check({ user_id: '8' }), 'Token contained no recognizable user identification')
  t.equal(check({ sub: null }), 'User not found')
  for (const sub of ['', true, {}, ['7'], 1.5]) t.equal(check({ sub }), 'Token is invalid')
  for (const userIdClaim of ['constructor', 'toString', 'hasOwnProperty']) {
    t.equal(
      checkClaims(accessClaims(), 'access', { ...NO_RULES, userIdClaim }, START),
      'Token is invalid', 'an inherited member is no user id'
    )
  }
})

t.test('checkClaims: returns the payload itself where it has the user id as a string', async t => {
  const payload = accessClaims()
  t.equal(checkClaims(payload, 'access', NO_RULES, START), payload)
})

t.test('checkClaims: refuses missing and malformed claims with SimpleJWT\'s text', async t => {
  const refused: [string, unknown, Refusal][] = [
    ...[null, undefined, [], 'x', 1, true].map((payload): [string, unknown, Refusal] => [
      `payload ${JSON.stringify(payload)}`, payload, 'Token is invalid'
    ]),
    ['no exp', without('exp'), "Token has no 'exp' claim"],
    ['no jti', without('jti'), 'Token has no id'],
    ['no token_type', without('token_type'), 'Token has no type'],
    ['a refresh token', refreshClaims(), 'Token has wrong type'],
    ['a sliding token', accessClaims({ token_type: 'sliding' }), 'Token has wrong type'],
    ['token_type null', accessClaims({ token_type: null }), 'Token has wrong type'],
    ['token_type in an array', accessClaims({ token_type: ['access'] }), 'Token has wrong type'],
    ['no user_id', without('user_id'), 'Token contained no recognizable user identification'],
    ['user_id null', accessClaims({ user_id: null }), 'User not found'],
    ['expired', accessClaims({ exp: NOW }), 'Token is expired'],
    ...['', true, false, {}, [], ['1'], 1.5, 2 ** 53, -(2 ** 53), Infinity, NaN].map(
      (userId): [string, unknown, Refusal] => [
        `user_id ${JSON.stringify(userId)}`, accessClaims({ user_id: userId }), 'Token is invalid'
      ]
    ),
    ...['', null, 1, true, {}, ['x']].map((jti): [string, unknown, Refusal] => [
      `jti ${JSON.stringify(jti)}`, accessClaims({ jti }), 'Token is invalid'
    ]),
    ...['', null, 1, true, {}, ['x']].map((sid): [string, unknown, Refusal] => [
      `sid ${JSON.stringify(sid)}`, accessClaims({ sid }), 'Token is invalid'
    ]),
    ...['exp', 'iat', 'nbf'].flatMap(name =>
      [`${NOW}`, null, true, [NOW], {}, Infinity, -Infinity, NaN].map(
        (date): [string, unknown, Refusal] => [
          `${name} ${JSON.stringify(date)}`, accessClaims({ [name]: date }), 'Token is invalid'
        ]
      )
    )
  ]
  for (const [what, payload, expected] of refused) {
    t.equal(checkClaims(payload, 'access', NO_RULES, START), expected, what)
  }
})

t.test('checkClaims: reports the first fault in SimpleJWT\'s order', async t => {
  const order: [Record<string, unknown>, Refusal][] = [
    [{ exp: 1, iat: null }, 'Token is invalid'],
    [{ exp: 1, token_type: 'refresh' }, 'Token is expired'],
    [{}, "Token has no 'exp' claim"],
    [{ exp: NOW + 1 }, 'Token has no id'],
    [{ exp: NOW + 1, jti: 'x' }, 'Token has no type'],
    [{ exp: NOW + 1, jti: 'x', token_type: 'refresh' }, 'Token has wrong type'],
    [
      { exp: NOW + 1, jti: 'x', token_type: 'access' },
      'Token contained no recognizable user identification'
    ]
  ]
  for (const [payload, expected] of order) {
    t.equal(checkClaims(payload, 'access', NO_RULES, START), expected)
  }
  t.equal(
    checkClaims(without('exp', 'jti'), 'access', STRICT, START),
    'Token is invalid',
    'issuer and audience go before the identity'
  )
})

t.test('checkClaims: accepts the expected token type, or both if none is given', async t => {
  const [access, refresh] = [accessClaims(), refreshClaims()]
  t.same(checkClaims(refresh, 'refresh', NO_RULES, START), refresh)
  t.equal(checkClaims(access, 'refresh', NO_RULES, START), 'Token has wrong type')
  t.same(
    [access, refresh].map(claims => checkClaims(claims, undefined, NO_RULES, START)),
    [access, refresh]
  )
  t.equal(
    checkClaims(accessClaims({ token_type: 'sliding' }), undefined, NO_RULES, START),
    'Token has wrong type'
  )
  t.equal(checkClaims(without('token_type'), undefined, NO_RULES, START), 'Token has no type')
})

t.test('a token is dead at the very second of its exp, and leeway later with leeway', async t => {
  const dates: [number, ClaimRules, boolean][] = [
    [NOW + 1, NO_RULES, true],
    [NOW + 0.001, NO_RULES, true],
    [NOW, NO_RULES, false],
    [NOW - 1, NO_RULES, false],
    [NOW - 29, LENIENT, true],
    [NOW - 30, LENIENT, false]
  ]
  for (const [exp, rules, alive] of dates) {
    t.equal(
      isAccepted(accessClaims({ exp, iat: NOW - 300 }), rules), alive, `exp at ${exp - NOW} s`
    )
    if (!alive) {
      t.equal(
        checkClaims(accessClaims({ exp, iat: NOW - 300 }), 'access', rules, START),
        'Token is expired'
      )
    }
  }
})

t.test('leeway is given to a token without iat too', async t => {
  t.ok(isAccepted({ ...without('iat'), exp: NOW - 29 }, LENIENT))
})

t.test('checkClaims: refuses a future iat or nbf, exp before iat, and over 366 days', async t => {
  const dates: [string, Record<string, unknown>, boolean, ClaimRules?][] = [
    ['iat 60 s ahead', { iat: NOW + 60 }, true],
    ['iat 61 s ahead', { iat: NOW + 61 }, false],
    ['iat 60.5 s ahead', { iat: NOW + 60.5 }, false],
    ['iat 90 s ahead, with leeway', { iat: NOW + 90 }, true, LENIENT],
    ['iat 91 s ahead, with leeway', { iat: NOW + 91 }, false, LENIENT],
    ['nbf now', { nbf: NOW }, true],
    ['nbf ahead', { nbf: NOW + 1 }, false],
    ['nbf within leeway', { nbf: NOW + 30 }, true, LENIENT],
    ['nbf beyond leeway', { nbf: NOW + 31 }, false, LENIENT],
    ['a life of 366 days', { exp: NOW + YEAR }, true],
    ['a second more', { exp: NOW + YEAR + 1 }, false],
    ['a life of 366 days without iat', { exp: NOW + YEAR, iat: undefined }, true],
    ['a second more without iat', { exp: NOW + YEAR + 1, iat: undefined }, false],
    ['a long life that is nearly over', { iat: NOW - YEAR, exp: NOW + 1 }, false],
    ['exp in milliseconds', { exp: (NOW + 300) * 1000 }, false],
    ['iat and exp in milliseconds', { iat: NOW * 1000, exp: (NOW + 300) * 1000 }, false],
    ['exp at iat', { iat: NOW + 30, exp: NOW + 30 }, false],
    ['exp before iat', { iat: NOW + 30, exp: NOW + 29 }, false],
    ['fractions of seconds', { iat: NOW - 0.5, nbf: NOW - 0.25, exp: NOW + 0.5 }, true],
    ['no iat', { iat: undefined }, true],
    ['iat 0', { iat: 0 }, false]
  ]
  for (const [what, changes, accepted, rules] of dates) {
    t.equal(isAccepted(accessClaims(changes), rules), accepted, what)
    if (!accepted) {
      t.equal(
        checkClaims(accessClaims(changes), 'access', rules ?? NO_RULES, START),
        'Token is invalid',
        what
      )
    }
  }
})

t.test('checkClaims: requires issuer and audience only when they are set', async t => {
  const origins: [Record<string, unknown>, boolean][] = [
    [{ iss: 'us', aud: 'them' }, true],
    [{ iss: 'us', aud: ['others', 'them'] }, true],
    [{ aud: 'them' }, false],
    [{ iss: 'us' }, false],
    [{}, false],
    [{ iss: 'US', aud: 'them' }, false],
    [{ iss: 'us ', aud: 'them' }, false],
    [{ iss: ['us'], aud: 'them' }, false],
    [{ iss: null, aud: 'them' }, false],
    [{ iss: 'us', aud: 'Them' }, false],
    [{ iss: 'us', aud: 'them,others' }, false],
    [{ iss: 'us', aud: [] }, false],
    [{ iss: 'us', aud: null }, false],
    [{ iss: 'us', aud: ['them', 1] }, false],
    [{ iss: 'us', aud: [['them']] }, false],
    [{ iss: 'us', aud: { them: true } }, false]
  ]
  for (const [changes, accepted] of origins) {
    t.equal(isAccepted(accessClaims(changes), STRICT), accepted, JSON.stringify(changes))
    t.ok(isAccepted(accessClaims(changes)), 'not set')
  }
})

t.test('checkClaims: returns deeply frozen claims', async t => {
  const payload = accessClaims({ a: { b: [{ c: 1 }] } })
  const claims = checkClaims(payload, 'access', NO_RULES, START) as unknown as {
    user_id: string
    a: { b: { c: number }[] }
  }
  t.throws(() => { claims.user_id = '2' }, TypeError)
  t.throws(() => { claims.a.b = [] }, TypeError)
  t.throws(() => claims.a.b.push({ c: 2 }), TypeError)
  t.throws(() => { (claims.a.b[0] as { c: number }).c = 2 }, TypeError)
  t.throws(() => { payload.user_id = '2' }, TypeError)
  const numbered = accessClaims({ user_id: 1 })
  t.match(checkClaims(numbered, 'access', NO_RULES, START), { user_id: '1' })
  t.equal(numbered.user_id, 1, 'a payload that is not the claims stays as it is')
})

t.test('a claim by the name of __proto__ or constructor changes no object', async t => {
  const payload = JSON.parse(
    '{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}},' +
      JSON.stringify(accessClaims()).slice(1)
  )
  const claims = checkClaims(payload, 'access', NO_RULES, START) as unknown as Record<
    string,
    unknown
  >
  t.equal(claims.isAdmin, undefined)
  t.equal(({} as Record<string, unknown>).isAdmin, undefined)
  t.equal(
    checkClaims(
      JSON.parse('{"__proto__":{"user_id":"1","jti":"x"},"exp":99999999999}'),
      'access',
      NO_RULES,
      99_999_999_000_000
    ),
    'Token has no id',
    'nothing is inherited'
  )
})

t.test('the claims of the host are all that are not the plugin\'s', async t => {
  const ours = {
    token_type: 1,
    exp: 1,
    iat: 1,
    nbf: 1,
    jti: 1,
    user_id: 1,
    sub: 1,
    sid: 1,
    client_id: 1,
    iss: 1,
    aud: 1
  }
  const theirs = { role: 'admin', id: '1', nested: { exp: 1 } }
  t.same(customClaims({ ...ours, ...theirs }, 'user_id'), theirs)
  t.same(customClaims({ ...ours, ...theirs }, 'id'), { role: 'admin', nested: { exp: 1 } })
  const custom = customClaims(JSON.parse('{"__proto__":{"isAdmin":true}}'), 'user_id')
  t.equal(custom.isAdmin, undefined)
})

t.test('no JSON value makes it throw', async () => {
  const names = ['token_type', 'exp', 'iat', 'nbf', 'jti', 'user_id', 'sid', 'iss', 'aud']
  const likely = fc.constantFrom<unknown>(
    'access', 'refresh', '1', 1, NOW, NOW + 1, NOW - 1, NOW + YEAR, 'us', 'them', ['them']
  )
  const nearly = fc
    .dictionary(fc.constantFrom(...names), fc.oneof(fc.jsonValue(), likely))
    .map(changes => accessClaims({ iss: 'us', aud: 'them', ...changes }))
  fc.assert(
    fc.property(
      fc.oneof(fc.jsonValue(), nearly),
      fc.constantFrom('access', 'refresh', undefined),
      fc.constantFrom(NO_RULES, STRICT, LENIENT),
      (payload, expected, rules) => {
        const claims = checkClaims(payload, expected as 'access', rules, START)
        return (
          typeof claims === 'string' ||
          (Object.isFrozen(claims) &&
            claims.user_id !== '' &&
            typeof claims.user_id === 'string' &&
            typeof claims.jti === 'string' &&
            claims.exp > NOW - 30)
        )
      }
    ),
    { numRuns: 5000 }
  )
})
