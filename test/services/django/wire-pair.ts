import t, { type Test } from 'tap'
import type { TokenPair } from '../../../plugin/index.ts'
import { skipUnlessDjango, startDjango } from '../../fixtures/servers/django.ts'
import { decode } from '../../fixtures/tokens/jwt.ts'
import { type Peer, peerAt, startOurs } from '../../fixtures/wire/peer.ts'

const headerOf = (token: string): string =>
  Buffer.from(token.split('.')[0] as string, 'base64url').toString()
const LIFE = { access: 300, refresh: 86_400 }
const lifeOf = ({ exp, iat }: Record<string, unknown>): number => Number(exp) - Number(iat)

/**
 * Both tokens of both servers side by side. Ours tell their session, and a user's id as SimpleJWT
 * 5.5.1 does: a string.
 */
function comparePairs (t: Test, theirs: TokenPair, mine: TokenPair): void {
  t.strictSame(Object.keys(mine), Object.keys(theirs), 'the same members in the same order')
  for (const kind of Object.keys(theirs) as (keyof TokenPair)[]) {
    const [django, ours] = [decode(theirs[kind]).payload, decode(mine[kind]).payload]
    t.equal(headerOf(mine[kind]), headerOf(theirs[kind]), `${kind}: the same header`)
    t.strictSame(
      Object.keys(ours),
      [...Object.keys(django), 'sid'],
      `${kind}: the same claims in the same order, and sid`
    )
    t.equal(ours.token_type, django.token_type, `${kind}: the same type`)
    t.equal(lifeOf(ours), LIFE[kind], `${kind}: our life`)
    t.ok(
      lifeOf(django) >= LIFE[kind],
      `${kind}: Django's life, which SimpleJWT 5.2.2 counts from the login`
    )
    t.match(
      `${ours.jti} ${django.jti}`, /^[\da-f]{32} [\da-f]{32}$/, `${kind}: jti of the same form`
    )
    t.strictSame([ours.user_id, django.user_id], ['1', 1], `${kind}: the same user`)
  }
}

t.test('pairs are those of Django', { skip: skipUnlessDjango() }, async t => {
  const rotating = { ROTATE_REFRESH_TOKENS: true, BLACKLIST_AFTER_ROTATION: true }
  const [kept, rotated] = (await Promise.all([startDjango(t), startDjango(t, rotating)])).map(
    peerAt
  ) as [Peer, Peer]

  await t.test('a login gives the same pair', async t => {
    const { ours } = await startOurs(t)
    comparePairs(t, await rotated.login(), await ours.login())
  })

  await t.test('a refresh with rotation gives the same pair', async t => {
    const { ours } = await startOurs(t)
    comparePairs(
      t,
      await rotated.next((await rotated.login()).refresh),
      await ours.next((await ours.login()).refresh)
    )
  })

  await t.test('a refresh without rotation gives a lone access token, as Django does', async t => {
    const { ours } = await startOurs(t, { rotateRefreshTokens: false })
    const [{ refresh: theirs }, { refresh: mine }] = [await kept.login(), await ours.login()]
    comparePairs(t, await kept.next(theirs), await ours.next(mine))
    comparePairs(t, await kept.next(theirs), await ours.next(mine))
  })

  await t.test('logout without rotation: both refuse to refresh, only ours to verify', async t => {
    const { ours } = await startOurs(t, { rotateRefreshTokens: false })
    const [{ refresh: theirs }, { refresh: mine }] = [await kept.login(), await ours.login()]
    t.equal(await ours.logout(mine), await kept.logout(theirs))
    t.equal(await ours.refresh(mine), await kept.refresh(theirs))
    t.equal(await ours.logout(mine), await kept.logout(theirs))
    t.equal(await kept.verify(theirs), '200 {}')
    t.equal(
      await ours.verify(mine), '401 {"detail":"Token is blacklisted","code":"token_not_valid"}'
    )
  })
})
