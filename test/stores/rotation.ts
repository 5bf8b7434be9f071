import t from 'tap'
import { NOW, REUSE_INTERVAL, presentation, session } from '../../plugin/store-contract/case.ts'
import { checkDeadline, decideRotation } from '../../plugin/stores/rotation.ts'
import type { Session } from '../../plugin/stores/session.ts'
import {
  checkDeadline as checkDeadlineOfStore, outcomeWithoutChange
} from '../../plugin/stores/store.ts'

/** After t0 was exchanged for t1. */
const rotated = session({ jti: 't1', previousJti: 't0', rotatedAt: NOW })

const PRESENTATIONS: [
  what: string,
  session: Session | null,
  presented: string,
  next: string,
  now: number,
  outcome: string | undefined
][] = [
  ['a token of a session that nobody knows', null, 't0', 't1', NOW, 'ended'],
  ['a token of a session that was revoked', session({ revokedAt: NOW }), 't0', 't1', NOW, 'ended'],
  ['a token of a session that has expired', session({ expiresAt: NOW }), 't0', 't1', NOW, 'ended'],
  [
    'a spent token of a session that was revoked',
    { ...rotated, revokedAt: NOW },
    't0',
    't2',
    NOW,
    'ended'
  ],
  ['the same rotation once more', rotated, 't0', 't1', NOW, 'rotated'],
  [
    'the same rotation once more, however late', rotated, 't0', 't1', NOW + REUSE_INTERVAL,
    'rotated'
  ],
  ['the token just spent', rotated, 't0', 't2', NOW + REUSE_INTERVAL - 1, 'replayed'],
  ['a token spent long ago, which is reuse', rotated, 't0', 't2', NOW + REUSE_INTERVAL, undefined],
  ['a token that nobody was given, which is reuse', rotated, 'forged', 't2', NOW, undefined],
  ['the current token, which is spent by it', rotated, 't1', 't2', NOW, undefined]
]

for (const [what, stored, presented, next, now, outcome] of PRESENTATIONS) {
  t.test(`${what}: ${outcome ?? 'the row changes'}`, async t => {
    t.equal(decideRotation(stored, presentation(presented, next, now)), outcome)
  })
}

t.test('a deadline that has passed throws, and none never does', async t => {
  t.throws(() => checkDeadline(Date.now() - 1), {
    message: 'The deadline of this call has passed.'
  })
  for (const deadline of [Date.now() + 1000, Infinity, undefined]) {
    t.doesNotThrow(() => checkDeadline(deadline))
  }
})

t.test('stores/store.ts exports both under their public names', async t => {
  t.equal(outcomeWithoutChange, decideRotation)
  t.equal(checkDeadlineOfStore, checkDeadline)
})
