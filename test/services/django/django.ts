import t from 'tap'
import { skipUnlessDjango, startDjango } from '../../fixtures/servers/django.ts'
import { withAuthorization } from '../../fixtures/clients/exchange.ts'
import { decode } from '../../fixtures/tokens/jwt.ts'
import { peerAt, startOurs } from '../../fixtures/wire/peer.ts'

const HELLO = '200 {"message":"Hello, World!"}'
const BLACKLISTED = '401 {"detail":"Token is blacklisted","code":"token_not_valid"}'

t.test('beside a Django with the same secret', { skip: skipUnlessDjango() }, async t => {
  const django = peerAt(await startDjango(t))

  await t.test('an access token minted by Django opens our guard', async t => {
    const { ours } = await startOurs(t)
    t.equal(await ours.hello((await django.login()).access), HELLO)
  })

  await t.test('the integer user id of Django is a string in request.user', async t => {
    const { ours } = await startOurs(t, {}, app =>
      app.get('/claims/', { onRequest: app.authenticate }, async request => request.user)
    )
    const { access } = await django.login()
    const { body } = await ours.send(withAuthorization('/claims/', `Bearer ${access}`))
    t.strictSame(decode(access).payload.user_id, 1)
    t.strictSame(JSON.parse(body).user_id, '1')
  })

  await t.test("an access token minted by us opens Django's guard", async t => {
    const { ours } = await startOurs(t)
    t.equal(await django.hello((await ours.login()).access), HELLO)
  })

  await t.test('our tokens pass verification at Django, and changed ones do not', async t => {
    const { ours } = await startOurs(t)
    const { access, refresh } = await ours.login()
    t.equal(await django.verify(refresh), '200 {}')
    t.equal(await django.verify(access), '200 {}')
    t.match(await django.verify(refresh.replace(/\..*\./, `.${access.split('.')[1]}.`)), /^401 /)
  })

  await t.test("Django's tokens pass verification at ours where they can be used", async t => {
    const { ours } = await startOurs(t, { adoptRefreshTokens: true })
    const { access, refresh } = await django.login()
    t.equal(await ours.verify(access), '200 {}')
    t.equal(await ours.verify(refresh), '200 {}')
  })

  await t.test('an access token that Django issues for our refresh token opens both', async t => {
    const { ours } = await startOurs(t)
    const { access } = await django.next((await ours.login()).refresh)
    t.equal(await django.hello(access), HELLO)
    t.equal(await ours.hello(access), HELLO)
  })

  await t.test('our logout revokes an access token that Django issued for our session', async t => {
    const { ours } = await startOurs(t)
    const { refresh } = await ours.login()
    const { access } = await django.next(refresh)
    t.equal(await ours.logout(refresh), '200 {}')
    t.match(await ours.hello(access), /^401 .*"Token is blacklisted"/)
  })

  await t.test('a refresh token never opens the guard of the other', async t => {
    const { ours } = await startOurs(t, { adoptRefreshTokens: true })
    t.match(await ours.hello((await django.login()).refresh), /^401 .*"Token has wrong type"/)
    t.match(await django.hello((await ours.login()).refresh), /^401 .*"Token has wrong type"/)
  })

  await t.test('a Django refresh token is blacklisted without adoptRefreshTokens', async t => {
    const { ours } = await startOurs(t)
    const { refresh } = await django.login()
    t.equal(await ours.refresh(refresh), BLACKLISTED)
    t.equal(await ours.verify(refresh), BLACKLISTED)
    t.equal(await ours.logout(refresh), BLACKLISTED)
  })
})
