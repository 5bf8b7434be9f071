import t from 'tap'
import { DAY, MINUTE, SECOND } from '../../fixtures/app.ts'
import { skipUnlessDjango, startDjango } from '../../fixtures/servers/django.ts'
import { decode } from '../../fixtures/tokens/jwt.ts'
import { peerAt, startOurs } from '../../fixtures/wire/peer.ts'

const HELLO = '200 {"message":"Hello, World!"}'
const BLACKLISTED = '401 {"detail":"Token is blacklisted","code":"token_not_valid"}'
const EXPIRED = '401 {"detail":"Token is expired","code":"token_not_valid"}'

const adopting = { adoptRefreshTokens: true }

t.test('adoptRefreshTokens with the secret of a Django', { skip: skipUnlessDjango() }, async t => {
  const django = peerAt(await startDjango(t))

  await t.test('a user logged in at Django goes on at ours', async t => {
    const { ours } = await startOurs(t, adopting)
    const first = await ours.next((await django.login()).refresh)
    const second = await ours.next(first.refresh)
    t.equal(await ours.hello(second.access), HELLO)
    t.equal(await django.hello(second.access), HELLO)
  })

  await t.test("an adopted session goes by the jti of Django's token", async t => {
    const { ours } = await startOurs(t, adopting)
    const { refresh } = await django.login()
    const next = await ours.next(refresh)
    t.equal(decode(next.refresh).payload.sid, decode(refresh).payload.jti)
    t.equal(decode(next.access).payload.sid, decode(refresh).payload.jti)
  })

  await t.test('the custom claims of an adopted token live on', async t => {
    const { ours } = await startOurs(t, adopting)
    const { refresh } = await django.login('/api/named-token/')
    const second = await ours.next((await ours.next(refresh)).refresh)
    t.equal(decode(second.access).payload.name, 'vitor')
  })

  await t.test('verification does not adopt', async t => {
    const { app, ours } = await startOurs(t, adopting)
    t.equal(await ours.verify((await django.login()).refresh), '200 {}')
    t.strictSame(await app.tokens.sessions(1), [])
  })

  await t.test('an adopted token within the reuse interval gets the same successor', async t => {
    const { clock, ours } = await startOurs(t, adopting)
    const { refresh } = await django.login()
    const next = await ours.next(refresh)
    clock.advance(9 * SECOND)
    t.equal((await ours.next(refresh)).refresh, next.refresh)
  })

  await t.test('an adopted token presented after the reuse interval ends the session', async t => {
    const { clock, ours } = await startOurs(t, adopting)
    const { refresh } = await django.login()
    const next = await ours.next(refresh)
    clock.advance(10 * SECOND)
    t.equal(await ours.refresh(refresh), BLACKLISTED)
    t.equal(await ours.refresh(next.refresh), BLACKLISTED)
    t.match(await ours.hello(next.access), /^401 .*"Token is blacklisted"/)
  })

  await t.test('a logged-out token is not adopted again, even after sweep()', async t => {
    const { app, clock, ours } = await startOurs(t, adopting)
    const { refresh } = await django.login()
    t.equal(await ours.logout(refresh), '200 {}')
    t.equal(await ours.refresh(refresh), BLACKLISTED)
    clock.advance(DAY - MINUTE)
    await app.tokens.sweep()
    t.equal(await ours.refresh(refresh), BLACKLISTED)
    t.equal(await ours.verify(refresh), BLACKLISTED)
  })

  await t.test('a token with a logged-out successor is not adopted after sweep()', async t => {
    const { app, clock, ours } = await startOurs(t, adopting)
    const { refresh } = await django.login()
    t.equal(await ours.logout((await ours.next(refresh)).refresh), '200 {}')
    clock.advance(DAY - MINUTE)
    await app.tokens.sweep()
    t.equal(await ours.refresh(refresh), BLACKLISTED)
  })

  await t.test('a session that was adopted ends with its user like any other', async t => {
    const { app, ours } = await startOurs(t, adopting)
    const next = await ours.next((await django.login()).refresh)
    t.equal(await app.tokens.revokeUser(1), 1)
    t.equal(await ours.refresh(next.refresh), BLACKLISTED)
  })

  await t.test('with rotation off an adopted token stays good until it expires', async t => {
    const { clock, ours } = await startOurs(t, { ...adopting, rotateRefreshTokens: false })
    const { refresh } = await django.login()
    const { access } = await ours.next(refresh)
    t.equal(await ours.hello(access), HELLO)
    clock.advance(DAY - MINUTE)
    t.match(await ours.refresh(refresh), /^200 \{"access":"[^"]+"\}$/)
    clock.advance(2 * MINUTE)
    t.equal(await ours.refresh(refresh), EXPIRED)
  })

  await t.test("a function refuses tokens by Django's blacklist and password changes", async t => {
    const blacklisted = new Set<unknown>()
    let passwordChangedAt = 0
    const { ours } = await startOurs(t, {
      adoptRefreshTokens: async ({ jti, iat = 0 }) =>
        !blacklisted.has(jti) && iat * SECOND >= passwordChangedAt
    })
    const [first, second] = [await django.login(), await django.login()]
    t.equal(await ours.verify(first.refresh), '200 {}')
    blacklisted.add(decode(first.refresh).payload.jti)
    for (const answer of [ours.verify, ours.refresh, ours.logout]) {
      t.equal(await answer(first.refresh), BLACKLISTED)
    }
    t.equal(await ours.verify(second.refresh), '200 {}')
    passwordChangedAt = (decode(second.refresh).payload.iat as number) * SECOND + 1
    for (const answer of [ours.verify, ours.refresh, ours.logout]) {
      t.equal(await answer(second.refresh), BLACKLISTED, 'from before a password change')
    }
  })
})
