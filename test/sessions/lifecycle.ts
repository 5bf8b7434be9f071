import { mock } from 'node:test'
import t from 'tap'
import type { RefreshClaims } from '../../plugin/tokens/claims.ts'
import { createRevocations } from '../../plugin/sessions/revocation.ts'
import { createSessions, sidOf } from '../../plugin/sessions/lifecycle.ts'
import type { SessionRules } from '../../plugin/sessions/session-rules.ts'
import { memoryStore } from '../../plugin/stores/memory.ts'
import type { Session } from '../../plugin/stores/session.ts'
import { DAY, MINUTE, SECOND, START, createClock } from '../fixtures/app.ts'
import { refreshClaims } from '../fixtures/tokens/jwt.ts'
import { refreshClaimsOf } from '../fixtures/stores/session.ts'

const LIFETIMES = {
  refreshTokenLifetime: DAY,
  sessionLifetime: 30 * DAY,
  accessTokenLifetime: 5 * MINUTE,
  leeway: 30 * SECOND,
  reuseInterval: 10 * SECOND,
  rotateRefreshTokens: true,
  replayFrom: 'anywhere' as SessionRules['replayFrom']
}
const ORIGIN = { userAgent: 'Firefox', address: '203.0.113.1' }

function build (lifetimes: Partial<typeof LIFETIMES> = {}) {
  const clock = createClock()
  const store = memoryStore()
  const revocations = createRevocations({
    store,
    interval: SECOND,
    accessTokenLifetime: 5 * MINUTE,
    leeway: 0,
    now: clock
  })
  return {
    clock,
    store,
    revocations,
    sessions: createSessions(store, revocations, { ...LIFETIMES, ...lifetimes }, clock)
  }
}

const foreign = (changes: Record<string, unknown> = {}) =>
  refreshClaims(changes) as unknown as RefreshClaims

t.test('current: learns a revocation from the row', async t => {
  const { sessions, store, revocations } = build()
  const session = await sessions.start('1', ORIGIN)
  await store.revoke(session.sid, START)
  t.equal(revocations.has(session.sid), false)
  t.equal(await sessions.current(refreshClaimsOf(session)), null)
  t.equal(revocations.has(session.sid), true)
})

t.test('a login is one row: new ids, the lifetimes, the origin', async t => {
  const { sessions, store } = build()
  const session = await sessions.start('1', ORIGIN)
  t.same(session, {
    sid: session.sid,
    userId: '1',
    jti: session.jti,
    previousJti: null,
    issuedAt: START,
    rotatedAt: null,
    expiresAt: START + DAY,
    createdAt: START,
    endsAt: START + 30 * DAY,
    revokedAt: null,
    adoptedUntil: null,
    accessLifetime: 5 * MINUTE,
    ...ORIGIN,
    rotatedUserAgent: null,
    rotatedAddress: null,
    clientId: null,
    scope: null
  })
  for (const id of [session.sid, session.jti]) t.match(id, /^[0-9a-f]{32}$/)
  t.not(session.sid, session.jti)
  t.same(await store.find(session.sid), session)
  t.not((await sessions.start('1', ORIGIN)).sid, session.sid)
})

t.test('start: grants a session to a client, with separate lifetimes', async t => {
  const { sessions, store } = build()
  const grant = { clientId: 'photo-printer', scope: 'photos:read' }
  const session = await sessions.start('1', ORIGIN, {
    refreshLifetime: MINUTE, sessionLifetime: 90 * DAY, grant
  })
  const lifetimes = { expiresAt: START + MINUTE, endsAt: START + 90 * DAY }
  t.match(session, { userId: '1', ...ORIGIN, ...grant, ...lifetimes })
  t.same(await store.find(session.sid), session)
  t.same(await sessions.list('1'), [session], 'it is in the list before its first rotation')
})

t.test('rotate: exchanges the first token of a grant once, with lifetimes of the call', async t => {
  const grant = { clientId: 'photo-printer', scope: 'photos:read' }
  const exchange = { refreshLifetime: 30 * DAY, reuseInterval: 0 }
  const { sessions, clock, revocations } = build()
  const start = { refreshLifetime: MINUTE, sessionLifetime: 90 * DAY, grant }
  const [used, late] = [
    await sessions.start('1', ORIGIN, start), await sessions.start('1', ORIGIN, start)
  ]
  clock.advance(MINUTE - 1)
  const { outcome, session } = await sessions.rotate(used, ORIGIN, exchange)
  t.equal(outcome, 'rotated')
  t.match(session, { expiresAt: clock() + 30 * DAY, ...grant })
  clock.advance(1)
  t.equal((await sessions.rotate(late, ORIGIN, exchange)).outcome, 'ended')
  t.notOk(revocations.has(used.sid))
  t.equal((await sessions.rotate(used, ORIGIN, exchange)).outcome, 'reused')
  t.ok(revocations.has(used.sid))
  t.equal((await sessions.rotate(session as Session, ORIGIN)).outcome, 'ended')
})

t.test('rotate: takes the reuse interval of the rules unless the call has another', async t => {
  const [usual, none] = [build(), build({ reuseInterval: 0 })]
  const again = async ({ sessions }: typeof usual, reuseInterval?: number) => {
    const spent = await sessions.start('1', ORIGIN)
    await sessions.rotate(spent, ORIGIN, { reuseInterval })
    return (await sessions.rotate(spent, ORIGIN, { reuseInterval })).outcome
  }
  t.same([await again(usual), await again(usual, 0)], ['replayed', 'reused'])
  t.same([await again(none), await again(none, SECOND)], ['reused', 'replayed'])
})

t.test('no refresh token outlives its session', async t => {
  const short = build({ sessionLifetime: MINUTE })
  t.match(await short.sessions.start('1', ORIGIN), {
    expiresAt: START + MINUTE,
    endsAt: START + MINUTE
  })

  const { sessions, clock } = build({ sessionLifetime: DAY + MINUTE })
  const session = await sessions.start('1', ORIGIN)
  clock.advance(DAY - MINUTE)
  t.match(await sessions.rotate(refreshClaimsOf(session)), {
    outcome: 'rotated',
    session: { expiresAt: START + DAY + MINUTE, endsAt: START + DAY + MINUTE }
  })
})

t.test('a rotation changes the row in place', async t => {
  const { sessions, clock, store } = build()
  const before = await sessions.start('1', ORIGIN)
  clock.advance(MINUTE)
  const { outcome, session: after } = (await sessions.rotate(refreshClaimsOf(before))) as {
    outcome: string
    session: Session
  }
  t.equal(outcome, 'rotated')
  t.match(after.jti, /^[0-9a-f]{32}$/)
  t.not(after.jti, before.jti)
  t.same(after, {
    ...before,
    jti: after.jti,
    previousJti: before.jti,
    issuedAt: START + MINUTE,
    rotatedAt: START + MINUTE,
    expiresAt: START + MINUTE + DAY
  })
  t.same(await store.find(before.sid), after)
})

t.test('a token that was just spent is answered with the same successor', async t => {
  const { sessions, clock, revocations } = build()
  const spent = await sessions.start('1', ORIGIN)
  const { session: successor } = await sessions.rotate(refreshClaimsOf(spent))
  clock.advance(10 * SECOND - 1)
  t.same(await sessions.rotate(refreshClaimsOf(spent)), { outcome: 'replayed', session: successor })
  t.notOk(revocations.has(spent.sid))
  t.equal((await sessions.rotate(refreshClaimsOf(successor as Session))).outcome, 'rotated')
})

t.test('reuse after the interval revokes the session and its access tokens', async t => {
  const { sessions, clock, revocations } = build()
  const spent = await sessions.start('1', ORIGIN)
  const { session: successor } = await sessions.rotate(refreshClaimsOf(spent))
  clock.advance(10 * SECOND)
  t.match(await sessions.rotate(refreshClaimsOf(spent)), {
    outcome: 'reused',
    session: { revokedAt: START + 10 * SECOND }
  })
  t.ok(revocations.has(spent.sid))
  t.equal((await sessions.rotate(refreshClaimsOf(successor as Session))).outcome, 'ended')
})

t.test('with a reuse interval of 0 every second presentation is reuse', async t => {
  const { sessions, revocations } = build({ reuseInterval: 0 })
  const spent = await sessions.start('1', ORIGIN)
  await sessions.rotate(refreshClaimsOf(spent))
  t.equal((await sessions.rotate(refreshClaimsOf(spent))).outcome, 'reused')
  t.ok(revocations.has(spent.sid))
})

t.test('a session that is unknown, revoked or expired is ended, and nothing is noted', async t => {
  const { sessions, clock, revocations } = build()
  const session = await sessions.start('1', ORIGIN)
  t.same(await sessions.rotate(foreign({ sid: 'unknown' })), { outcome: 'ended', session: null })
  clock.advance(DAY)
  t.match(await sessions.rotate(refreshClaimsOf(session)), {
    outcome: 'ended',
    session: { revokedAt: null }
  })
  t.notOk(revocations.has('unknown') || revocations.has(session.sid))

  const revoked = await sessions.start('1', ORIGIN)
  await sessions.revoke(revoked.sid)
  t.equal((await sessions.rotate(refreshClaimsOf(revoked))).outcome, 'ended')
})

t.test('a hundred presentations at once have one successor', async t => {
  const { sessions } = build()
  const session = await sessions.start('1', ORIGIN)
  const results = await Promise.all(
    Array.from({ length: 100 }, () => sessions.rotate(refreshClaimsOf(session)))
  )
  t.equal(results.filter(({ outcome }) => outcome === 'rotated').length, 1)
  t.equal(results.filter(({ outcome }) => outcome === 'replayed').length, 99)
  t.equal(new Set(results.map(({ session }) => session?.jti)).size, 1)
})

t.test('a token is current until it is spent, its session revoked or the time over', async t => {
  const { sessions, clock } = build()
  const session = await sessions.start('1', ORIGIN)
  t.same(await sessions.current(refreshClaimsOf(session)), session)
  const { session: successor } = (await sessions.rotate(refreshClaimsOf(session))) as {
    session: Session
  }
  t.equal(await sessions.current(refreshClaimsOf(session)), null)
  t.same(await sessions.current(refreshClaimsOf(successor)), successor)
  t.equal(await sessions.current(foreign({ sid: 'unknown' })), null)
  t.same(await sessions.find(session.sid), successor, 'it can be found all the same')
  clock.advance(DAY)
  t.equal(await sessions.current(refreshClaimsOf(successor)), null)
  t.same(await sessions.find(session.sid), successor)
})

t.test('a session is revoked once, and noted at once', async t => {
  const { sessions, revocations } = build()
  const { sid } = await sessions.start('1', ORIGIN)
  t.equal(await sessions.revoke(sid), true)
  t.ok(revocations.has(sid))
  t.equal(await sessions.revoke(sid), false)
  t.equal(await sessions.revoke('unknown'), false)
  t.notOk(revocations.has('unknown'), 'an unknown session is not added to the list')
})

t.test('revoke: learns that the store has already revoked the session', async t => {
  const { sessions, store, revocations } = build()
  const { sid } = await sessions.start('1', ORIGIN)
  await store.revoke(sid, START)
  t.notOk(revocations.has(sid))
  t.equal(await sessions.revoke(sid), false)
  t.ok(revocations.has(sid))
})

t.test('revokeUser: revokes all sessions of the user except one', async t => {
  const { sessions, revocations } = build()
  const [one, two, three, others] = (await Promise.all(
    ['1', '1', '1', '2'].map(userId => sessions.start(userId, ORIGIN))
  )) as [Session, Session, Session, Session]
  t.same((await sessions.revokeUser('1', two.sid)).sort(), [one.sid, three.sid].sort())
  t.same(
    [one, two, three, others].map(({ sid }) => revocations.has(sid)), [true, false, true, false]
  )
  t.same(await sessions.revokeUser('1'), [two.sid])
  t.same(await sessions.revokeUser('1'), [])
  t.same(await sessions.list('2'), [others])
})

t.test('the list is of live sessions, oldest first', async t => {
  const { sessions, clock } = build()
  const started: Session[] = []
  for (let count = 0; count < 3; count++) {
    started.push(await sessions.start('1', ORIGIN))
    clock.advance(MINUTE)
  }
  t.same(await sessions.list('1'), started)
  await sessions.revoke((started[1] as Session).sid)
  t.same(await sessions.list('1'), [started[0], started[2]])
  clock.time = START + DAY
  t.same(await sessions.list('1'), [started[2]], 'the first has expired')
  t.same(await sessions.list('nobody'), [])
})

t.test('isAccepted: the current token, and the last spent one within the interval', async t => {
  const { sessions, clock } = build()
  const session = await sessions.start('1', ORIGIN)
  t.equal(sessions.isAccepted(session, session.jti), true)
  t.equal(sessions.isAccepted(session, 'other'), false)
  const { session: rotated } = (await sessions.rotate(refreshClaimsOf(session), ORIGIN)) as {
    session: Session
  }
  t.equal(sessions.isAccepted(rotated, session.jti), true)
  t.equal(sessions.isAccepted(rotated, rotated.jti), true)
  t.equal(sessions.isAccepted({ ...rotated, revokedAt: START }, rotated.jti), false)
  t.equal(sessions.isAccepted({ ...rotated, rotatedAt: null }, session.jti), false)
  const withoutRotation = build({ rotateRefreshTokens: false }).sessions
  t.equal(withoutRotation.isAccepted(rotated, session.jti), false, 'as a refresh decides it')
  const { clientId, ...old } = rotated
  t.equal(withoutRotation.isAccepted(old as Session, session.jti), false, 'of an old store')
  const ofClient = { ...rotated, clientId: 'printer' }
  t.equal(withoutRotation.isAccepted(ofClient, session.jti), true, 'those of clients rotate')
  clock.advance(10 * SECOND)
  t.equal(sessions.isAccepted(rotated, session.jti), false)
  t.equal(sessions.isAccepted(rotated, rotated.jti), true)
})

t.test('isAccepted: the last spent token only of the client that spent it', async t => {
  const elsewhere = { ...ORIGIN, address: '198.51.100.1' }
  for (const [replayFrom, client, expected] of [
    ['anywhere', ORIGIN, true],
    ['anywhere', elsewhere, true],
    ['anywhere', { ...ORIGIN, userAgent: 'thief' }, false],
    ['sameAddress', ORIGIN, true],
    ['sameAddress', elsewhere, false]
  ] as const) {
    const { sessions } = build({ replayFrom })
    const spent = await sessions.start('1', ORIGIN)
    const { session } = await sessions.rotate(refreshClaimsOf(spent), ORIGIN)
    t.equal(sessions.isAccepted(session as Session, spent.jti, client), expected)
    const { outcome } = await sessions.rotate(refreshClaimsOf(spent), client)
    t.equal(outcome, expected ? 'replayed' : 'reused', 'as a refresh decides it')
  }
})

t.test('isLive: is true before both ends, until the session is revoked', async t => {
  const { sessions, clock } = build()
  const { session: rotated } = (await sessions.rotate(
    refreshClaimsOf(await sessions.start('1', ORIGIN)))) as { session: Session }

  t.equal(sessions.isLive(rotated), true)
  t.equal(sessions.isLive({ ...rotated, revokedAt: START }), false)
  t.equal(sessions.isLive({ ...rotated, expiresAt: clock() }), false)
  t.equal(sessions.isLive({ ...rotated, endsAt: clock() }), false)
})

t.test('a session that ended is kept until its last access token has expired', async t => {
  const { sessions, clock, store } = build()
  const [ended, alive] = [await sessions.start('1', ORIGIN), await sessions.start('1', ORIGIN)]
  await sessions.revoke(ended.sid)
  clock.advance(5 * MINUTE + 30 * SECOND)
  t.equal(await sessions.sweep(), 0)
  clock.advance(1)
  t.equal(await sessions.sweep(), 1)
  t.equal(await store.find(ended.sid), null)
  t.same(await store.find(alive.sid), alive)
})

t.test('sweep: a clock of the system that jumps ahead deletes nothing for an hour', async t => {
  let [wall, monotonic] = [START, 0]
  mock.method(Date, 'now', () => wall)
  mock.method(performance, 'now', () => monotonic)
  t.after(() => { mock.restoreAll() })
  const { sessions, clock } = build()
  await sessions.revoke((await sessions.start('1', ORIGIN)).sid)
  const jump = 120 * MINUTE
  clock.advance(jump)
  wall += jump
  t.equal(await sessions.sweep(), 0)
  monotonic += 60 * MINUTE
  wall += 60 * MINUTE
  clock.advance(60 * MINUTE)
  t.equal(await sessions.sweep(), 1, 'then the clock is right')
})

t.test('the session of a token of another server goes by the token\'s own jti', async t => {
  t.equal(sidOf(foreign()), '7f5997b7150d46579dc2b49167097e7b')
  t.equal(sidOf(foreign({ sid: 's' })), 's')
  const { sessions, clock, store } = build()
  clock.advance(MINUTE)
  await sessions.adopt(foreign(), ORIGIN)
  t.same(await store.find(foreign().jti), {
    sid: foreign().jti,
    userId: '1',
    jti: foreign().jti,
    previousJti: null,
    issuedAt: START,
    rotatedAt: null,
    expiresAt: START + DAY,
    createdAt: START + MINUTE,
    endsAt: START + MINUTE + 30 * DAY,
    revokedAt: null,
    adoptedUntil: START + DAY,
    accessLifetime: 5 * MINUTE,
    ...ORIGIN,
    rotatedUserAgent: null,
    rotatedAddress: null,
    clientId: null,
    scope: null
  })
})

t.test('it is adopted once: then it is spent, replayed and reused like any other', async t => {
  const { sessions, clock, revocations } = build()
  const outcome = async () => {
    await sessions.adopt(foreign(), ORIGIN)
    return (await sessions.rotate(foreign())).outcome
  }
  t.equal(await outcome(), 'rotated')
  t.equal(await outcome(), 'replayed')
  clock.advance(10 * SECOND)
  t.equal(await outcome(), 'reused')
  t.equal(await outcome(), 'ended')
  t.ok(revocations.has(foreign().jti))
  clock.advance(DAY - 10 * SECOND)
  t.equal(await sessions.sweep(), 0, 'while the token could still be adopted, its row stays')
  clock.advance(MINUTE * 6)
  t.equal(await sessions.sweep(), 1)
})

t.test('a token without iat is adopted as of now', async t => {
  const { sessions, clock, store } = build()
  clock.advance(MINUTE)
  await sessions.adopt(foreign({ iat: undefined }), ORIGIN)
  t.match(await store.find(foreign().jti), { issuedAt: START + MINUTE })
})

t.test('adopt: stores fractional times as whole milliseconds', async t => {
  const { sessions, store } = build()
  await sessions.adopt(
    foreign({ iat: START / 1000 - 0.1234567, exp: START / 1000 + 0.1234567 }), ORIGIN
  )
  const session = await store.find(foreign().jti) as Session
  for (const name of ['issuedAt', 'expiresAt', 'adoptedUntil', 'createdAt', 'endsAt'] as const) {
    t.ok(Number.isInteger(session[name]), `${name} ${session[name]}`)
  }
})
