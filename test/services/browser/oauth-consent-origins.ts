import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { goToConsent, openPrinter, photosOf, press } from '../../fixtures/clients/consent-page.ts'
import { authorizationOf, clientsIn } from '../../fixtures/clients/photo-printer.ts'
import { openBrowser, skip } from '../../fixtures/servers/chromium.ts'
import { until } from '../../fixtures/servers/processes.ts'

const COOKIE = { env: { COOKIE: 'on' } }
const browser = skip === false ? await openBrowser() : undefined
t.teardown(() => browser?.close())

t.test('no page can frame the consent page, its own origin neither', { skip }, async t => {
  const { demo, page } = await openPrinter(t, browser)
  const authorization = await authorizationOf(demo.url)
  const address = `${demo.url}/connect?${new URLSearchParams({ authorization })}`
  const other = createServer((_request, reply) => {
    reply.setHeader('content-type', 'text/html').end('<!doctype html><title>Click here</title>')
  }).listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.after(() => other.close())
  const otherUrl = `http://127.0.0.1:${(other.address() as AddressInfo).port}/`
  for (const outer of [otherUrl, otherUrl.replace('127.0.0.1', 'localhost'), `${demo.url}/`]) {
    await page.goto(outer)
    await page.evaluate(`new Promise(resolve => {
      const frame = Object.assign(document.createElement('iframe'), { onload: resolve })
      frame.src = ${JSON.stringify(address)}
      document.body.append(frame)
    })`)
    // The driver hears of the address after the page does.
    await until(() => page.frames()[1]?.url() !== '')
    t.match(page.frames()[1]?.url(), /^chrome-error:/, outer)
  }
})

t.test('another origin can neither read nor send a decision', { skip }, async t => {
  const { demo, page } = await openPrinter(t, browser, COOKIE)
  await goToConsent(page)
  await press(page, 'Allow')
  await photosOf(page)
  const authorization = await authorizationOf(demo.url)
  const url = `${demo.url}/oauth/authorization/?${new URLSearchParams({ authorization })}`
  const call = (init: object): Promise<string> => page.evaluate<string>(`
    fetch(${JSON.stringify(url)}, ${JSON.stringify(init)}).then(String, error => error.name)`)
  t.equal(await call({}), 'TypeError')
  const body = JSON.stringify({ authorization, allow: true })
  for (const credentials of ['omit', 'include']) {
    const headers = { 'content-type': 'application/json', authorization: 'Bearer x' }
    t.equal(await call({ method: 'POST', credentials, headers, body }), 'TypeError')
    t.equal(await call({ method: 'POST', credentials, mode: 'no-cors', body }), 'TypeError')
  }
  t.same((await clientsIn(demo.url)).filter(id => id !== null), ['photo-printer'],
    'the cookie of the user allows nothing')
})
