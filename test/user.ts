import t from 'tap'
import { type User, isActive, userIdOf } from '../plugin/user.ts'

t.test('the user_id is the id as a string', async t => {
  const ids: [User['id'], string][] = [
    [1, '1'],
    [0, '0'],
    [-7, '-7'],
    ['1', '1'],
    ['a b', 'a b'],
    [2n ** 64n, '18446744073709551616'],
    [Number.MAX_SAFE_INTEGER, '9007199254740991']
  ]
  for (const [id, expected] of ids) t.equal(userIdOf({ id }), expected)
})

t.test('a user without an id is a fault of the host\'s code', async t => {
  for (const id of [undefined, null, '', true, {}, [], [1], () => 1, Symbol('x')]) {
    t.throws(
      () => userIdOf({ id } as unknown as User),
      { name: 'TypeError', message: 'must have an id' },
      String(id)
    )
  }
})

t.test('an id has at most 255 characters', async t => {
  t.equal(userIdOf({ id: 'x'.repeat(255) }), 'x'.repeat(255))
  t.equal(userIdOf({ id: 10n ** 254n }).length, 255)
  for (const id of ['x'.repeat(256), '\u{1f600}'.repeat(128), 10n ** 255n]) {
    t.throws(() => userIdOf({ id }), {
      name: 'TypeError',
      message: 'fastify-simplejwt: a user must have an id: a number, or a string of 1 to 255 ' +
        'characters (well-formed Unicode, no NUL).'
    })
  }
})

t.test('a number that is no one\'s id is no id', async t => {
  for (const id of [NaN, Infinity, -Infinity]) {
    t.throws(() => userIdOf({ id }), { name: 'TypeError', message: 'must have an id' }, String(id))
  }
})

t.test('a user is active unless the host says otherwise', async t => {
  t.equal(isActive({ id: 1 }), true)
  for (const [value, expected] of [
    [true, true],
    [1, true],
    [undefined, true],
    [false, false],
    [0, false],
    [null, false],
    ['', false]
  ] as const) {
    t.equal(isActive({ id: 1, isActive: value } as User), expected, String(value))
    t.equal(isActive({ id: 1, is_active: value } as User), expected, `is_active: ${String(value)}`)
  }
})
