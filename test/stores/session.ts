import t from 'tap'
import { isLive, isOver, isReplay, lastAccessExpiry } from '../../plugin/stores/session.ts'
import { ACCESS_LIFETIME, HOUR, NOW, session } from '../../plugin/store-contract/case.ts'

t.test('isLive: is false once the session is revoked, expired or at its end', async t => {
  t.equal(isLive(session(), NOW), true)
  t.equal(isLive(session({ revokedAt: NOW }), NOW), false)
  t.equal(isLive(session({ expiresAt: NOW + 1 }), NOW), true)
  t.equal(isLive(session({ expiresAt: NOW }), NOW), false)
  t.equal(isLive(session({ endsAt: NOW }), NOW), false)
})

t.test('isReplay: is true only for the last spent token, in the reuse interval', async t => {
  const rotated = session({ previousJti: 't0', jti: 't1', rotatedAt: NOW })
  t.equal(isReplay(rotated, 't0', NOW + 9, 10), true)
  t.equal(isReplay(rotated, 't0', NOW + 10, 10), false)
  t.equal(isReplay(rotated, 't0', NOW, 0), false)
  t.equal(isReplay(rotated, 't0', NOW - 9, 10), true, 'a clock of another machine is behind')
  t.equal(isReplay(rotated, 't0', NOW - 10, 10), false, 'a clock was set back')
  t.equal(isReplay(rotated, 't1', NOW, 10), false)
  t.equal(isReplay(session({ previousJti: 't0' }), 't0', NOW, 10), false)
})

t.test('lastAccessExpiry: adds the access lifetime to the end, up to endsAt', async t => {
  const revokedAt = NOW + HOUR
  const day = 24 * HOUR
  for (const [changes, expected] of [
    [{}, NOW + day + ACCESS_LIFETIME],
    [{ revokedAt }, revokedAt + ACCESS_LIFETIME],
    [{ revokedAt, accessLifetime: day }, revokedAt + day],
    [{ revokedAt, endsAt: revokedAt + 1 }, revokedAt + 1],
    [{ revokedAt: NOW + 2 * day }, NOW + day + ACCESS_LIFETIME]
  ] as const) {
    t.equal(lastAccessExpiry(session(changes)), expected)
  }
})

t.test('isOver: is true once no access token lives, unless it can be adopted again', async t => {
  t.equal(isOver(session(), NOW), false)
  const before = NOW - ACCESS_LIFETIME
  for (const end of [{ revokedAt: before - 1 }, { expiresAt: before - 1 }, { endsAt: NOW - 1 }]) {
    t.equal(isOver(session(end), NOW), true)
    t.equal(isOver(session({ ...end, adoptedUntil: NOW }), NOW), false)
    t.equal(isOver(session({ ...end, adoptedUntil: NOW - 1 }), NOW), true)
  }
})
