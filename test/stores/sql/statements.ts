import t from 'tap'
import { ACCESS_LIFETIME, NOW, session } from '../../../plugin/store-contract/case.ts'
import {
  POSTGRES, SQLITE, type SessionRow, checkedPrefix, revocationOf, sessionOf, statements
} from '../../../plugin/stores/sql/statements.ts'
import { tables } from '../../../plugin/stores/sql/tables.ts'

/** The row of the contract's session, with its times as a driver gives them. */
const rowWith = (
  time: (time: number) => number | bigint | string, changes: Partial<SessionRow> = {}
): SessionRow => {
  const {
    sid, userId, jti, issuedAt, expiresAt, createdAt, endsAt, accessLifetime, userAgent, address
  } = session()
  return {
    sid,
    user_id: userId,
    jti,
    previous_jti: null,
    issued_at: time(issuedAt),
    rotated_at: null,
    expires_at: time(expiresAt),
    created_at: time(createdAt),
    ends_at: time(endsAt),
    revoked_at: null,
    adopted_until: null,
    access_lifetime: time(accessLifetime),
    user_agent: userAgent,
    address,
    rotated_user_agent: null,
    rotated_address: null,
    client_id: null,
    scope: null,
    ...changes
  }
}

t.test('a row is a session, whether its times come as numbers, as bigint or as text', async t => {
  for (const time of [Number, BigInt, String]) {
    t.strictSame(sessionOf(rowWith(time)), session())
    const ended = rowWith(time, {
      previous_jti: 't',
      rotated_at: time(NOW + 1),
      revoked_at: time(NOW + 2),
      adopted_until: time(0),
      user_agent: null,
      address: null,
      rotated_user_agent: '',
      rotated_address: '192.0.2.9',
      client_id: 'photo-printer',
      scope: 'photos:read'
    })
    t.strictSame(
      sessionOf(ended),
      session({
        previousJti: 't',
        rotatedAt: NOW + 1,
        revokedAt: NOW + 2,
        adoptedUntil: 0,
        userAgent: null,
        address: null,
        rotatedUserAgent: '',
        rotatedAddress: '192.0.2.9',
        clientId: 'photo-printer',
        scope: 'photos:read'
      })
    )
  }
})

t.test('a revocation has the expiry of the last access token', async t => {
  for (const time of [Number, BigInt, String]) {
    t.strictSame(revocationOf(rowWith(time, { revoked_at: time(NOW + 1) })), {
      sid: 's',
      revokedAt: NOW + 1,
      accessExpiresAt: NOW + 1 + ACCESS_LIFETIME
    })
  }
})

t.test('a prefix is a name that needs no quotes, perhaps in a schema', async t => {
  const longest = 'a'.repeat(24)
  for (const prefix of ['simplejwt_', 'a', '_', 'x1_', 'auth.staff_', `${longest}.${longest}`]) {
    t.equal(checkedPrefix(prefix), prefix)
  }
  const refused = [
    '', '1a', 'Staff_', 'a-b', 'a b', '"a"', 'a.b.c', '.a', 'a.', 'a;', "a'", 'é', 'a_\n',
    `${longest}a`, `${longest}a.a`
  ]
  for (const prefix of refused) {
    t.throws(
      () => checkedPrefix(prefix),
      { name: 'TypeError', message: /^fastify-simplejwt: the table prefix must be / },
      prefix
    )
  }
})

t.test('the statements and the tables of a prefix name no other table', async t => {
  const sql = [
    ...Object.values(statements('auth.staff_', POSTGRES)), tables('auth.staff_', '')
  ].join('\n')
  t.same(
    new Set(sql.match(/[\w.]*(sessions|counters)\b/g)),
    new Set(['auth.staff_sessions', 'auth.staff_counters'])
  )
})

t.test('values are parameters, all of them', async t => {
  for (const sql of Object.values(statements('simplejwt_', SQLITE))) t.notMatch(sql, /'/)
})
