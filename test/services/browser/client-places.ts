import type { Page } from 'playwright-core'
import t from 'tap'
import {
  type ClientPlace, NO_CHANNEL, type Outcomes, REFRESH, callIn, logIn, openPlace, openTabs
} from '../../fixtures/clients/client-tabs.ts'
import { openBrowser, skip } from '../../fixtures/servers/chromium.ts'

const browser = skip === false ? await openBrowser() : undefined
t.teardown(() => browser?.close())

t.test('two clients in one page refresh once for 100 calls', { skip }, async t => {
  const { proxy, expire, ...place } = await openPlace(t, browser)
  const [tab] = await openTabs({ proxy, expire, ...place }, 1) as [Page]
  await tab.evaluate('globalThis.older = client; globalThis.client = createClient()')
  const refreshes: string[][] = []
  for (let round = 0; round < 5; round++) {
    await expire()
    proxy.reset()
    const ofOlder = tab.evaluate<number[]>(`Promise.all(Array.from({ length: 50 }, () =>
      older.fetch('/hello/', { cache: 'no-store' }).then(({ status }) => status)))`)
    t.same(await callIn(tab, 50), { 200: 50 })
    t.same(await ofOlder, Array(50).fill(200))
    refreshes.push(proxy.statusesOf(REFRESH))
  }
  t.comment(`refreshes ${refreshes.join(' ')}`)
  t.ok(refreshes.every(({ length }) => length === 1 || length === 2))
  t.ok(refreshes.flat().length <= 7, `${refreshes.flat().length} refreshes in five rounds`)
})

const IN_SESSION_STORAGE = 'globalThis.clientOptions = () => ({ storage: sessionStorage })'

/** Duplicates a tab, and calls from both after each of eight expiries. */
async function callInDuplicates ({ open, context, expire }: ClientPlace): Promise<Outcomes[]> {
  const tab = await open()
  await logIn(tab)
  const opening = context.waitForEvent('page')
  await tab.evaluate('void window.open("/")')
  const copy = await opening
  await copy.waitForFunction('globalThis.client')
  const outcomes: Outcomes[] = []
  for (let round = 0; round < 8; round++) {
    await expire()
    outcomes.push(await callIn(round % 2 === 0 ? tab : copy, 1))
  }
  return outcomes
}

t.test('a duplicated tab follows the tokens of the first by the channel', { skip }, async t => {
  const place = await openPlace(t, browser, { cookie: false }, [IN_SESSION_STORAGE])
  t.same(await callInDuplicates(place), Array(8).fill({ 200: 1 }))
  t.comment(`refreshes ${place.proxy.statusesOf(REFRESH).join(' ')}`)
})

t.test('without a channel, a duplicated tab ends the session of both', { skip }, async t => {
  const place = await openPlace(t, browser, { cookie: false }, [IN_SESSION_STORAGE, NO_CHANNEL])
  const outcomes = await callInDuplicates(place)
  t.comment(JSON.stringify(outcomes))
  t.same(outcomes.slice(3), Array(5).fill({ 401: 1 }))
})

/** A script of a worker, which calls at each message and sends the statuses back. */
const workerOf = (origin: string): string => `
  import { createClient } from '${origin}/client.js'
  const client = createClient({ storage: 'cookie' })
  const answer = async port => port.postMessage(await Promise.all(Array.from({ length: 20 }, () =>
    client.fetch('/hello/', { cache: 'no-store' }).then(({ status }) => status, String))))
  globalThis.onconnect = ({ ports: [port] }) => { port.onmessage = () => answer(port) }
  globalThis.onmessage = () => answer(globalThis)
`

const OPENINGS: Record<string, string> = {
  'a module worker': 'new Worker("/worker.js", { type: "module" })',
  'a shared worker': 'new SharedWorker("/worker.js", { type: "module" }).port',
  'a worker of a blob': `new Worker(URL.createObjectURL(
    new Blob([source], { type: 'text/javascript' })), { type: 'module' })`
}

for (const [name, opening] of Object.entries(OPENINGS)) {
  t.test(`${name} refreshes once for 20 calls`, { skip }, async t => {
    const place = await openPlace(t, browser)
    const { proxy } = place
    const [tab] = await openTabs(place, 1) as [Page]
    const source = workerOf(proxy.url)
    proxy.reset()
    proxy.answer = ({ url }) => url === '/worker.js'
      ? { status: 200, headers: { 'content-type': 'text/javascript' }, body: source }
      : undefined
    const statuses = await tab.evaluate(`new Promise((resolve, reject) => {
      const source = ${JSON.stringify(source)}
      const worker = ${opening}
      worker.onerror = reject
      worker.onmessage = ({ data }) => resolve(data)
      worker.postMessage('call')
    })`)
    t.same(statuses, Array(20).fill(200))
    t.same(proxy.statusesOf(REFRESH), ['200'])
    t.same(await callIn(tab, 5), { 200: 5 }, 'the page goes on')
  })
}
