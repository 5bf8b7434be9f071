import t from 'tap'
import { SECOND } from '../fixtures/app.ts'
import { type TokenApp, buildTokenApp } from '../fixtures/oauth/token-app.ts'

// RFC 6749 section 4.1.2: a code that is used twice ends the tokens that came of it.

/** The text that a client gets for its second exchange. */
const USED_BEFORE = {
  error: 'invalid_grant',
  error_description: 'The code was used before. All tokens that came of it have been ended.'
}
const WITHDRAWN = {
  error: 'invalid_grant',
  error_description: 'The code is expired, or its access was withdrawn.'
}

const photos = ({ app }: TokenApp, access: string) =>
  app.inject({ url: '/photos/', headers: { authorization: `Bearer ${access}` } })

t.test('code exchange: a second one ends all tokens of the first', async t => {
  for (const later of [0, 1, 30 * SECOND]) {
    const built = await buildTokenApp(t, { reuseInterval: 10 })
    const { events, clock, app } = built
    const code = await built.obtainCode()
    const first = (await built.exchange(code)).json()
    clock.advance(later)
    const second = await built.exchange(code)
    t.equal(second.statusCode, 400)
    t.strictSame(second.json(), USED_BEFORE)
    t.match(events.at(-1), {
      type: 'reuse_detected', what: 'code', userId: '1', clientId: 'photo-printer'
    })
    const refused = await photos(built, first.access_token)
    t.equal(refused.statusCode, 401)
    t.equal(refused.json().messages[0].message, 'Token is blacklisted')
    t.same((await built.refresh(first.refresh_token)).json().error, 'invalid_grant')
    t.same(await app.tokens.sessions(1), [])
    t.strictSame((await built.exchange(code)).json(), WITHDRAWN)
    t.equal(built.count('reuse_detected'), 1)
    t.equal(built.count('replayed'), 0)
  }
})

t.test('code exchange: a second one ends the tokens of later refreshes too', async t => {
  const built = await buildTokenApp(t)
  const code = await built.obtainCode()
  const { refresh_token: first } = (await built.exchange(code)).json()
  const { refresh_token: next, access_token: access } = (await built.refresh(first)).json()
  t.strictSame((await built.exchange(code)).json(), USED_BEFORE)
  t.equal((await photos(built, access)).statusCode, 401)
  t.equal((await built.refresh(next)).json().error, 'invalid_grant')
})

t.test('code exchange: a bad proof of a spent code ends no token', async t => {
  const built = await buildTokenApp(t)
  const code = await built.obtainCode()
  const { access_token: access } = (await built.exchange(code)).json()
  const refused = await built.exchange(code, { code_verifier: 'x'.repeat(43) })
  t.equal(refused.json().error, 'invalid_grant')
  t.equal((await photos(built, access)).statusCode, 200)
  t.equal(built.count('reuse_detected'), 0)
})

t.test('code exchange: of many at once at most one gets tokens', async t => {
  const built = await buildTokenApp(t)
  const code = await built.obtainCode()
  const replies = await Promise.all(Array.from({ length: 20 }, () => built.exchange(code)))
  const won = replies.filter(({ statusCode }) => statusCode === 200)
  t.equal(won.length, 1)
  t.ok(replies.filter(reply => !won.includes(reply))
    .every(reply => reply.json().error === 'invalid_grant'))
  t.equal((await photos(built, won[0]?.json().access_token)).statusCode, 401)
  t.equal(built.count('code_exchanged'), 1)
  t.equal(built.count('reuse_detected'), 1)
})

t.test('code exchange: a second one of another code ends nothing of the first', async t => {
  const built = await buildTokenApp(t)
  const kept = await built.tokens()
  const code = await built.obtainCode()
  await built.exchange(code)
  t.strictSame((await built.exchange(code)).json(), USED_BEFORE)
  t.equal((await photos(built, kept.access_token)).statusCode, 200)
})
