import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import {
  connect, connectAgain, decide, getCode, goToConsent, lessonUrl, openLesson, press, reads, textOf
} from '../../fixtures/clients/oauth-lesson.ts'
import {
  ELSEWHERE, openBrowser, overflows, skip, violationsOf, visit, visitTab
} from '../../fixtures/servers/chromium.ts'
import { startDemo } from '../../fixtures/servers/demo.ts'

const SCREENSHOTS = process.env.SCREENSHOTS ?? 'node_modules/.cache/screenshots'
const DESKTOP = { width: 1280, height: 900 }
const PHONE = { width: 360, height: 740 }
const NARROW = { width: 390, height: 844 }
const browser = skip === false ? await openBrowser() : undefined
t.teardown(() => browser?.close())
t.jobs = 2
const tests: Promise<unknown>[] = []

/** Checks what the page shows, in light and dark, on a desktop and on a phone. */
async function look (t: Test, page: Page, name: string): Promise<void> {
  for (const [colorScheme, viewport] of [['light', DESKTOP], ['dark', PHONE]] as const) {
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize(viewport)
    const how = `${name}, ${colorScheme}, ${viewport.width} px wide`
    t.same(await violationsOf(page), [], how)
    t.notOk(await overflows(page), how)
  }
}

tests.push(t.test('the page passes axe and does not overflow', { skip }, async t => {
  const { page, faults } = await openLesson(t, browser)
  await look(t, page, 'at first')
  await connect(page)
  await press(page, 'use-photos', 'use', '200: 3 photos.')

  mkdirSync(SCREENSHOTS, { recursive: true })
  for (const [name, colorScheme, viewport] of [
    ['light', 'light', DESKTOP], ['dark', 'dark', DESKTOP], ['phone', 'light', NARROW]
  ] as const) {
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize(viewport)
    await page.evaluate(`document.activeElement.blur()
      scrollTo(0, document.querySelector('#use .work').getBoundingClientRect().top + scrollY - 24)`)
    await page.screenshot({ path: join(SCREENSHOTS, `oauth-lesson-${name}.png`) })
  }

  await press(page, 'robot-token', 'robot', '200')
  await press(page, 'login', 'sessions', '200')
  await press(page, 'list-sessions', 'sessions', '200: connected apps: 1.')
  await press(page, 'steal', 'theft', 'The theft is found out')
  await look(t, page, 'at the end')
  t.same(faults, [])
}))

tests.push(t.test('the keyboard alone connects the app, and the focus shows', { skip }, async t => {
  const { page, faults } = await openLesson(t, browser)
  const focused = (): Promise<string> => page.evaluate<string>(`
    const { id, name, textContent } = document.activeElement
    id || name || textContent`)
  const tab = async (name: string): Promise<void> => {
    for (let count = 0; count < 30 && await focused() !== name; count++) {
      await page.keyboard.press('Tab')
    }
    t.equal(await focused(), name)
    t.not(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle'), 'none')
  }
  const pressKey = async (id: string, step: string, text: string): Promise<void> => {
    await tab(id)
    await page.keyboard.press('Enter')
    await reads(page, step, text)
  }
  await tab('Skip to the lesson')
  await page.keyboard.press('Enter')
  await page.locator('main:focus').waitFor()
  await pressKey('make-secret', 'secret', 'Two random texts')
  await pressKey('ask-now', 'ask', 'The server accepts this')
  await tab('go')
  await page.keyboard.press('Space')
  await page.getByRole('heading', { level: 1, name: 'Log in to connect Photo Printer' }).waitFor()
  await tab('username')
  await page.keyboard.type('vitor')
  await tab('password')
  await page.keyboard.type('123')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Connect Photo Printer to your account?' }).waitFor()
  await tab('allow')
  await page.keyboard.press('Space')
  await reads(page, 'allow', 'State and iss are right.')
  t.equal(await focused(), 'allow-title', 'a screen reader reads the title of the step')
  await pressKey('exchange-now', 'exchange', '200: the app has tokens')
  await pressKey('use-photos', 'use', '200: 3 photos.')
  t.same(faults, [])
}))

tests.push(t.test('a no is shown as such, and the app gets no code', { skip }, async t => {
  const { page, faults } = await openLesson(t, browser)
  await goToConsent(page)
  await decide(page, 'Deny')
  await reads(page, 'allow', 'access_denied: The user denied the request.')
  t.equal(await page.locator('#exchange-now').isEnabled(), false)
  t.equal(page.url().includes('?'), false)
  t.same(faults, [])
}))

tests.push(t.test('an answer to a request of another tab is dropped', { skip }, async t => {
  const { demo, page, faults } = await openLesson(t, browser)
  const answers: string[] = []
  page.on('request', request => {
    if (request.url().startsWith(`${lessonUrl(demo)}?`)) answers.push(request.url())
  })
  await getCode(page)
  const [answer = ''] = answers
  t.match(answer, 'code=')
  const other = await visitTab(page.context(), answer)
  for (const tab of [other.page, page]) {
    await tab.goto(answer)
    await reads(tab, 'allow', 'This answer belongs to no request of this tab.')
    t.equal(tab.url(), lessonUrl(demo), 'the code is not in the address bar')
    t.equal(await textOf(tab, '#allow-parts'), '')
    t.equal(await tab.locator('#exchange-now').isEnabled(), false)
  }

  t.comment('nor is one of another server')
  await press(page, 'make-secret', 'secret', 'Two random texts')
  await press(page, 'ask-now', 'ask', 'The server accepts this')
  await page.route('**/oauth.html?*', route => route.fulfill({
    status: 303, headers: { location: route.request().url().replace(/iss=.*/, 'iss=http://x') }
  }), { times: 1 })
  await page.locator('#go').click()
  await decide(page)
  await reads(page, 'allow', 'This answer comes from another server.')
  t.same([...faults, ...other.faults], [])
}))

tests.push(t.test('the page waits for a worker that learns of a revocation', { skip }, async t => {
  const { page, faults } = await openLesson(t, browser)
  const stillGood = (): Promise<unknown> =>
    page.route('**/photos/', route => route.fulfill({ json: [] }), { times: 1 })
  await connect(page)
  await stillGood()
  await press(page, 'steal', 'theft', 'The theft is found out')

  await connectAgain(page)
  await press(page, 'login', 'sessions', '200: you are logged in.')
  await press(page, 'list-sessions', 'sessions', '200: connected apps: 1.')
  await stillGood()
  await page.getByRole('button', { name: 'End this app' }).click()
  await page.locator('#end-findings').filter({ hasText: 'Token is blacklisted' }).waitFor()
  t.same(faults, [])
}))

tests.push(t.test('a thief with an expired code changes nothing', { skip }, async t => {
  const { page, faults } = await openLesson(t, browser)
  await connect(page)
  await page.route('**/oauth/token', route => route.fulfill({
    status: 400,
    json: { error: 'invalid_grant', error_description: 'The code is invalid or expired.' }
  }), { times: 1 })
  await press(page, 'steal', 'theft', 'Something is still accepted.')
  await press(page, 'use-photos', 'use', '200: 3 photos.')
  await press(page, 'use-refresh', 'use', '200: new tokens.')
  t.same(faults, [])
}))

tests.push(t.test('without OAuth the page says so, and how to turn it on', { skip }, async t => {
  const demo = await startDemo(t)
  const { page, faults } = await visit(browser as never, `${demo.url}/oauth.html`, {
    viewport: DESKTOP
  })
  t.after(() => page.context().close())
  await page.getByText('OAuth is off on this server.').waitFor()
  t.match(await page.locator('.only-closed').innerText(),
    /keygen ES256 --out keys.json\nJWT_KEYS=keys.json ISSUER=\S+ \\\n +AUDIENCE=\S+ npm start/)
  t.equal(await page.locator('main button:enabled').count(), 0)
  await look(t, page, 'without OAuth')
  await page.getByRole('link', { name: 'The first lesson' }).click()
  await page.getByRole('link', { name: 'second lesson' }).click()
  await page.getByRole('heading', { level: 1, name: 'How an app gets in' }).waitFor()
  t.same(faults, [])
}))

tests.push(t.test('by http, except on this machine, it says what is missing', { skip }, async t => {
  const { demo, page } = await openLesson(t, browser)
  await page.goto(lessonUrl(demo).replace('127.0.0.1', ELSEWHERE))
  await page.getByText('browsers offer their cryptography to pages by https').waitFor()
  t.equal(await page.locator('#make-secret').isEnabled(), false)
  await press(page, 'robot-token', 'robot', '200: a token without a user.')
}))

await Promise.all(tests)
