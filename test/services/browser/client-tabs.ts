import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import t from 'tap'
import {
  IN_LOCAL_STORAGE, NO_CHANNEL, NO_LOCKS, REFRESH, type Rounds, callAtExpiry, callIn, openPlace,
  openTabs, userIn
} from '../../fixtures/clients/client-tabs.ts'
import { openBrowser, skip } from '../../fixtures/servers/chromium.ts'
import type { Test } from '../../fixtures/servers/home.ts'
import { asJavaScript } from '../../fixtures/type-check.ts'

const browser = skip === false ? await openBrowser() : undefined
t.teardown(() => browser?.close())

const ONE_OR_TWO = /^200( 200)?$/

/** Returns the facts of rounds: how many refreshes each had, and whether each is in its bar. */
function summaryOf ({ refreshes, outcomes }: Rounds) {
  const counts = refreshes.map(statuses => statuses.split(' ').length)
  return {
    sum: counts.reduce((a, b) => a + b, 0),
    isInBar: refreshes.every(statuses => ONE_OR_TWO.test(statuses)),
    text: `refreshes ${counts.join(' ')}; calls ${JSON.stringify(outcomes)}`
  }
}

const open = (t: Test, ...more: Parameters<typeof openPlace> extends
[unknown, unknown, ...infer More] ? More : never) => openPlace(t, browser, ...more)

t.test('two tabs refresh once for 200 calls', { skip }, async t => {
  const place = await open(t)
  const rounds = await callAtExpiry(place, await openTabs(place, 2), { rounds: 10, calls: 100 })
  const { sum, isInBar, text } = summaryOf(rounds)
  t.comment(text)
  t.ok(isInBar, 'one or two refreshes in each round')
  t.ok(sum <= 12, `${sum} refreshes in ten rounds`)
  t.same(rounds.outcomes, { 200: 2000 })
})

const LATE_CHANNEL = `globalThis.BroadcastChannel = class extends BroadcastChannel {
  set onmessage (listener) { super.onmessage = event => setTimeout(listener, 20, event) }
}`

t.test('a message that is slower than the lock spares the second refresh', { skip }, async t => {
  const place = await open(t, {}, [LATE_CHANNEL])
  const rounds = await callAtExpiry(place, await openTabs(place, 2), { rounds: 5, calls: 10 })
  const { sum, text } = summaryOf(rounds)
  t.comment(text)
  t.ok(sum <= 7, `${sum} refreshes in five rounds`)
  t.same(rounds.outcomes, { 200: 100 })
})

const WITH_LESS: Record<string, string[]> = {
  'without Web Locks': [NO_LOCKS],
  'without a channel': [NO_CHANNEL],
  'without Web Locks and a channel': [NO_LOCKS, NO_CHANNEL]
}

for (const [name, scripts] of Object.entries(WITH_LESS)) {
  t.test(`${name}, two tabs refresh at most twice for 200 calls`, { skip }, async t => {
    const place = await open(t, {}, scripts)
    const rounds = await callAtExpiry(place, await openTabs(place, 2), { rounds: 2, calls: 100 })
    const { isInBar, text } = summaryOf(rounds)
    t.comment(text)
    t.ok(isInBar, 'one or two refreshes in each round')
    t.same(rounds.outcomes, { 200: 400 })
  })
}

t.test('body mode: two tabs share the token in localStorage', { skip }, async t => {
  const place = await open(t, { cookie: false }, [IN_LOCAL_STORAGE])
  const tabs = await openTabs(place, 2)
  const rounds = await callAtExpiry(place, tabs, { rounds: 2, calls: 100 })
  const { isInBar, text } = summaryOf(rounds)
  t.comment(text)
  t.ok(isInBar, 'one or two refreshes in each round')
  t.same(rounds.outcomes, { 200: 400 })
  t.equal(await (tabs[1] as Page).evaluate('client.sessions().then(list => list.length)'), 1)
})

t.test('a new tab and a reload refresh once, and know the user then', { skip }, async t => {
  const place = await open(t)
  const { proxy } = place
  await openTabs(place, 1)
  proxy.reset()
  const tab = await place.open()
  t.equal(await userIn(tab), undefined)
  t.same(await callIn(tab, 50), { 200: 50 })
  t.equal(await userIn(tab), '1')
  t.same(proxy.statusesOf(REFRESH), ['200'])

  await tab.reload()
  t.equal(await userIn(tab), undefined)
  t.same(await callIn(tab, 50), { 200: 50 })
  t.same(proxy.statusesOf(REFRESH), ['200', '200'])
})

t.test('without a login, the first calls refresh once and later ones do not', { skip }, async t => {
  const { proxy, open: openTab } = await open(t)
  const tab = await openTab()
  t.same(await callIn(tab, 50), { 401: 50 })
  t.equal(await userIn(tab), null)
  t.same(await callIn(tab, 50), { 401: 50 })
  t.same(proxy.statusesOf(REFRESH), ['401'])
  t.equal(proxy.statusesOf('/hello/').length, 100, 'no call is repeated')
})

t.test('ten tabs refresh once or twice for 200 calls', { skip }, async t => {
  const place = await open(t)
  const rounds = await callAtExpiry(place, await openTabs(place, 10), { rounds: 2, calls: 20 })
  const { isInBar, text } = summaryOf(rounds)
  t.comment(text)
  t.ok(isInBar, 'one or two refreshes in each round')
  t.same(rounds.outcomes, { 200: 400 })
})

t.test('reuseInterval 0: tabs that do not coordinate are logged out', { skip }, async t => {
  const place = await open(t, { reuseInterval: 0 }, [NO_LOCKS, NO_CHANNEL])
  const tabs = await openTabs(place, 2)
  await place.expire()
  place.proxy.reset()
  // The first answer arrives after the second request, so both present the same token.
  place.proxy.delayAfter = ({ url }) => url === REFRESH ? 300 : 0
  const outcomes = await Promise.all(tabs.map(tab => callIn(tab, 20)))
  t.comment(`refreshes ${place.proxy.statusesOf(REFRESH)}; calls ${JSON.stringify(outcomes)}`)
  t.same(outcomes, [{ 401: 20 }, { 401: 20 }])
})

t.test('reuseInterval 0: locks and the channel keep tabs logged in', { skip }, async t => {
  const place = await open(t, { reuseInterval: 0 })
  const tabs = await openTabs(place, 2)
  const rounds = await callAtExpiry(place, tabs, { rounds: 2, calls: 20 })
  const { isInBar, text } = summaryOf(rounds)
  t.comment(text)
  t.ok(isInBar, 'one or two refreshes in each round')
  t.same(rounds.outcomes, { 200: 80 })
})

t.test('control: a client that waits for a 401 sends each call twice', { skip }, async t => {
  const place = await open(t)
  const { proxy } = place
  const body = asJavaScript(readFileSync('test/fixtures/naive/client.ts', 'utf8'))
  proxy.answer = ({ url }) => url === '/naive.js'
    ? { status: 200, headers: { 'content-type': 'text/javascript' }, body }
    : undefined
  const naive = `import('/naive.js').then(({ createNaiveClient }) => {
    const { login, fetch } = createNaiveClient('', globalThis.fetch)
    globalThis.client = { fetch, login: ({ username, password }) => login(username, password) }
  })`
  const openTab = async (): Promise<Page> => {
    const tab = await place.open()
    await tab.evaluate(naive)
    return tab
  }
  const tabs = await openTabs({ ...place, open: openTab }, 2)
  const { refreshes, outcomes } = await callAtExpiry(place, tabs, { rounds: 1, calls: 100 })
  const requests = proxy.statusesOf('/hello/').length
  t.comment(`refreshes ${refreshes}; calls ${JSON.stringify(outcomes)}; requests ${requests}`)
  t.same(outcomes, { 200: 200 })
  t.equal(requests, 400)
})
