import { execFile } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import t from 'tap'
import {
  goToConsent, keptBy, logIn, openPrinter, photosOf, press, reads, title
} from '../../fixtures/clients/consent-page.ts'
import { authorizationOf, clientsIn } from '../../fixtures/clients/photo-printer.ts'
import { openBrowser, skip } from '../../fixtures/servers/chromium.ts'

const run = promisify(execFile)
const browser = skip === false ? await openBrowser() : undefined
t.teardown(() => browser?.close())
t.jobs = 2

const PHOTOS = ['Mountains at dawn', 'Mountains at noon', 'Mountains at night']
const PRINTER = 'photo-printer'
const tests: Promise<unknown>[] = []
const COOKIE = { env: { COOKIE: 'on' } }

tests.push(t.test('the photos arrive, and the second time without a login', { skip }, async t => {
  // The app is of another site than the demo: the Strict cookie does not come with a navigation.
  const place = await openPrinter(t, browser, { ...COOKIE, host: 'localhost' })
  const { demo, printer, page, addresses, faults } = place
  const app = printer.url.replace('127.0.0.1', 'localhost')
  const cookies: [string, boolean][] = []
  page.on('request', async request => {
    const path = new URL(request.url()).pathname
    if (!['/oauth/authorize', '/connect', '/api/token/refresh/'].includes(path)) return
    cookies.push([path, 'cookie' in await request.allHeaders()])
  })
  await goToConsent(page)
  t.same(await keptBy(page), [0, 0, ''], 'the consent page keeps nothing')
  await press(page, 'Allow')
  t.same(await photosOf(page), PHOTOS)
  t.same(addresses, [`${app}/`, `${demo.url}/connect`, `${app}/callback`, `${app}/`])
  t.equal(page.url(), `${app}/`, 'the code is not in the address bar')
  t.same(await keptBy(page), [0, 0, ''], 'the app keeps nothing')

  cookies.length = 0
  await goToConsent(page, false)
  await press(page, 'Allow')
  t.same(await photosOf(page), PHOTOS)
  t.same(cookies, [['/oauth/authorize', false], ['/connect', false], ['/api/token/refresh/', true]])
  t.same(await clientsIn(demo.url), [null, null, PRINTER, PRINTER])

  await t.test('the command of the exchange, run again, ends the tokens', async t => {
    const command = await page.locator('#command').textContent() as string
    const tokens = JSON.parse(await page.locator('#tokens').textContent() as string)
    const statusOf = async (): Promise<number> => (await fetch(`${demo.url}/photos/`, {
      headers: { authorization: `Bearer ${tokens.access_token}` }
    })).status
    t.equal(await statusOf(), 200)
    const { stdout } = await run('sh', ['-c', command.replace('curl', 'curl --silent')])
    t.match(stdout, /^HTTP\/1.1 400 /)
    t.match(stdout, '"error":"invalid_grant"')
    t.equal(await statusOf(), 401)
  })
  t.same(faults, [])
}))

tests.push(t.test('without cookie mode each time needs a login, which ends', { skip }, async t => {
  const { demo, page, posts, faults } = await openPrinter(t, browser)
  for (const round of [1, 2]) {
    await goToConsent(page)
    await press(page, 'Allow')
    t.same(await photosOf(page), PHOTOS)
    t.same(await clientsIn(demo.url), [...Array(round).fill(null), ...Array(round).fill(PRINTER)],
      'each session of the user is one of clientsIn')
  }
  t.same(posts.slice(0, posts.length / 2), [
    '/api/token/refresh/ 400', '/api/token/ 200', '/oauth/authorization/ 200',
    '/api/token/blacklist/ 200', '/oauth/token 200'
  ])
  t.same(faults, [])
}))

tests.push(t.test('a no reaches the app, which gets nothing', { skip }, async t => {
  const { demo, page, faults } = await openPrinter(t, browser)
  await goToConsent(page)
  await press(page, 'Deny')
  await reads(page, 'You get no photos: access_denied')
  t.same(await clientsIn(demo.url), [null])
  t.same(faults, [])
}))

tests.push(t.test('the Back button shows the page again', { skip }, async t => {
  const { page, faults } = await openPrinter(t, browser, COOKIE)
  await goToConsent(page)
  await press(page, 'Allow')
  await photosOf(page)
  await page.goBack()
  await title(page, 'Connect Photo Printer to your account?')

  t.comment('also where the browser has kept the page as it was')
  const reloaded = page.waitForEvent('load')
  await page.evaluate('dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))')
  await reloaded
  await title(page, 'Connect Photo Printer to your account?')

  t.comment('the app takes each answer once')
  await press(page, 'Allow')
  await reads(page, 'This answer does not belong to a request of this tab.')
  t.same(faults, [])
}))

tests.push(t.test('a double click sends one decision', { skip }, async t => {
  const { demo, page, posts, faults } = await openPrinter(t, browser, COOKIE)
  await goToConsent(page)
  await page.route('**/oauth/authorization/', async route => {
    await page.locator('#deny').click()
    await route.continue()
  }, { times: 1 })
  await page.locator('#allow').dblclick()
  t.same(await photosOf(page), PHOTOS)
  t.equal(posts.filter(line => line.startsWith('/oauth/authorization/')).length, 1)
  t.same(await clientsIn(demo.url), [null, null, PRINTER])
  t.same(faults, [])
}))

tests.push(t.test('a login that is too old is not enough', { skip }, async t => {
  const { demo, page, faults } = await openPrinter(t, browser, COOKIE)
  await goToConsent(page)
  const open = async (changes: Record<string, string>): Promise<void> => {
    const authorization = await authorizationOf(demo.url, changes)
    await page.goto(`${demo.url}/connect?${new URLSearchParams({ authorization })}`)
  }
  await open({ prompt: 'login', login_hint: 'vitor' })
  await title(page, 'Log in to connect Photo Printer')
  t.equal(await page.getByLabel('User name').inputValue(), 'vitor')

  // The request has the time in whole seconds, and a login of the same second counts.
  await setTimeout(1000)
  await open({ max_age: '0' })
  await title(page, 'Connect Photo Printer to your account?')
  await press(page, 'Allow')
  await reads(page, 'The app asks for a fresh login. Log in again.')
  await logIn(page)
  await title(page, 'Connect Photo Printer to your account?')
  const decided = page.waitForResponse(`${demo.url}/oauth/authorization/`)
  await page.route('http://127.0.0.1:8002/**', route => route.fulfill({ body: 'You are back' }))
  await press(page, 'Allow')
  t.equal((await decided).status(), 200)
  await page.getByText('You are back').waitFor()
  t.same(faults, [])
}))

await Promise.all(tests)
