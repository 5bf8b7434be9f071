import t from 'tap'
import { NOW, session } from '../../../plugin/store-contract/case.ts'
import { rowOf, sessionOf } from '../../../plugin/stores/memory/row.ts'

t.test('a row gives the session back', async t => {
  for (const rotatedAt of [null, NOW, NOW + 999, NOW - 1, NOW + 1e10, 0]) {
    const stored = session({
      issuedAt: NOW,
      rotatedAt,
      previousJti: 'p',
      revokedAt: 1,
      adoptedUntil: 2,
      rotatedUserAgent: 'r',
      rotatedAddress: '::1',
      clientId: 'c',
      scope: 's'
    })
    t.same(sessionOf(rowOf(stored, stored.userAgent)), stored)
  }
})

t.test('a row takes the user agent that is given', async t => {
  t.equal(sessionOf(rowOf(session({ userAgent: 'a' }), 'b')).userAgent, 'b')
})

t.test('a row holds a small number for the last refresh', async t => {
  t.equal(rowOf(session({ issuedAt: NOW, rotatedAt: NOW + 999 }), null).rotatedAfter, 999)
})
