import t from 'tap'
import { resolveLifetimes } from '../../plugin/sessions/session-lifetimes.ts'

const DAY_MS = 86_400_000

t.test('the defaults give way to a shorter limit', async t => {
  t.same(resolveLifetimes({}), {
    accessTokenLifetime: 300_000, refreshTokenLifetime: DAY_MS, sessionLifetime: 30 * DAY_MS
  })
  t.same(resolveLifetimes({ sessionLifetime: '2m' }), {
    accessTokenLifetime: 120_000, refreshTokenLifetime: 120_000, sessionLifetime: 120_000
  })
})

t.test('a lifetime over the next one stops the start', async t => {
  t.throws(() => resolveLifetimes({ refreshTokenLifetime: '2h', sessionLifetime: '1h' }), {
    message: 'option "refreshTokenLifetime" must be at most "sessionLifetime".'
  })
  t.throws(() => resolveLifetimes({ accessTokenLifetime: '2h', refreshTokenLifetime: '1h' }), {
    message: 'option "accessTokenLifetime" must be at most "refreshTokenLifetime".'
  })
})

t.test('an access token of over a day needs a unit', async t => {
  const message = 'option "accessTokenLifetime" is over a day in seconds. ' +
    "Use a string with a unit, '2d'."
  const lives = { refreshTokenLifetime: '7d' }
  t.throws(() => resolveLifetimes({ ...lives, accessTokenLifetime: 300_000 }), { message })
  t.equal(resolveLifetimes({ ...lives, accessTokenLifetime: '2d' }).accessTokenLifetime, 2 * DAY_MS)
  t.equal(resolveLifetimes({ ...lives, accessTokenLifetime: 86_400 }).accessTokenLifetime, DAY_MS)
})
