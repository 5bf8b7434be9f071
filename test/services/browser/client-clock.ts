import type { Page } from 'playwright-core'
import t from 'tap'
import {
  REFRESH, callAtExpiry, callIn, openPlace, openTabs
} from '../../fixtures/clients/client-tabs.ts'
import { openBrowser, skip } from '../../fixtures/servers/chromium.ts'

const browser = skip === false ? await openBrowser() : undefined
t.teardown(() => browser?.close())

const HOUR_MS = 3_600_000

for (const [name, skew] of [['ahead', HOUR_MS], ['behind', -HOUR_MS]] as const) {
  t.test(`a machine whose clock is an hour ${name} refreshes once an expiry`, { skip }, async t => {
    const place = await openPlace(t, browser, {}, [`globalThis.skew = ${skew}`])
    const tabs = await openTabs(place, 1)
    const answered: string[] = []
    for (let round = 0; round < 4; round++) {
      const rounds = await callAtExpiry(place, tabs, { rounds: 1, calls: 5 })
      t.same(rounds, { refreshes: ['200'], outcomes: { 200: 5 } })
      answered.push(...place.proxy.statusesOf('/hello/'))
    }
    t.same(answered, Array(20).fill('200'), 'the guard refuses no call')
    t.same(await callIn(tabs[0] as Page, 5), { 200: 5 })
    t.equal(place.proxy.statusesOf(REFRESH).length, 1, 'no refresh before the expiry')
  })
}
