import t from 'tap'
import {
  type SessionSettings, carriedSettings, resolveSessionOptions, sessionOptionsClaim
} from '../../plugin/service/session-options.ts'
import type { RefreshClaims } from '../../plugin/tokens/claims.ts'
import { DAY } from '../fixtures/app.ts'
import { refreshClaims } from '../fixtures/tokens/jwt.ts'

const RULES = { refreshTokenLifetime: DAY, sessionLifetime: 30 * DAY, userIdClaim: 'uid' }
const NONE: SessionSettings = {
  claims: {}, refreshLifetime: undefined, sessionLifetime: undefined, persistent: true
}
const resolve = (given: unknown) => resolveSessionOptions(given, RULES, 'login()')
const carried = (options: unknown, more: object = { sid: 's' }) =>
  carriedSettings(refreshClaims({ session_options: options, ...more }) as unknown as RefreshClaims)

t.test('no options are those of the plugin', async t => {
  for (const nothing of [undefined, null, {}, { claims: undefined, persistent: undefined }]) {
    t.same(resolve(nothing), NONE)
  }
  t.equal(sessionOptionsClaim(NONE), undefined)
})

t.test('lifetimes are in milliseconds, and a session may outlive the option', async t => {
  t.match(resolve({ refreshTokenLifetime: '1h' }), { refreshLifetime: DAY / 24 })
  t.match(resolve({ sessionLifetime: '365d', refreshTokenLifetime: '90d' }), {
    refreshLifetime: 90 * DAY, sessionLifetime: 365 * DAY
  })
  t.match(resolve({ sessionLifetime: 60 }), { sessionLifetime: 60_000, refreshLifetime: undefined })
})

t.test('a bad option is an error that names it', async t => {
  const cases: [given: unknown, message: RegExp][] = [
    [[], /login\(\) must be given an object of session options/],
    ['1h', /login\(\) must be given an object of session options/],
    [{ remember: true }, /option "login\(\)\.remember" is not known/],
    [{ persistent: 'no' }, /option "login\(\)\.persistent" must be true or false/],
    [{ refreshTokenLifetime: 0 }, /option "login\(\)\.refreshTokenLifetime" must be a number/],
    [{ refreshTokenLifetime: '400d', sessionLifetime: '500d' }, /refreshTokenLifetime" must be a/],
    [{ refreshTokenLifetime: '31d' }, /refreshTokenLifetime" must be at most "sessionLifetime"/],
    [{ refreshTokenLifetime: '2h', sessionLifetime: '1h' }, /must be at most "sessionLifetime"/],
    [{ sessionLifetime: 'long' }, /option "login\(\)\.sessionLifetime" must be a number/],
    [{ sessionLifetime: '36601d' }, /option "login\(\)\.sessionLifetime" must be a number/],
    [{ claims: [] }, /option "login\(\)\.claims" must be an object/],
    [{ claims: 'mfa' }, /option "login\(\)\.claims" must be an object/],
    [{ claims: { since: new Date() } }, /the claim "since" has a toJSON method/],
    [{ claims: { toJSON: () => ({}) } }, /login\(\)\.claims has a toJSON method/]
  ]
  for (const [given, message] of cases) {
    t.throws(() => resolve(given), { name: 'TypeError', message }, String(message))
  }
})

t.test('a claim that the plugin writes is an error that names it', async t => {
  for (const name of ['exp', 'jti', 'user_id', 'uid', 'sid', 'token_type', 'session_options']) {
    t.throws(() => resolve({ claims: { [name]: 1 } }), {
      name: 'TypeError',
      message: `fastify-simplejwt: login().claims has the claim "${name}", which the plugin ` +
        'writes itself. Choose another name.'
    })
  }
})

t.test('the claims are those that a token keeps', async t => {
  t.same(resolve({ claims: { a: undefined, b: NaN, c: [1] } }).claims, { b: null, c: [1] })
})

t.test('a refresh token carries the options that differ', async t => {
  const settings = resolve({
    claims: { amr: ['otp'] },
    refreshTokenLifetime: '1500ms',
    sessionLifetime: '1h',
    persistent: false
  })
  const claim = { claims: { amr: ['otp'] }, refresh_lifetime: 1.5, persistent: false }
  t.strictSame(sessionOptionsClaim(settings), claim)
  t.strictSame(carried(claim), { ...settings, sessionLifetime: undefined })
  t.strictSame(sessionOptionsClaim(carried(claim)), claim, 'each successor carries the same')
})

t.test('a token without a sid carries no options, nor do values that are none', async t => {
  t.strictSame(carried({ persistent: false, claims: { a: 1 } }, {}), NONE)
  for (const bad of [undefined, null, 1, 'x', [], {
    claims: [], refresh_lifetime: '1h', persistent: 0
  }, { claims: null, refresh_lifetime: 0.5 }, { refresh_lifetime: 367 * 86_400 }]) {
    t.strictSame(carried(bad), NONE, JSON.stringify(bad))
  }
})
