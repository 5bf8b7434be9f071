import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import {
  type OAuthLesson, type Shown, connect, connectAgain, decide, getCode, goToConsent, lessonUrl,
  openLesson, partsOf, press, reads, shownIn, statusOf, textOf, typed
} from '../../fixtures/clients/oauth-lesson.ts'
import { openBrowser, skip as skipBrowser } from '../../fixtures/servers/chromium.ts'
import { findProgram, skipUnless } from '../../fixtures/servers/programs.ts'

const skip = skipBrowser || skipUnless(findProgram('curl'), 'curl') ||
  skipUnless(findProgram('http'), 'httpie') || skipUnless(findProgram('openssl'), 'openssl')
const browser = skipBrowser === false ? await openBrowser() : undefined
t.teardown(() => browser?.close())

/** Runs each command that a step shows. Each must get the status that the page shows. */
async function checkStep (t: Test, page: Page, step: string): Promise<void> {
  for (const { title, commands } of await shownIn(page, step)) {
    const status = Number(/ (\d{3}) /.exec(title)?.[1])
    for (const name of ['curl', 'httpie']) {
      t.equal(await statusOf(commands[name] as string), status, `${step}: ${name}: ${title}`)
    }
  }
}

const shownOnce = async (page: Page, step: string): Promise<Shown> =>
  (await shownIn(page, step))[0] as Shown

/** Answers the next request of the page in place of the server. */
const answerInstead = (page: Page, path: string, answer: object): Promise<unknown> =>
  page.route(`**${path}`, route => route.fulfill(answer), { times: 1 })

const bodyOf = ({ response }: Shown): string => response.split('\n\n')[1] as string

async function checkRequest (t: Test, { demo, page }: OAuthLesson): Promise<void> {
  const { commands: { shell = '' } } = await shownOnce(page, 'secret')
  t.equal((await typed(shell)).trim(), (await partsOf(page, 'secret')).code_challenge)

  const asked = await shownOnce(page, 'ask')
  const shown = /^Location: (\/connect\?authorization=)eyJ[\w.-]+$/.exec(asked.response)?.[1]
  const answer = await typed((asked.commands.curl as string).replace('curl', 'curl -s'))
  t.match(answer, /^HTTP\/1.1 303 See Other/)
  t.match(answer, `location: ${shown}eyJ`)
  t.equal(await statusOf(asked.commands.httpie as string), 303)

  const allowed = await shownOnce(page, 'allow')
  const decision = (allowed.commands.curl as string).replace('\ncurl', '\ncurl -s')
  for (const text of [allowed.response, await typed(decision)]) {
    const { redirect_to: address } = JSON.parse(text)
    const { searchParams, origin, pathname } = new URL(address)
    t.equal(origin + pathname, lessonUrl(demo))
    t.same([...searchParams.keys()], ['code', 'state', 'iss'])
    t.equal(searchParams.get('state'), (await partsOf(page, 'secret')).state)
  }
}

t.test('each command of the page gets the answer that the page shows', { skip }, async t => {
  const lesson = await openLesson(t, browser)
  const { page } = lesson
  await press(page, 'make-secret', 'secret', 'Two random texts')
  await press(page, 'ask-evil', 'ask', '400: invalid_request')
  await checkStep(t, page, 'ask')
  await connect(page)
  await checkRequest(t, lesson)
  const tokens = bodyOf(await shownOnce(page, 'exchange'))

  for (const [button, step, text] of [
    ['use-photos', 'use', '200'], ['use-me', 'use', '403'], ['robot-token', 'robot', '200'],
    ['robot-report', 'robot', '200'], ['robot-me', 'robot', '401'],
    ['steal', 'theft', 'The theft is found out']
  ] as const) {
    await press(page, button, step, text)
    await checkStep(t, page, step)
  }

  // A code and a refresh token are good once. The page gets earlier tokens, so that the shown
  // command is the first that spends them.
  const earlier = { body: tokens, contentType: 'application/json' }
  for (const name of ['curl', 'httpie']) {
    await getCode(page)
    await press(page, 'exchange-guess', 'exchange', '400')
    await checkStep(t, page, 'exchange')
    await answerInstead(page, '/oauth/token', earlier)
    await press(page, 'exchange-now', 'exchange', '200')
    await checkOnce(t, page, 'exchange', name)

    await connectAgain(page)
    await answerInstead(page, '/oauth/token', earlier)
    await press(page, 'use-refresh', 'use', '200')
    await checkOnce(t, page, 'use', name)
  }
})

/** Runs a command that the page shows with 200. A code is refused the second time. */
async function checkOnce (t: Test, page: Page, step: string, name: string): Promise<void> {
  const { commands: { [name]: command = '' }, title } = await shownOnce(page, step)
  t.match(title, 'POST /oauth/token 200 OK')
  t.equal(await statusOf(command), 200, `${step}: ${name}`)
  if (step === 'exchange') {
    t.equal(await statusOf(command), 400, `${step} again: ${name}`)
  }
}

t.test('the commands of the list of sessions end an app too', { skip }, async t => {
  const { page } = await openLesson(t, browser)
  await connect(page)
  for (const name of ['curl', 'httpie']) {
    if (name === 'httpie') await connectAgain(page)
    await press(page, 'login', 'sessions', '200: you are logged in.')
    await checkStep(t, page, 'sessions')
    await press(page, 'list-sessions', 'sessions', '200: connected apps: 1.')
    await checkStep(t, page, 'sessions')
    await answerInstead(page, '/api/token/sessions/*/', { status: 204 })
    await page.getByRole('button', { name: 'End this app' }).click()
    await reads(page, 'sessions', '204: ended.')
    const { commands, title } = await shownOnce(page, 'sessions')
    t.match(title, /^DELETE .* 204/)
    t.equal(await statusOf(commands[name] as string), 204, name)
    await press(page, 'use-photos', 'use', '401: Token is blacklisted')
  }
})

t.test('the command of a refused answer refuses too', { skip }, async t => {
  const { page } = await openLesson(t, browser)
  await goToConsent(page)
  await decide(page, 'Deny')
  await reads(page, 'allow', 'access_denied: The user denied the request.')
  const { commands: { curl = '' } } = await shownOnce(page, 'allow')
  t.match(await typed(curl.replace('\ncurl', '\ncurl -s')), 'error=access_denied')
})

t.test('the command for the real app names this server', { skip }, async t => {
  const { demo, page } = await openLesson(t, browser)
  t.equal(await textOf(page, '#printer-command pre'), `ISSUER=${demo.url} npm run printer`)
  const link = page.getByRole('link', { name: 'open Photo Printer' })
  t.equal(await link.getAttribute('href'), 'http://127.0.0.1:8002/')
})
