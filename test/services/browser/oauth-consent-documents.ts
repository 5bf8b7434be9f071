import type { Page } from 'playwright-core'
import t from 'tap'
import {
  goToConsent, logIn, look, openPrinter, press, reads, title
} from '../../fixtures/clients/consent-page.ts'
import { openBrowser, skip } from '../../fixtures/servers/chromium.ts'

const COOKIE = { env: { COOKIE: 'on' } }
const browser = skip === false ? await openBrowser() : undefined
t.teardown(() => browser?.close())

/** An app that describes itself, with the name of another one. */
const STRANGER = {
  client: {
    id: 'https://app.example:8443/client.json',
    name: 'Photo Printer',
    uri: 'https://app.example:8443/<b>home</b>',
    trusted: false
  },
  redirect_host: 'answers.example',
  loopback: false
}
const NAME = 'Photo Printer (app.example:8443)'

/** Changes the details that the page gets. */
const change = (page: Page, changes: object): Promise<unknown> =>
  page.route('**/oauth/authorization/?*', async route => {
    const reply = await route.fetch()
    await route.fulfill({ json: { ...await reply.json() as object, ...changes } })
  })

const refuse = (page: Page, json: object): Promise<unknown> =>
  page.route('**/oauth/authorization/?*', route => route.fulfill({ status: 400, json }))

const textOf = (page: Page): Promise<string> => page.locator('main').innerText()

/** Goes from the app to the question about an app with this name. */
async function goToQuestion (page: Page, name: string): Promise<void> {
  await press(page, 'Get my photos')
  await title(page, `Log in to connect ${name}`)
  await logIn(page)
  await title(page, `Connect ${name} to your account?`)
}

t.test('the page shows the host of an app that describes itself', { skip }, async t => {
  const { page, faults } = await openPrinter(t, browser, COOKIE)
  await change(page, STRANGER)
  await goToQuestion(page, NAME)
  const text = await textOf(page)
  for (const part of [
    'This server does not know the app. It says that it is from app.example:8443.',
    'the name proves nothing', `Its home page: ${STRANGER.client.uri}`,
    'The answer goes to answers.example.'
  ]) t.match(text, part)
  t.notMatch(text, 'This is a program on this computer')
  t.equal(await page.locator('main a, main b').count(), 0, 'no link and no element of the app')
  await look(t, page, 'an app that describes itself')
  t.same(faults, [])
})

t.test('the page warns of a program that may pose as such an app', { skip }, async t => {
  const { page } = await openPrinter(t, browser, COOKIE)
  const { uri, ...client } = STRANGER.client
  await change(page, { client, redirect_host: '127.0.0.1:1234', loopback: true })
  await goToQuestion(page, NAME)
  const text = await textOf(page)
  t.match(text, 'The answer goes to 127.0.0.1:1234.')
  t.match(text, 'This is a program on this computer, and another program can pose as the app.')
  t.notMatch(text, 'Its home page')
})

t.test('the page says of a known app only where the answer goes', { skip }, async t => {
  const { page } = await openPrinter(t, browser)
  await change(page, { redirect_host: 'print.example', loopback: false })
  await goToConsent(page)
  const text = await textOf(page)
  t.match(text, 'The answer goes to print.example.')
  t.notMatch(text, 'This server does not know the app.')
  t.notMatch(text, 'Its home page')
  t.notMatch(text, 'This is a program on this computer')
})

t.test('a long name and a long host stay in the page', { skip }, async t => {
  const { page } = await openPrinter(t, browser, COOKIE)
  const host = `${'a'.repeat(60)}.${'b'.repeat(60)}.example`
  const name = 'N'.repeat(200)
  const uri = `https://${host}/${'c'.repeat(200)}`
  const client = { ...STRANGER.client, id: `https://${host}/c.json`, name, uri }
  await change(page, { client, redirect_host: host })
  await goToQuestion(page, `${name} (${host})`)
  await look(t, page, 'long words')
})

t.test('the page shows the reason of a refusal, and goes nowhere', { skip }, async t => {
  const { demo, page, addresses, posts, faults } = await openPrinter(t, browser, COOKIE)
  const detail = '<img src=x onerror=alert(1)> The resource is unknown.'
  await refuse(page, { detail, code: 'invalid_target' })
  await press(page, 'Get my photos')
  await title(page, 'The app made a mistake')
  await reads(page, detail)
  t.equal(await page.locator('img').count(), 0)
  t.equal(await page.locator('form:visible, section:visible').count(), 0, 'nothing to answer')
  t.same(posts, [], 'no login')
  t.equal(addresses.at(-1), `${demo.url}/connect`)
  await look(t, page, 'a refusal')
  t.same(faults, [])
})

t.test('a refusal after the login shows its reason too', { skip }, async t => {
  const { page } = await openPrinter(t, browser, COOKIE)
  await press(page, 'Get my photos')
  await title(page, 'Log in to connect Photo Printer')
  await refuse(page, { detail: 'The scope is unknown.', code: 'invalid_scope' })
  await logIn(page)
  await title(page, 'The app made a mistake')
  await reads(page, 'The scope is unknown.')
})
