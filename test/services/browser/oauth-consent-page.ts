import { createPrivateKey } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import t from 'tap'
import {
  PHONE, type Place, goToConsent, logIn, look, openPrinter, photosOf, press, reads, title
} from '../../fixtures/clients/consent-page.ts'
import { authorizationOf, clientsIn } from '../../fixtures/clients/photo-printer.ts'
import { openBrowser, skip } from '../../fixtures/servers/chromium.ts'
import { decode } from '../../fixtures/tokens/jwt.ts'
import { signAs } from '../../fixtures/tokens/keys.ts'

const SCREENSHOTS = process.env.SCREENSHOTS ?? 'node_modules/.cache/screenshots'
const COOKIE = { env: { COOKIE: 'on' } }
const browser = skip === false ? await openBrowser() : undefined
t.teardown(() => browser?.close())

/** Opens the consent page with a text. */
const openWith = (page: Page, url: string, authorization: string): Promise<unknown> =>
  page.goto(`${url}/connect?${new URLSearchParams({ authorization })}`)

t.test('each state of the pages passes axe, light and dark, on a phone too', { skip }, async t => {
  const { page, faults } = await openPrinter(t, browser, COOKIE)
  await look(t, page, 'the app')
  await press(page, 'Get my photos')
  await title(page, 'Log in to connect Photo Printer')
  await look(t, page, 'login')
  await logIn(page, 'wrong')
  await reads(page, 'No active account found with the given credentials')
  await look(t, page, 'a wrong password')
  await logIn(page)
  await title(page, 'Connect Photo Printer to your account?')
  await look(t, page, 'consent')

  mkdirSync(SCREENSHOTS, { recursive: true })
  for (const [name, colorScheme, viewport] of [
    ['connect-light', 'light', { width: 1000, height: 720 }],
    ['connect-dark', 'dark', { width: 1000, height: 720 }],
    ['connect-phone', 'light', PHONE]
  ] as const) {
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize(viewport)
    await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) })
  }

  await press(page, 'Allow')
  await photosOf(page)
  await page.locator('summary').click()
  await look(t, page, 'the photos')
  t.same(faults, [])
})

t.test('the page says who asks, for what, and where the answer goes', { skip }, async t => {
  const { printer, page } = await openPrinter(t, browser)
  await goToConsent(page)
  const text = await page.locator('main').innerText()
  for (const part of [
    'You are logged in as vitor.', 'See your photos', new URL(printer.url).host,
    'This is a program on this computer'
  ]) t.match(text, part)
  t.equal(await page.title(), 'Connect Photo Printer to your account?')
})

t.test('the keyboard alone logs in and allows, and the focus can be seen', { skip }, async t => {
  const { page } = await openPrinter(t, browser)
  const focused = (): Promise<string> => page.evaluate<string>(
    'document.activeElement.name || document.activeElement.textContent')
  const tabTo = async (name: string): Promise<void> => {
    for (let count = 0; count < 10 && await focused() !== name; count++) {
      await page.keyboard.press('Tab')
    }
    t.equal(await focused(), name)
    t.not(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle'), 'none')
  }
  await tabTo('Get my photos')
  await page.keyboard.press('Enter')
  await title(page, 'Log in to connect Photo Printer')
  t.equal(await focused(), 'Log in to connect Photo Printer', 'a screen reader reads the title')
  await tabTo('username')
  await page.keyboard.type('vitor')
  await tabTo('password')
  await page.keyboard.type('123')
  await page.keyboard.press('Enter')
  await title(page, 'Connect Photo Printer to your account?')
  t.equal(await focused(), 'Connect Photo Printer to your account?')
  await tabTo('Allow')
  await page.keyboard.press('Space')
  t.equal((await photosOf(page)).length, 3)
})

t.test('a text that is missing, changed or expired says what to do', { skip }, async t => {
  const { demo, page, posts, faults } = await openPrinter(t, browser)
  const good = await authorizationOf(demo.url)
  const jwk = JSON.parse(readFileSync(demo.keysPath, 'utf8')).keys[0]
  const { header, payload } = decode(good)
  const key = createPrivateKey({ key: jwk, format: 'jwk' })
  const signed = (late: number): string => signAs('ES256', {
    ...payload, iat: Number(payload.iat) - late, exp: Number(payload.exp) - late
  }, header, key)
  await openWith(page, demo.url, signed(0))
  await title(page, 'Log in to connect Photo Printer')
  posts.length = 0
  for (const text of ['', 'x', `${good}x`, signed(700)]) {
    await openWith(page, demo.url, text)
    await title(page, 'This request cannot be answered')
    await reads(page, 'Go back to the app, and start there again.')
    t.equal(await page.getByRole('textbox').count(), 0, 'no form for a password')
  }
  t.same(posts, [])
  t.same(faults, [])
  await look(t, page, 'an expired text')
})

/** Answers the next call to the decision as if the access token had expired. */
const expireOnce = ({ page }: Place): Promise<unknown> =>
  page.route('**/oauth/authorization/', route => route.fulfill({ status: 401, json: {} }), {
    times: 1
  })

t.test('who decides slowly is not asked for a password again', { skip }, async t => {
  for (const options of [COOKIE, {}]) {
    const place = await openPrinter(t, browser, options)
    await goToConsent(place.page)
    await expireOnce(place)
    await press(place.page, 'Allow')
    t.equal((await photosOf(place.page)).length, 3)
    t.same(place.faults, [])
  }
})

t.test('the name of an app is text, and an outage can be waited for', { skip }, async t => {
  const { demo, page, faults } = await openPrinter(t, browser, COOKIE)
  await page.route('**/oauth/authorization/?*', async route => {
    const reply = await route.fetch()
    const details = await reply.json()
    details.client.name = '<img src=x onerror=alert(1)>'
    await route.fulfill({ json: details })
  })
  await press(page, 'Get my photos')
  await title(page, 'Log in to connect <img src=x onerror=alert(1)>')
  await page.route('**/api/token/', route => route.fulfill({ status: 503 }), { times: 1 })
  await logIn(page)
  await reads(page, 'The server cannot answer now. Try again.')
  await press(page, 'Log in')
  await title(page, 'Connect <img src=x onerror=alert(1)> to your account?')
  t.equal(await page.locator('img').count(), 0)
  await demo.stop()
  await press(page, 'Allow')
  await reads(page, 'The server cannot be reached. Try again.')
  t.ok(await page.getByRole('button', { name: 'Allow' }).isVisible())
  t.match(faults, [/503/, /ERR_CONNECTION_REFUSED/])
})

t.test('the page asks if no answer says that it need not', { skip }, async t => {
  const { demo, page } = await openPrinter(t, browser, COOKIE)
  // The cookie arrives, and the body is lost. So the details have no `asks`.
  await page.route(`${demo.url}/api/token/`, async route => {
    const response = await route.fetch()
    await route.fulfill({ response, body: '' })
  })
  await goToConsent(page)
  t.same(await clientsIn(demo.url), [null, null], 'no app is connected')
})
