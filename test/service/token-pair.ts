import t from 'tap'
import { mintPair } from '../../plugin/service/token-pair.ts'
import { MINUTE, START } from '../fixtures/app.ts'
import { buildRegistration } from '../fixtures/registration.ts'
import { decode } from '../fixtures/tokens/jwt.ts'
import { refreshClaimsOf, session } from '../fixtures/stores/session.ts'

const claims = (custom: Record<string, unknown>) =>
  ({ access: custom, refresh: custom, sessionOptions: undefined })

t.test('a pair is a refresh token first, then an access token of the same session', async t => {
  const { registration } = await buildRegistration(t)
  const pair = mintPair(registration, session(), claims({}))
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
  const first = mintPair(registration, session(), claims({ role: 'admin' }))
  clock.advance(MINUTE)
  const second = mintPair(registration, session(), claims({ role: 'admin' }))
  t.equal(second.refresh, first.refresh)
  t.not(second.access, first.access)
})

t.test('mintPair: puts the claims of each kind into its token', async t => {
  const { registration } = await buildRegistration(t)
  const pair = mintPair(registration, session(), {
    access: { role: 'admin' }, refresh: { team: 'a' }, sessionOptions: { persistent: false }
  })
  const [access, refresh] = [decode(pair.access).payload, decode(pair.refresh).payload]
  t.match(access, { role: 'admin', team: undefined, session_options: undefined })
  t.match(refresh, { role: undefined, team: 'a', session_options: { persistent: false } })
})
