import type { Page } from 'playwright-core'
import t from 'tap'
import type { CountingProxy } from '../../fixtures/clients/counting-proxy.ts'
import {
  REFRESH, callIn, openPlace, openTabs, sumOf
} from '../../fixtures/clients/client-tabs.ts'
import { openBrowser, skip } from '../../fixtures/servers/chromium.ts'
import type { Test } from '../../fixtures/servers/home.ts'
import { until } from '../../fixtures/servers/processes.ts'

const browser = skip === false ? await openBrowser() : undefined
t.teardown(() => browser?.close())

/** Opens two tabs whose access token has expired. */
async function openExpired (t: Test) {
  const place = await openPlace(t, browser)
  const tabs = await openTabs(place, 2)
  await place.expire()
  place.proxy.reset()
  return { ...place, tabs: tabs as [Page, Page] }
}

/**
 * Calls from tabs at once. Returns the outcomes, and after how many milliseconds the first refresh
 * came to the server. The text says when all calls had an answer: a busy machine takes longer.
 */
async function callTimed (proxy: CountingProxy, tabs: Page[], calls: number) {
  const started = performance.now()
  const outcomes = sumOf(await Promise.all(tabs.map(tab => callIn(tab, calls))))
  const answered = performance.now() - started
  const refresh = proxy.log.find(({ url, at }) => url === REFRESH && at > started)
  const refreshed = (refresh?.at ?? started) - started
  const text = `refreshes ${proxy.statusesOf(REFRESH).join(' ')} after ${refreshed.toFixed()} ms, ` +
    `${JSON.stringify(outcomes)} after ${answered.toFixed()} ms`
  return { outcomes, refreshed, text }
}

/** Takes the lock of the clients, and keeps it. */
const KEEP_LOCK = `new Promise(resolve => {
  const name = 'fastify-simplejwt ' + location.origin + '/api/token'
  navigator.locks.request(name, () => {
    resolve()
    return new Promise(() => {})
  })
})`

// Most of these tests wait for seconds, so they run side by side.
t.jobs = 4

t.test('a lost answer: the next attempt gets the successor', { skip, buffered: true }, async t => {
  const { proxy, tabs, expire } = await openExpired(t)
  let isFirst = true
  proxy.lose = ({ url }) => {
    const isLost = isFirst && url === REFRESH
    if (isLost) isFirst = false
    return isLost
  }
  const { outcomes, text } = await callTimed(proxy, tabs, 100)
  t.comment(text)
  t.same(outcomes, { 200: 200 })
  t.same(proxy.statusesOf(REFRESH), ['200 lost', '200'])

  await expire()
  proxy.reset()
  t.same(await callIn(tabs[1], 10), { 200: 10 })
  t.same(proxy.statusesOf(REFRESH), ['200'])
})

t.test('a server that is down for 5 s: the calls wait', { skip, buffered: true }, async t => {
  const { proxy, tabs } = await openExpired(t)
  proxy.isDown = true
  setTimeout(() => { proxy.isDown = false }, 5000)
  const { outcomes, refreshed, text } = await callTimed(proxy, tabs, 100)
  t.comment(text)
  t.same(outcomes, { 200: 200 })
  t.ok(refreshed < 7000, text)
})

t.test('a lock that another tab keeps: the calls wait 5 s', { skip, buffered: true }, async t => {
  const { proxy, tabs } = await openExpired(t)
  await tabs[1].evaluate(KEEP_LOCK)
  const { outcomes, refreshed, text } = await callTimed(proxy, [tabs[0]], 100)
  t.comment(text)
  t.same(outcomes, { 200: 100 })
  t.same(proxy.statusesOf(REFRESH), ['200'])
  t.ok(refreshed > 4900, 'the client waited for the lock')
  t.ok(refreshed < 6000, text)
})

t.test('a tab that is frozen while it refreshes', { skip, buffered: true }, async t => {
  const { proxy, tabs, context } = await openExpired(t)
  proxy.delayAfter = ({ url }) => url === REFRESH ? 500 : 0
  const ofFrozen = callIn(tabs[1], 20)
  await until(() => proxy.statusesOf(REFRESH).length > 0)
  const session = await context.newCDPSession(tabs[1])
  await session.send('Page.setWebLifecycleState', { state: 'frozen' })
  const { outcomes, refreshed, text } = await callTimed(proxy, [tabs[0]], 100)
  t.comment(text)
  t.same(outcomes, { 200: 100 })
  t.ok(refreshed < 6000, text)

  await session.send('Page.setWebLifecycleState', { state: 'active' })
  t.same(await ofFrozen, { 200: 20 })
  t.same(await callIn(tabs[1], 20), { 200: 20 })
})

t.test('a tab that stops in the debugger with the lock', { skip, buffered: true }, async t => {
  const { proxy, tabs, context, expire } = await openExpired(t)
  proxy.delayAfter = ({ url }) => url === REFRESH ? 300 : 0
  const session = await context.newCDPSession(tabs[1])
  await session.send('Debugger.enable')
  const ofStopped = callIn(tabs[1], 20)
  await until(() => proxy.statusesOf(REFRESH).length > 0)
  await session.send('Debugger.pause')
  const { outcomes, refreshed, text } = await callTimed(proxy, [tabs[0]], 100)
  t.comment(text)
  t.same(outcomes, { 200: 100 })
  t.ok(refreshed > 4000, 'the other client waited for the lock')
  t.ok(refreshed < 6000, text)

  await session.send('Debugger.disable')
  t.same(await ofStopped, { 200: 20 })
  await expire()
  proxy.reset()
  t.same(await Promise.all(tabs.map(tab => callIn(tab, 10))), [{ 200: 10 }, { 200: 10 }])
})
