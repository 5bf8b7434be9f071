import t from 'tap'
import { isLive, isOver, isReplay } from '../../plugin/stores/session.ts'
import { NOW, session } from '../../plugin/store-contract/case.ts'

t.test('a session is live until it is revoked, its refresh token has expired or its end has come', async t => {
  t.equal(isLive(session(), NOW), true)
  t.equal(isLive(session({ revokedAt: NOW }), NOW), false)
  t.equal(isLive(session({ expiresAt: NOW + 1 }), NOW), true)
  t.equal(isLive(session({ expiresAt: NOW }), NOW), false)
  t.equal(isLive(session({ endsAt: NOW }), NOW), false)
})

t.test('the token that was spent last answers until the reuse interval is over, and no other does', async t => {
  const rotated = session({ previousJti: 't0', jti: 't1', rotatedAt: NOW })
  t.equal(isReplay(rotated, 't0', NOW + 9, 10), true)
  t.equal(isReplay(rotated, 't0', NOW + 10, 10), false)
  t.equal(isReplay(rotated, 't0', NOW, 0), false)
  t.equal(isReplay(rotated, 't1', NOW, 10), false)
  t.equal(isReplay(session({ previousJti: 't0' }), 't0', NOW, 10), false)
})

t.test('a session is over before a time if any of its ends was earlier, and nothing can adopt it again', async t => {
  t.equal(isOver(session(), NOW), false)
  for (const end of [{ revokedAt: NOW - 1 }, { expiresAt: NOW - 1 }, { endsAt: NOW - 1 }]) {
    t.equal(isOver(session(end), NOW), true)
    t.equal(isOver(session({ ...end, adoptedUntil: NOW }), NOW), false)
    t.equal(isOver(session({ ...end, adoptedUntil: NOW - 1 }), NOW), true)
  }
})
