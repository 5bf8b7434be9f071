import t from 'tap'
import { NOW, session } from '../../../plugin/store-contract/case.ts'
import { FIELDS, type Row, sessionOf } from '../../../plugin/stores/redis/row.ts'
import type { Session } from '../../../plugin/stores/session.ts'

/** What Redis answers when it is asked for the fields of a session. */
const rowOf = (session: Session): Row =>
  FIELDS.map(field => session[field] === null ? null : `${session[field]}`) as Row

t.test('a session comes back from its row as it was', async t => {
  for (const stored of [
    session(),
    session({
      previousJti: 't1',
      rotatedAt: 0,
      revokedAt: NOW,
      adoptedUntil: NOW,
      userAgent: null,
      address: null,
      clientId: 'photo-printer',
      scope: 'photos:read'
    })
  ]) {
    t.strictSame(sessionOf(rowOf(stored)), stored)
  }
})

t.test('the fields are those of a session', async t => {
  t.strictSame([...FIELDS].sort(), Object.keys(session()).sort())
})

t.test('a row of an older version has an access lifetime of a day, and no client', async t => {
  const added: string[] = ['accessLifetime', 'clientId', 'scope']
  const granted = session({ clientId: 'photo-printer', scope: 'photos:read' })
  const row = rowOf(granted).map((value, index) =>
    added.includes(FIELDS[index] as string) ? null : value)
  t.strictSame(sessionOf(row), session({ accessLifetime: 86_400_000 }))
})

t.test('a row of nothing is no session', async t => {
  t.equal(sessionOf(FIELDS.map(() => null) as Row), null)
})
