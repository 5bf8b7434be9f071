import t from 'tap'
import {
  connect, connectAgain, decide, getCode, goToConsent, lessonUrl, openLesson, partsOf, press,
  reads, shownIn, textOf
} from '../../fixtures/clients/oauth-lesson.ts'
import { keptBy } from '../../fixtures/clients/consent-page.ts'
import { openBrowser, skip } from '../../fixtures/servers/chromium.ts'
import { decode } from '../../fixtures/tokens/jwt.ts'

const browser = skip === false ? await openBrowser() : undefined
t.teardown(() => browser?.close())

t.test('the lesson, from the first step to the last', { skip }, async t => {
  const { demo, page, faults } = await openLesson(t, browser)
  const isEnabled = (id: string): Promise<boolean> => page.locator(`#${id}`).isEnabled()
  const addresses: string[] = []
  page.on('framenavigated', frame => { addresses.push(frame.url().replace(/\?.*/, '')) })

  await t.test('at first only the first step can be taken, a login, and the robot', async t => {
    const enabled = await page.evaluate(
      "[...document.querySelectorAll('main button[id]:enabled')].map(button => button.id)")
    t.same(enabled, ['make-secret', 'login', 'robot-token'])
  })

  await t.test('1. the secret stays, and its hash goes along', async t => {
    await press(page, 'make-secret', 'secret', 'Two random texts')
    const first = await partsOf(page, 'secret')
    t.match(first, { code_verifier: /^[\w-]{43}$/, state: /^[\w-]{43}$/ })
    await press(page, 'make-secret', 'secret', 'Two random texts')
    t.not((await partsOf(page, 'secret')).code_verifier, first.code_verifier, 'new each time')
  })

  await t.test('2. the server accepts the request, but no unregistered address', async t => {
    await press(page, 'ask-evil', 'ask', '400: invalid_request. The redirect_uri is missing, or')
    t.equal(await isEnabled('go'), false)
    await press(page, 'ask-now', 'ask', 'The server accepts this')
    const { code_challenge: challenge, state } = await partsOf(page, 'secret')
    t.strictSame(await partsOf(page, 'ask'), {
      response_type: 'code',
      client_id: 'photo-printer',
      redirect_uri: lessonUrl(demo),
      scope: 'photos:read',
      state,
      code_challenge: challenge,
      code_challenge_method: 'S256'
    })
  })

  await t.test('3. the browser goes to the consent page, and comes back with a code', async t => {
    const before = await partsOf(page, 'secret')
    addresses.length = 0
    await page.locator('#go').click()
    await decide(page)
    await reads(page, 'allow', 'State and iss are right.')
    t.same(addresses, [`${demo.url}/connect`, lessonUrl(demo), lessonUrl(demo)])
    t.equal(page.url(), lessonUrl(demo), 'the code is not in the address bar')
    t.same(await keptBy(page), [0, 0, ''], 'the page keeps nothing')
    t.strictSame(await partsOf(page, 'secret'), before)
    const { code, ...rest } = await partsOf(page, 'allow')
    t.strictSame(rest, { state: before.state, iss: demo.url })
    const { token_type: kind, exp, iat } = decode(code as string).payload
    t.equal(kind, 'code')
    t.equal(Number(exp) - Number(iat), 600, 'there is time to read')
    t.equal(await page.evaluate('document.activeElement.id'), 'allow-title')
  })

  await t.test('4. without the verifier the code is worth nothing, and stays good', async t => {
    await press(page, 'exchange-guess', 'exchange',
      '400: invalid_grant. The code_verifier is missing or wrong.')
    await press(page, 'exchange-now', 'exchange', '200: the app has tokens')
    const token = await textOf(page, '#app-tokens .token')
    t.match(decode(token).payload, { client_id: 'photo-printer', scope: 'photos:read' })
    for (const meaning of await page.locator('#app-tokens dd').allTextContents()) {
      t.notMatch(meaning, 'A claim that this application has added')
    }
    t.same(await keptBy(page), [0, 0, ''])
  })

  await t.test('5. the token opens /photos/, and not /me/', async t => {
    await press(page, 'use-photos', 'use', '200: 3 photos.')
    t.same(await page.evaluate(
      'Promise.all([...document.images].map(image => image.decode().then(() => image.alt)))'),
    ['Mountains at dawn', 'Mountains at noon', 'Mountains at night'])
    await press(page, 'use-me', 'use', '403: You do not have permission')
    t.match(await textOf(page, '#use-wire'), 'error="insufficient_scope"')
    await press(page, 'use-refresh', 'use', '200: new tokens.')
    await press(page, 'use-photos', 'use', '200: 3 photos.')
  })

  await t.test('6. a second exchange of the code ends all tokens of the app', async t => {
    await press(page, 'steal', 'theft', 'The theft is found out')
    t.same(await page.locator('#theft-findings li').allTextContents(), [
      'The code again: 400. invalid_grant. The code was used before. All tokens that came of it ' +
        'have been ended.',
      'The access token of the app: 401. Token is blacklisted',
      'The refresh token of the app: 400. invalid_grant. The refresh_token is expired, or its ' +
        'access was withdrawn.'
    ])
    t.same((await shownIn(page, 'theft')).map(({ title }) => title), [
      'POST /oauth/token 400 Bad Request', 'GET /photos/ 401 Unauthorized',
      'POST /oauth/token 400 Bad Request'
    ])
    await press(page, 'use-photos', 'use', '401: Token is blacklisted')
    t.equal(await page.locator('#photos img').count(), 0)
  })

  await t.test('6. the user finds the app in the list of sessions, and ends it', async t => {
    await connectAgain(page)
    await press(page, 'use-photos', 'use', '200: 3 photos.')
    await page.getByLabel('Password').fill('wrong')
    await press(page, 'login', 'sessions', '401: No active account found')
    await page.getByLabel('Password').fill('123')
    await press(page, 'login', 'sessions', '200: you are logged in.')
    await press(page, 'list-sessions', 'sessions', '200: connected apps: 1.')
    const row = page.locator('#session-list li').filter({ hasText: 'the app of this page' })
    t.match(await row.textContent(), 'Appphoto-printerScopephotos:read')
    t.match(await textOf(page, '#session-list'), 'you, on this page')
    await row.getByRole('button', { name: 'End this app' }).click()
    await reads(page, 'sessions', '204: ended.')
    await page.locator('#end-findings').filter({ hasText: 'The access token' }).waitFor()
    t.equal(await textOf(page, '#end-findings'),
      'The access token of the app: 401. Token is blacklisted')
    t.equal(await page.evaluate('document.activeElement.id'), 'list-sessions')
    t.equal(await page.locator('#session-list li').count(), 1)
    await press(page, 'use-photos', 'use', '401: Token is blacklisted')
    await press(page, 'list-sessions', 'sessions', '200: connected apps: 0.')
  })

  await t.test('the robot has a token for itself, and is no user', async () => {
    await press(page, 'robot-token', 'robot', '200: a token without a user.')
    await press(page, 'robot-report', 'robot', '200: accepted from nightly-report.')
    await press(page, 'robot-me', 'robot', '401: Token has wrong type')
  })

  t.same(await keptBy(page), [0, 0, ''], 'no token is kept')
  t.same(faults, [])
})

t.test('in cookie mode the consent page asks for the password once', { skip }, async t => {
  const { page, faults } = await openLesson(t, browser, { COOKIE: 'on' })
  await connect(page)
  await press(page, 'use-photos', 'use', '200: 3 photos.')
  await page.locator('#start-over').click()
  await page.getByRole('button', { name: 'Allow', exact: true }).click()
  await reads(page, 'allow', 'State and iss are right.')
  await press(page, 'login', 'sessions', '200: you are logged in.')
  await press(page, 'list-sessions', 'sessions', '200: connected apps: 2.')
  t.same(faults, [])
})

t.test('the Back button leads to the lesson, which starts again', { skip }, async t => {
  const { demo, page, faults } = await openLesson(t, browser)
  await goToConsent(page)
  await page.waitForURL('**/connect?*')
  await page.goBack()
  t.equal(page.url(), lessonUrl(demo))
  await getCode(page)
  t.same(faults, [])
})

t.test('a new secret forgets what came of the last one', { skip }, async t => {
  const { page } = await openLesson(t, browser)
  await getCode(page)
  await press(page, 'make-secret', 'secret', 'Two random texts')
  for (const id of ['go', 'exchange-now', 'use-photos', 'steal', 'connect-again']) {
    t.equal(await page.locator(`#${id}`).isEnabled(), false, id)
  }
  t.equal(await textOf(page, '#allow-parts'), '')
})
