import t from 'tap'
import { SECOND } from '../fixtures/app.ts'
import { speedUp } from '../fixtures/client/fast-time.ts'
import { openWorld } from '../fixtures/client/world.ts'

const isRefresh = ({ url }: { url: string }): boolean => url === '/api/token/refresh/'

t.test('refresh: repeats a request whose answer was lost', async t => {
  const { logIn, expire, call, proxy, refreshes } = await openWorld(t)
  const client = await logIn()
  expire()
  let lost = 0
  proxy.lose = passing => isRefresh(passing) && lost++ === 0
  t.same(await call(client, 200), { 200: 200 })
  t.same(refreshes(), ['200 lost', '200'])
  expire()
  t.same(await call(client, 5), { 200: 5 }, 'the next refresh works')
})

t.test('refresh: repeats a request whose answer breaks off', async t => {
  const { logIn, expire, call, refreshes } = await openWorld(t)
  let broken = 0
  const client = await logIn({
    async fetch (input, init) {
      const reply = await fetch(input, init)
      if (!String(input).endsWith('/refresh/') || broken++ > 0) return reply
      const content = await reply.text()
      return new Response(content.slice(0, content.length / 2), reply)
    }
  })
  expire()
  t.same(await call(client, 20), { 200: 20 })
  t.same(refreshes(), ['200', '200'])
})

t.test('refresh: waits as long as Retry-After says', async t => {
  const { logIn, expire, call, proxy, refreshes } = await openWorld(t)
  const client = await logIn()
  expire()
  speedUp(t)
  const started = performance.now()
  proxy.answer = passing => isRefresh(passing) && refreshes().length < 4
    ? { status: 503, headers: { 'retry-after': '1' } }
    : undefined
  t.same(await call(client, 200), { 200: 200 })
  t.same(refreshes(), ['503', '503', '503', '200'])
  t.ok(performance.now() - started >= 2900, 'three waits of a second')
})

t.test('refresh: gives up at once if Retry-After is longer than its patience', async t => {
  const { logIn, expire, call, proxy, refreshes } = await openWorld(t)
  const client = await logIn()
  const { user } = client
  expire()
  proxy.answer = passing => isRefresh(passing)
    ? { status: 503, headers: { 'retry-after': '30' }, body: { detail: 'Later.' } }
    : undefined
  const started = performance.now()
  await t.rejects(client.fetch('/hello/'), {
    name: 'AuthError', code: 'unavailable', status: 503, retryAfter: 30, body: { detail: 'Later.' }
  })
  t.ok(performance.now() - started < SECOND)
  t.same(refreshes(), ['503'])
  t.equal(client.user, user, 'the user is still logged in')
  proxy.reset()
  t.same(await call(client, 5), { 200: 5 })
})

t.test('refresh: waits for a server that is down for five seconds', async t => {
  const { logIn, expire, call, proxy, refreshes } = await openWorld(t)
  const client = await logIn()
  expire()
  speedUp(t)
  proxy.isDown = true
  setTimeout(() => { proxy.isDown = false }, 5 * SECOND)
  t.same(await call(client, 200), { 200: 200 })
  t.same(refreshes(), ['200'])
})

t.test('refresh: loses no login if every answer is lost', async t => {
  const { logIn, expire, call, proxy } = await openWorld(t)
  const client = await logIn()
  const { user } = client
  expire()
  speedUp(t)
  proxy.lose = isRefresh
  const calls = Array.from({ length: 10 }, () => client.fetch('/hello/'))
  for (const { status, reason } of await Promise.allSettled(calls) as PromiseRejectedResult[]) {
    t.equal(status, 'rejected')
    t.match(reason, { name: 'AuthError', code: 'unavailable', status: undefined })
    t.type(reason.cause, Error)
  }
  t.equal(client.user, user)
  t.equal(proxy.statusesOf('/hello/').length, 0)
  proxy.reset()
  t.same(await call(client, 5), { 200: 5 }, 'the server answers the same successor')
})

t.test('refresh: ends with the session if the answer was lost for too long', async t => {
  const { logIn, expire, call, clock, proxy } = await openWorld(t)
  const client = await logIn()
  expire()
  speedUp(t)
  proxy.lose = isRefresh
  await t.rejects(client.token(), { code: 'unavailable' })
  proxy.reset()
  clock.advance(12 * SECOND)
  t.same(await call(client, 5), { 401: 5 })
  t.equal(client.user, null)
})

t.test('refresh: goes on when the calls that wait for it are aborted', async t => {
  const { logIn, expire, proxy, refreshes } = await openWorld(t)
  const client = await logIn()
  expire()
  proxy.delayBefore = passing => isRefresh(passing) ? 400 : 0
  const leaving = new AbortController()
  const { signal } = leaving
  const calls = Array.from(
    { length: 50 }, (_, index) => client.fetch('/hello/', index % 2 ? { signal } : {}))
  setTimeout(() => leaving.abort(), 50)
  await Promise.allSettled(calls.filter((_call, index) => index % 2))
  t.same(refreshes(), ['0'], 'a call that is aborted does not wait')
  const outcomes = (await Promise.allSettled(calls)).map(outcome =>
    outcome.status === 'fulfilled' ? outcome.value.status : outcome.reason.name)
  t.same(outcomes, Array.from({ length: 50 }, (_, index) => index % 2 ? 'AbortError' : 200))
  t.same(refreshes(), ['200'])
  t.equal(proxy.statusesOf('/hello/').length, 25)
})

t.test('refresh: is not for a call that was aborted before', async t => {
  const { logIn, expire, proxy, url } = await openWorld(t)
  const client = await logIn()
  const reason = new Error('The user has left.')
  const signal = AbortSignal.abort(reason)
  for (const state of ['valid', 'expired']) {
    await t.rejects(client.fetch('/hello/', { signal }), reason, state)
    await t.rejects(client.fetch(new Request(`${url}/hello/`, { signal })), reason, state)
    expire()
  }
  t.equal(proxy.statusesOf('/hello/').length, 0)
})
