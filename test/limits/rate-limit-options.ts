import t from 'tap'
import { refuse } from '../../plugin/option-checks.ts'
import { resolveLimits } from '../../plugin/limits/rate-limit-options.ts'

const resolve = (given: unknown) => resolveLimits(given as false, refuse)
const DEFAULTS = {
  loginPerAddress: 30, loginPerUsername: 5, refreshPerAddress: 300, refreshPerSession: 300
}

t.test('what is not said is the default, and false is no limit at all', async t => {
  t.same(resolve(undefined), DEFAULTS)
  t.same(resolve({}), DEFAULTS)
  t.same(resolve({ loginPerUsername: 1 }), { ...DEFAULTS, loginPerUsername: 1 })
  t.equal(resolve(false), false)
})

t.test('a limit is a whole number of requests, one or more', async t => {
  for (const name of Object.keys(DEFAULTS)) {
    for (const limit of [0, -1, 1.5, NaN, Infinity, '5', null, true, {}, [], [5]]) {
      t.throws(
        () => resolve({ [name]: limit }),
        { message: new RegExp(`option "rateLimit\\.${name}" must be a whole number`) },
        `${name}: ${String(limit)}`
      )
    }
  }
})

t.test('an unknown limit is refused by its name', async t => {
  for (const name of ['loginPerAdress', 'max', 'constructor', 'toString']) {
    t.throws(() => resolve({ [name]: 5 }), {
      message: `option "rateLimit.${name}" is not known. Remove it, or check its spelling.`
    })
  }
})

t.test('what is neither false nor an object is refused', async t => {
  for (const given of [null, true, 0, 1, '', 'off', () => false, [], [5]]) {
    t.throws(() => resolve(given), { message: 'option "rateLimit' }, String(given))
  }
})

t.test('the result is frozen and not the caller\'s object', async t => {
  const given = { loginPerUsername: 1 }
  const limits = resolve(given)
  t.ok(Object.isFrozen(limits))
  given.loginPerUsername = 1000
  t.match(limits, { loginPerUsername: 1 })
})
