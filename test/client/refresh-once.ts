import t from 'tap'
import { MINUTE } from '../fixtures/app.ts'
import { createPageFetch } from '../fixtures/client/page-fetch.ts'
import { openWorld } from '../fixtures/client/world.ts'

const HOUR = 60 * MINUTE

t.test('fetch: makes one refresh for 200 calls whose token has expired', async t => {
  const { logIn, expire, call, refreshes, proxy } = await openWorld(t)
  const client = await logIn()
  expire()
  t.same(await call(client, 200), { 200: 200 })
  t.same(refreshes(), ['200'])
  t.equal(proxy.log.length, 201, 'no call was sent with the expired token')
})

t.test('fetch: makes one refresh for 200 calls that the guard refuses', async t => {
  const { logIn, expire, moveClock, call, refreshes, proxy } = await openWorld(t)
  const client = await logIn()
  expire()
  moveClock(-HOUR)
  t.same(await call(client, 200), { 200: 200 })
  t.same(refreshes(), ['200'])
  const statuses = proxy.statusesOf('/hello/')
  t.equal(statuses.filter(status => status === '401').length, 200, 'each was refused first')
  t.equal(statuses.length, 400)
})

t.test('fetch: needs one refresh after the clock was set forward', async t => {
  const { logIn, moveClock, call, refreshes } = await openWorld(t)
  const client = await logIn()
  moveClock(3 * HOUR)
  t.same(await call(client, 20), { 200: 20 })
  t.same(await call(client, 20), { 200: 20 })
  t.same(refreshes(), ['200'])
})

t.test('fetch: works for hours by a clock that is wrong by a year', async t => {
  const { logIn, expire, moveClock, call, refreshes, proxy } = await openWorld(t)
  for (const [index, years] of [-1, 1].entries()) {
    moveClock(years * 366 * 24 * HOUR)
    const client = await logIn()
    for (let round = 1; round <= 4; round++) {
      expire()
      t.same(await call(client, 20), { 200: 20 }, `${index} ${round}`)
      t.equal(refreshes().length, round)
    }
    t.equal(proxy.statusesOf('/hello/').includes('401'), false)
  }
})

t.test('fetch: retries with the token that another call has refreshed meanwhile', async t => {
  const { logIn, clock, proxy, refreshes, call } = await openWorld(t)
  const client = await logIn()
  clock.advance(6 * MINUTE)
  proxy.delayAfter = ({ url }) => url === '/hello/?slow' ? 200 : 0
  const slow = client.fetch('/hello/?slow')
  t.same(await call(client, 5), { 200: 5 })
  t.equal((await slow).status, 200)
  t.same(refreshes(), ['200'])
})

t.test('fetch: refreshes beside the calls shortly before the expiry', async t => {
  const { logIn, moveClock, proxy, refreshes, call } = await openWorld(t)
  const client = await logIn()
  proxy.delayBefore = ({ url }) => url === '/hello/' ? 0 : 200
  moveClock(5 * MINUTE - 20_000)
  t.same(await call(client, 20), { 200: 20 })
  t.same(refreshes(), ['0'], 'the refresh is under way, and no call has waited for it')
  await client.token()
  t.same(refreshes(), ['200'])
  t.same(await call(client, 20), { 200: 20 })
  t.same(refreshes(), ['200'])
})

t.test('fetch: goes on with a valid token if the early refresh fails', async t => {
  const { logIn, moveClock, proxy, call } = await openWorld(t)
  const client = await logIn({ timeout: 1 })
  proxy.answer = ({ url }) => url === '/hello/'
    ? undefined
    : { status: 503, headers: { 'retry-after': '60' } }
  moveClock(5 * MINUTE - 20_000)
  t.same(await call(client, 20), { 200: 20 })
  t.ok(await client.token())
})

t.test('fetch: refreshes as early as the option "leeway" says', async t => {
  const { logIn, moveClock, refreshes, call } = await openWorld(t)
  const [late, early, most] =
    [await logIn({ leeway: 5 }), await logIn({ leeway: 50 }), await logIn({ leeway: 250 })]
  moveClock(5 * MINUTE - 20_000)
  await late.token()
  t.equal(refreshes().length, 0)
  await early.token()
  t.equal(refreshes().length, 1)
  t.same(await call(early, 5), { 200: 5 })
  await most.token()
  t.equal(refreshes().length, 2)
  moveClock(2 * MINUTE)
  await most.token()
  t.equal(refreshes().length, 2, 'at most a fifth of the lifetime')
})

t.test('fetch: needs no refresh where the login was never there', async t => {
  const { connect, refreshes, call, proxy } = await openWorld(t)
  const client = connect()
  t.same(await call(client, 50), { 401: 50 })
  t.same(refreshes(), [])
  t.equal(proxy.log.length, 50)
  t.equal(client.user, null)
})

t.test('fetch: asks once whether a visitor is logged in by cookie', async t => {
  const { connect, refreshes, call } = await openWorld(t, { cookie: true })
  const client = connect({ storage: 'cookie', fetch: createPageFetch().fetch })
  t.equal(client.user, undefined, 'not known before the first call')
  t.same(await call(client, 50), { 401: 50 })
  t.same(await call(client, 50), { 401: 50 })
  t.equal(client.user, null)
  t.equal((await client.fetch('/public/')).status, 200)
  t.equal(refreshes().length, 1)
})

t.test('fetch: is logged in by the cookie after a reload, with one refresh', async t => {
  const { connect, logIn, refreshes, call } = await openWorld(t, { cookie: true })
  const options = { storage: 'cookie', fetch: createPageFetch().fetch } as const
  const before = await logIn(options)
  before.close()
  const after = connect(options)
  t.equal(after.user, undefined)
  t.same(await call(after, 50), { 200: 50 })
  t.same(refreshes(), ['200'])
  t.same(after.user, before.user)
})
