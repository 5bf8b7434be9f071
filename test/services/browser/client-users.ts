import { setTimeout as delay } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import {
  type ClientPlace, type HandledCall, NO_CHANNEL, NO_LOCKS, type Outcomes, REFRESH, callIn, logIn,
  openPlace, openTabs, userIn
} from '../../fixtures/clients/client-tabs.ts'
import { openBrowser, skip } from '../../fixtures/servers/chromium.ts'
import { until } from '../../fixtures/servers/processes.ts'

const browser = skip === false ? await openBrowser() : undefined
t.teardown(() => browser?.close())

const logOut = (page: Page): Promise<void> => page.evaluate('client.logout()')

/** Returns the users that the listener of a page got. */
const changesIn = (page: Page): Promise<(string | null)[]> => page.evaluate('changes')

const ROUNDS = 10
const REFRESH_MS = 200

/** Logs out in one tab while the other refreshes. Returns what the calls of that one got. */
async function logOutDuringRefresh (
  { proxy, expire }: ClientPlace, [one, other]: [Page, Page], round: number
): Promise<string[]> {
  await expire()
  proxy.reset()
  // In every second round the server has not refreshed yet when the tab logs out.
  const wait = round % 2 === 0 ? 'delayAfter' : 'delayBefore'
  proxy[wait] = ({ url }) => url === REFRESH ? REFRESH_MS : 0
  const calls = callIn(other, 20)
  await until(() => proxy.statusesOf(REFRESH).length > 0)
  await delay(REFRESH_MS * round / ROUNDS)
  await logOut(one)
  return Object.keys(await calls)
}

for (const [name, scripts] of [['with', []], ['without', [NO_LOCKS]]] as const) {
  t.test(`a logout during a refresh of another tab, ${name} locks`, { skip }, async t => {
    const place = await openPlace(t, browser, {}, [...scripts])
    const tabs = await openTabs(place, 2) as [Page, Page]
    const seen: string[] = []
    for (let round = 0; round < ROUNDS; round++) {
      if (round > 0) await logIn(tabs[0])
      const outcomes = await logOutDuringRefresh(place, tabs, round)
      t.ok(outcomes.every(outcome => outcome === '200' || outcome === '401'), `${outcomes}`)
      t.same(await Promise.all(tabs.map(userIn)), [null, null], 'no tab has a user')
      seen.push(`${place.proxy.statusesOf(REFRESH)} ${outcomes}`)
      place.proxy.reset()
      await tabs[1].reload()
      t.same(await callIn(tabs[1], 1), { 401: 1 }, 'a reload is not logged in')
      t.equal(await userIn(tabs[1]), null)
    }
    t.comment(`refreshes and calls: ${seen.join('; ')}`)
  })
}

t.test('a tab hears a login and a logout in another tab', { skip }, async t => {
  const { proxy, open } = await openPlace(t, browser)
  const [one, other] = [await open(), await open()]
  await other.evaluate(`client.onChange(async () => {
    globalThis.heard = (globalThis.heard ?? []).concat((await client.fetch('/hello/')).status)
  })`)
  await one.evaluate(`client.onChange(async user => {
    if (user) globalThis.heard = (await client.fetch('/hello/')).status
  })`)
  await logIn(one)
  await other.waitForFunction('changes.length === 1 && globalThis.heard?.length === 1')
  await one.waitForFunction('globalThis.heard === 200')
  await logOut(one)
  await other.waitForFunction('changes.length === 2 && globalThis.heard?.length === 2')
  t.same(await changesIn(other), ['1', null])
  t.same(await other.evaluate('heard'), [200, 401], 'a listener may call the client')
  t.same(proxy.statusesOf(REFRESH), [])
})

t.test('a listener may log out and wait for it', { skip }, async t => {
  const { proxy, open } = await openPlace(t, browser)
  const [tab, other] = [await open(), await open()]
  await tab.evaluate('client.onChange(async user => { if (user) await client.logout() })')
  await tab.evaluate(`void client.login({ username: 'vitor', password: '123' })
    .then(user => { globalThis.loggedIn = user.user_id })`)
  const isDone = 'globalThis.loggedIn === "1" && changes.length === 2'
  await tab.waitForFunction(isDone, undefined, { timeout: 10_000 })
  await other.waitForFunction('changes.length === 2', undefined, { timeout: 10_000 })
  t.same(await Promise.all([tab, other].map(changesIn)), [['1', null], ['1', null]])
  t.same(proxy.statusesOf('/api/token/blacklist/'), ['200'])
})

/** Opens two tabs of vitor. `maria` logs her in in the first one. */
async function openForTwoUsers (t: Test, scripts: string[] = []) {
  const place = await openPlace(t, browser, {}, scripts)
  const [one, other] = await openTabs(place, 2) as [Page, Page]
  place.proxy.reset()
  place.handled.length = 0
  return { ...place, other, logInMaria: () => logIn(one, 'maria', '456') }
}

/** Checks that calls of vitor never came to the handler as maria, and that later calls do. */
async function checkUsers (
  t: Test, { handled, other }: { handled: HandledCall[], other: Page }, outcomes: Outcomes
): Promise<void> {
  t.comment(`calls ${JSON.stringify(outcomes)}, ${handled.length} handled`)
  t.same(handled.filter(({ user }) => user !== '1'), [], 'no call of vitor is made as maria')
  const { 200: answered, user_changed: rejected, ...others } = outcomes
  t.same(others, {}, 'each call is answered for vitor, or rejected')
  await other.waitForFunction('client.user?.user_id === "3"')
  handled.length = 0
  t.same(await callIn(other, 1, 'other'), { 200: 1 })
  t.same(handled, [{ user: '3', tab: 'other' }])
}

for (const [name, scripts] of [['with', []], ['without', [NO_LOCKS]]] as const) {
  t.test(`another user logs in while a tab refreshes, ${name} locks`, { skip }, async t => {
    const place = await openForTwoUsers(t, [...scripts])
    const { proxy, expire, other, logInMaria } = place
    await expire()
    proxy.delayAfter = ({ url }) => url === REFRESH ? 300 : 0
    const calls = callIn(other, 10, 'other')
    await until(() => proxy.statusesOf(REFRESH).length > 0)
    await logInMaria()
    await checkUsers(t, place, await calls)
  })
}

t.test('another user logs in before a tab without a channel refreshes', { skip }, async t => {
  const place = await openForTwoUsers(t, [NO_CHANNEL])
  await place.logInMaria()
  await place.expire()
  const outcomes = await callIn(place.other, 10, 'other')
  t.same(outcomes, { user_changed: 10 })
  await checkUsers(t, place, outcomes)
})

for (const [name, scripts] of [['with', []], ['without', [NO_CHANNEL]]] as const) {
  t.test(`another user logs in before calls come to the guard, ${name} a channel`, {
    skip
  }, async t => {
    const place = await openForTwoUsers(t, [...scripts])
    const { proxy, other, logInMaria } = place
    proxy.delayBefore = ({ headers }) => headers['x-tab'] === 'other' ? 500 : 0
    // Chromium opens six connections to a server: one is left for the login.
    const calls = callIn(other, 5, 'other')
    await until(() => proxy.statusesOf('/hello/').length === 5)
    await logInMaria()
    proxy.delayBefore = () => 0
    const outcomes = await calls
    t.same(outcomes, { user_changed: 5 }, 'the login has revoked the session of vitor')
    await checkUsers(t, place, outcomes)
  })
}
