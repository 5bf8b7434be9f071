import t from 'tap'
import { mintPair } from '../../plugin/service/token-pair.ts'
import { MINUTE, START } from '../fixtures/app.ts'
import { buildRegistration } from '../fixtures/registration.ts'
import { decode } from '../fixtures/tokens/jwt.ts'
import { refreshClaimsOf, session } from '../fixtures/stores/session.ts'

t.test('a pair is a refresh token first, then an access token of the same session', async t => {
  const { registration } = await buildRegistration(t)
  const pair = mintPair(registration, session(), {})
  t.same(Object.keys(pair), ['refresh', 'access'])
  t.same(decode(pair.refresh).payload, refreshClaimsOf(session()))
  const { jti, ...access } = decode(pair.access).payload
  t.same(access, {
    token_type: 'access',
    exp: START / 1000 + 300,
    iat: START / 1000,
    user_id: '1',
    sid: session().sid
  })
  t.not(jti, session().jti)
})

t.test('mintPair: mints the same refresh token again, and a new access token', async t => {
  const { registration, clock } = await buildRegistration(t)
  const first = mintPair(registration, session(), { role: 'admin' })
  clock.advance(MINUTE)
  const second = mintPair(registration, session(), { role: 'admin' })
  t.equal(second.refresh, first.refresh)
  t.not(second.access, first.access)
})

t.test('mintPair: adds claims to the refresh token unless each refresh computes them', async t => {
  const cases = [
    [{}, 'admin'],
    [{ claims: () => ({}) }, 'admin'],
    [{ findUser: () => null }, 'admin'],
    [{ claims: () => ({}), findUser: () => null }, undefined]
  ] as const
  for (const [options, role] of cases) {
    const { registration } = await buildRegistration(t, options)
    const pair = mintPair(registration, session(), { role: 'admin' })
    t.equal(decode(pair.access).payload.role, 'admin')
    t.equal(decode(pair.refresh).payload.role, role, Object.keys(options).join(' and '))
  }
})
