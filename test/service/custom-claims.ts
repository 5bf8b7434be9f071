import t from 'tap'
import {
  type ClaimParts, claimsAtLogin, claimsAtRefresh, recomputesClaims
} from '../../plugin/service/custom-claims.ts'
import { carriedSettings } from '../../plugin/service/session-options.ts'
import type { RefreshClaims } from '../../plugin/tokens/claims.ts'
import type { User } from '../../plugin/user.ts'
import { buildRegistration } from '../fixtures/registration.ts'
import { refreshClaims } from '../fixtures/tokens/jwt.ts'

const NO_SETTINGS = carriedSettings(refreshClaims() as unknown as RefreshClaims)
const atLogin = async (parts: ClaimParts, user: User) =>
  (await claimsAtLogin(parts, user, NO_SETTINGS)).access
const atRefresh = async (parts: ClaimParts, presented: RefreshClaims) =>
  (await claimsAtRefresh(parts, presented)).access

interface Member extends User { role: string }
const vitor: Member = { id: 1, role: 'admin' }
const findUser = async (userId: string): Promise<Member> => ({ id: userId, role: 'member' })
const claims = (user: User) => ({ role: (user as Member).role })
const presented = refreshClaims({ role: 'admin', team: 'a' }) as unknown as RefreshClaims

t.test('claimsAtLogin: returns the claims of the host', async t => {
  const { registration } = await buildRegistration(t, { claims: async user => claims(user) })
  t.same(await atLogin(registration, vitor), { role: 'admin' })
})

t.test('claimsAtLogin: returns {} if the host returns no claims', async t => {
  t.same(await atLogin((await buildRegistration(t)).registration, vitor), {})
  for (const nothing of [undefined, null]) {
    t.same(
      await atLogin(
        (await buildRegistration(t, { claims: () => nothing as never })).registration, vitor
      ),
      {}
    )
  }
})

t.test('claimsAtRefresh: carries claims, or recomputes them given findUser and claims', async t => {
  const cases = [
    [{}, false, { role: 'admin', team: 'a' }],
    [{ claims }, false, { role: 'admin', team: 'a' }],
    [{ findUser }, false, { role: 'admin', team: 'a' }],
    [{ findUser, claims }, true, { role: 'member' }]
  ] as const
  for (const [options, recomputes, expected] of cases) {
    const { registration } = await buildRegistration(t, options)
    t.equal(recomputesClaims(registration), recomputes)
    t.same(
      await atRefresh(registration, presented), expected, Object.keys(options).join(' and ')
    )
  }
})

t.test('claimsAtRefresh: passes on the error of a key that cannot sign', async t => {
  const { registration } = await buildRegistration(t)
  const tokens = {
    ...registration.tokens, mintAccess: () => { throw new Error('the key is gone') }
  }
  const long = refreshClaims({ note: 'x'.repeat(1000) }) as unknown as RefreshClaims
  await t.rejects(
    atRefresh({ ...registration, tokens }, long), { message: 'the key is gone' })
})

t.test('a user who is gone or not active any more gets no claims', async t => {
  for (const found of [null, undefined, { id: 1, isActive: false }]) {
    const { registration } = await buildRegistration(t, { findUser: () => found as never })
    await t.rejects(atRefresh(registration, presented), {
      statusCode: 401,
      code: 'no_active_account',
      body: { detail: 'No active account found for the given token.' }
    })
  }
})

t.test('claimsAtRefresh: calls findUser with the user id, and claims with the user', async t => {
  const asked: unknown[] = []
  const { registration } = await buildRegistration(t, {
    findUser: (...given) => { asked.push(given); return vitor },
    claims: (...given) => { asked.push(given); return {} }
  })
  await atRefresh(registration, presented)
  t.same(asked, [['1', undefined], [vitor, undefined]])
})

t.test('claims: reject with the error that the host throws', async t => {
  const broken = () => { throw new Error('the database is down') }
  await t.rejects(
    atLogin((await buildRegistration(t, { claims: broken })).registration, vitor),
    { message: 'the database is down' }
  )
  await t.rejects(
    atRefresh((await buildRegistration(t, { findUser: broken })).registration, presented),
    { message: 'the database is down' }
  )
})

t.test('claimsAtLogin: accepts 1000 bytes of claims, in a cookie too', async t => {
  for (const cookie of [true, false]) {
    const note = 'x'.repeat(1000)
    const { registration } = await buildRegistration(t, { cookie, claims: () => ({ note }) })
    t.same(await atLogin(registration, vitor), { note })
  }
})

t.test('claims that no token can carry are a fault of the host', async t => {
  for (const [given, error] of [
    [{ note: 'x'.repeat(4096) }, 'RangeError'],
    [{ id: 1n }, 'TypeError'],
    ['admin', 'TypeError'],
    [['admin'], 'TypeError']
  ] as const) {
    const { registration } = await buildRegistration(t, { claims: () => given as never })
    await t.rejects(atLogin(registration, vitor), { name: error })
  }
})

t.test('cookie mode: rejects carried claims of more than 2048 bytes', async t => {
  const note = 'x'.repeat(2049)
  const { registration } = await buildRegistration(t, { cookie: true, claims: () => ({ note }) })
  await t.rejects(atLogin(registration, vitor), {
    name: 'RangeError',
    message: 'fastify-simplejwt: custom claims must take at most 2048 bytes as JSON. ' +
      'Return fewer claims from claims(), or give the session fewer.'
  })
  await t.rejects(
    atRefresh(registration, refreshClaims({ note }) as unknown as RefreshClaims),
    { message: 'Token is invalid' },
    'before a token of another server is spent for one that is lost'
  )
  t.same(
    await atLogin(
      (await buildRegistration(t, { cookie: true, findUser, claims: () => ({ note }) }))
        .registration,
      vitor
    ),
    { note }
  )
})

t.test('a token of another server that carries more than we can pass on is refused', async t => {
  const { registration } = await buildRegistration(t)
  const large = refreshClaims({ note: 'x'.repeat(4096) }) as unknown as RefreshClaims
  await t.rejects(atRefresh(registration, large), { message: 'Token is invalid' })
})
