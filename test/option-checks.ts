import fc from 'fast-check'
import t from 'tap'
import {
  duration, flag, flagOrFunction, hostFunction, oneOf, optionalFunction, refuse, text,
  wholeNumber, withMethods
} from '../plugin/option-checks.ts'

const HOUR = 3_600_000
const OF_EVERY_KIND = [null, 0, 1, -1, NaN, '', 'x', true, false, {}, [], () => {}, Symbol('x'), 1n]

/** Whether a check refuses a value with a TypeError that names the option. */
function refuses (check: (name: string) => unknown): boolean {
  try {
    check('it')
    return false
  } catch (error) {
    return (
      error instanceof TypeError && error.message.startsWith('fastify-simplejwt: option "it" must ')
    )
  }
}

t.test('a refusal is a TypeError that names the option and the rule', async t => {
  t.throws(
    () => refuse('prefix', 'must be a path.'),
    new TypeError('fastify-simplejwt: option "prefix" must be a path.')
  )
})

t.test('a duration is a number of seconds or a string with a unit', async t => {
  const good: [unknown, number][] = [
    [0, 0],
    [1, 1000],
    [0.5, 500],
    [3600, HOUR],
    ['5m', 300_000],
    ['1h', HOUR],
    ['90s', 90_000],
    ['1500ms', 1500],
    ['2 minutes', 120_000],
    ['0.5 H', HOUR / 2],
    ['.5s', 500]
  ]
  for (const [value, expected] of good) {
    t.equal(duration('it', value, 0, HOUR), expected, String(value))
  }
})

t.test('anything else is no duration', async t => {
  const bad = [
    NaN,
    Infinity,
    -1,
    3601,
    '',
    'm',
    '5',
    '5x',
    '5m 3s',
    '-5m',
    '2h',
    '1y',
    '5m\n',
    ' 5m',
    '1e3s',
    'Infinity',
    '0x10s',
    null,
    undefined,
    true,
    {},
    [],
    ['5m'],
    () => 1,
    5n,
    new Date(0)
  ]
  for (const value of bad) t.ok(refuses(name => duration(name, value, 0, HOUR)), String(value))
  t.throws(() => duration('it', 'soon', 1000, HOUR), {
    message: "must be a number of seconds or a string such as '5m', from 1 to 3600 seconds."
  })
})

t.test('none at all is a duration too, where it is allowed', async t => {
  for (const value of ['0s', '0ms', '0 minutes']) t.equal(duration('it', value, 0, HOUR), 0, value)
  for (const value of [0, '0s']) {
    t.ok(refuses(name => duration(name, value, 1000, HOUR)), String(value))
  }
})

t.test('both bounds are within', async t => {
  t.equal(duration('it', 1, 1000, 2000), 1000)
  t.equal(duration('it', '2s', 1000, 2000), 2000)
  t.ok(refuses(name => duration(name, 0.999, 1000, 2000)))
  t.ok(refuses(name => duration(name, '2001ms', 1000, 2000)))
})

t.test('no value makes a duration that is out of bounds, or an error without a name', async () => {
  const hostile = fc.oneof(
    fc.anything(),
    fc.double(),
    fc.string(),
    fc
      .tuple(
        fc.oneof(fc.double(), fc.integer()), fc.constantFrom('ms', 's', 'm', 'h', ' days', 'y', 'x')
      )
      .map(parts => parts.join(''))
  )
  fc.assert(fc.property(hostile, value => {
    let ms
    if (refuses(name => { ms = duration(name, value, 1000, HOUR) })) return true
    return typeof ms === 'number' && ms >= 1000 && ms <= HOUR
  }), { numRuns: 2000 })
})

t.test('a duration is whole milliseconds: stores keep integers', async () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.double({ min: 1, max: 3600, noNaN: true }),
        fc.double({ min: 1, max: 60, noNaN: true }).map(minutes => `${minutes}m`)
      ),
      value => Number.isInteger(duration('it', value, 1000, HOUR))
    )
  )
})

t.test('a flag is true or false and nothing like them', async t => {
  t.equal(flag('it', true), true)
  t.equal(flag('it', false), false)
  for (const value of [...OF_EVERY_KIND, undefined, 'true'].filter(
    value => typeof value !== 'boolean'
  )) {
    t.ok(refuses(name => flag(name, value)), String(value))
  }
})

t.test('a whole number is 0 or more', async t => {
  for (const value of [0, 1, 10_000]) t.equal(wholeNumber('it', value), value)
  for (const value of [-1, 0.5, NaN, Infinity, '1', null, undefined, true, [], [1], {}, 1n]) {
    t.ok(refuses(name => wholeNumber(name, value)), String(value))
  }
})

t.test('a choice is one of those there are', async t => {
  t.equal(oneOf('it', 'store', ['list', 'store']), 'store')
  for (const value of [...OF_EVERY_KIND, undefined, 'List', 'list ', ['list'], '0']) {
    t.ok(refuses(name => oneOf(name, value, ['list', 'store'])), String(value))
  }
  t.throws(() => oneOf('it', 'x', ['list', 'store']), { message: 'must be one of: list, store.' })
})

t.test('a text fits its pattern or is absent', async t => {
  t.equal(text('it', 'abc', /^[a-c]+$/, 'must be abc.'), 'abc')
  t.equal(text('it', undefined, /^[a-c]+$/, 'must be abc.'), undefined)
  for (const value of [...OF_EVERY_KIND, 'abcd', 'abc\n', ['abc']]) {
    t.ok(refuses(name => text(name, value, /^[a-c]+$/, 'must be abc.')), String(value))
  }
})

t.test('a function is a function or is absent', async t => {
  const callback = () => {}
  t.equal(optionalFunction('it', callback), callback)
  t.equal(optionalFunction('it', undefined), undefined)
  for (const value of OF_EVERY_KIND.filter(value => typeof value !== 'function')) {
    t.ok(refuses(name => optionalFunction(name, value)), String(value))
  }
})

t.test('a function of the host throws Errors only', async t => {
  const thrown = [null, undefined, 'text', 5, { a: 1 }]
  for (const value of thrown) {
    const message = 'it() threw a value that is not an Error. Throw an Error.'
    const expected = { name: 'Error', message, cause: value }
    t.throws(() => hostFunction('it', () => { throw value })(), expected, String(value))
    await t.rejects(hostFunction('it', async () => { throw value })(), expected, String(value))
  }
  const error = new RangeError('x')
  t.throws(() => hostFunction('it', () => { throw error })(), error)
  await t.rejects(hostFunction('it', async () => { throw error })(), error)
  t.equal(hostFunction('it', (a: number, b: number) => a + b)(1, 2), 3)
  t.equal(await hostFunction('it', async (a: number) => a)(1), 1)
  t.equal(hostFunction('it', undefined), undefined)
  t.ok(refuses(name => hostFunction(name, 'x')))
})

t.test('a flag or a function is one of the two', async t => {
  t.equal(flagOrFunction('it', true), true)
  t.equal(flagOrFunction('it', false), false)
  const thrown: unknown = null
  t.throws(flagOrFunction('it', () => { throw thrown }) as () => void, { message: 'it() threw' })
  for (const value of ['true', 1, null, {}]) {
    t.ok(refuses(name => flagOrFunction(name, value as boolean)), String(value))
  }
})

t.test('an object has all the methods that it must have', async t => {
  class Store { get () {} set () {} }
  const store = new Store()
  t.equal(withMethods('it', store, ['get', 'set']), store, 'by inheritance too')
  t.throws(() => withMethods<Partial<Store>>('it', { get () {} }, ['get', 'set']), {
    message: 'must have a method set().'
  })
  for (const value of [...OF_EVERY_KIND, { get: 1, set: 2 }]) {
    t.ok(refuses(name => withMethods(name, value as Store, ['get', 'set'])), String(value))
  }
})
