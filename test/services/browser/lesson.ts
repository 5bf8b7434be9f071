import { type ExecFileException, execFile } from 'node:child_process'
import type { KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Browser, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import type { Algorithm } from '../../../plugin/keys/algorithms.ts'
import { generateKey } from '../../../plugin/keys/generate-key.ts'
import {
  ELSEWHERE, type Visit, openBrowser, overflows, skip, violationsOf, visit
} from '../../fixtures/servers/chromium.ts'
import { type Demo, startDemo } from '../../fixtures/servers/demo.ts'
import { EVERY, isPair, pairOf, signAs } from '../../fixtures/tokens/keys.ts'
import { decode } from '../../fixtures/tokens/jwt.ts'
import { findProgram, skipUnless } from '../../fixtures/servers/programs.ts'

const run = promisify(execFile)
const SCREENSHOTS = process.env.SCREENSHOTS ?? 'node_modules/.cache/screenshots'
/** What there is to paint takes most of the time. */
const SMALL = { width: 1000, height: 400 }
const DESKTOP = { width: 1280, height: 900 }
const PHONE = { width: 360, height: 740 }
const NARROW = { width: 390, height: 844 }
/** The outcome of step 8. */
const ONCE = /^200: 100 calls, 1 refresh, 101 requests\.$/

// Two at a time: there is always one that waits for something.
t.jobs = 2
const lessons: Promise<unknown>[] = []
const browser = skip === false ? await openBrowser() : undefined

interface Lesson extends Visit, Pick<Demo, 'url' | 'stop'> {}

/**
 * Begins the lesson on a demo server of its own. At the end of the test nothing may be in the
 * console but refusals.
 */
function lesson (
  name: string,
  env: Record<string, string>,
  learn: (t: Test, lesson: Lesson) => Promise<void>,
  options: Parameters<typeof visit>[2] = {}
): void {
  lessons.push(t.test(name, { skip }, async t => {
    const { url, stop } = await startDemo(t, { RATE_LIMIT: 'off', ...env })
    const opened = await visit(browser as Browser, url, { viewport: SMALL, ...options })
    await learn(t, { ...opened, url, stop })
    t.same(opened.faults, [], 'nothing is wrong in the console')
    await opened.page.context().close()
  }))
}

/** Waits until an outcome reads so. */
async function reads (page: Page, step: string, text: string | RegExp): Promise<void> {
  const line = page.locator(`#${step}-status`)
  await line
    .filter({ hasText: text })
    .waitFor()
    .catch(async () => {
      throw new Error(`#${step}-status reads "${await line.textContent()}", not "${text}"`)
    })
}

async function press (
  page: Page, button: string, step: string, text: string | RegExp
): Promise<void> {
  await page.locator(`#${button}`).click()
  await reads(page, step, text)
}

const logIn = async (page: Page): Promise<void> => {
  await page.getByRole('button', { name: 'Log in', exact: true }).click()
  await reads(page, 'login', /^200/)
}

const textOf = async (page: Page, selector: string): Promise<string> =>
  (await page.locator(selector).textContent()) as string
const tokensOf = (page: Page): Promise<string[]> => page.locator('#pair .token').allTextContents()
const claimsShown = async (page: Page): Promise<unknown> => JSON.parse(await textOf(page, '#says'))
const isEnabled = (page: Page, id: string): Promise<boolean> => page.locator(`#${id}`).isEnabled()

/** What the button of a command puts into the clipboard. */
async function copied (page: Page, step: string, name: string): Promise<string> {
  await page
    .locator(`#${step}-wire`)
    .getByRole('button', { name: `Copy the ${name} command` })
    .click()
  await page.locator(`#${step}-wire figcaption`).filter({ hasText: `${name}Copied` }).waitFor()
  return page.evaluate<string>('navigator.clipboard.readText()')
}

/** Runs a command as it was copied. httpie would read what is piped into it. */
async function runCopied (command: string): Promise<string> {
  const { stdout } = await run('sh', [
    '-c', command.startsWith('http ') ? `${command} --ignore-stdin` : command
  ]).catch((error: ExecFileException & { stdout: string }) => error)
  return stdout
}

/** What signs with an algorithm, and what verifies, as one would paste it. */
function keysOf (algorithm: Algorithm, form: 'jwk' | 'pem'): [Buffer | KeyObject, string] {
  const secret = 'a secret that is typed in'
  if (!isPair(algorithm)) return [Buffer.from(secret), secret]
  // An RSA key takes its time, and one is good for them all.
  const { privateKey, publicKey } = pairOf(/^[RP]S/.test(algorithm) ? 'RS256' : algorithm)
  return [
    privateKey,
    form === 'jwk'
      ? JSON.stringify(publicKey.export({ format: 'jwk' }))
      : publicKey.export({ type: 'spki', format: 'pem' }).toString()
  ]
}

lesson('the lesson', { REUSE_INTERVAL: '60s' }, async (t, { page, url }) => {
  await t.test('before the login: nothing can be pressed that needs a token', async t => {
    for (const id of [
      'ask-server', 'call-access', 'call-refresh', 'refresh-now', 'replay', 'reuse',
      'list-sessions', 'logout', 'logout-all', 'call-as-app'
    ]) {
      t.notOk(await isEnabled(page, id), id)
    }
    await press(page, 'call-nothing', 'call', '401: Authentication credentials were not provided.')
  })

  await t.test('1. a wrong password shows the 401, the right one the pair', async t => {
    await page.getByLabel('Password').fill('<b>wrong</b>')
    await page.getByRole('button', { name: 'Log in', exact: true }).click()
    await reads(page, 'login', '401: No active account found with the given credentials')
    t.match(
      await textOf(page, '#login-wire'),
      '{"detail":"No active account found with the given credentials","code":"no_active_account"}'
    )
    t.match(await textOf(page, '#login-wire'), '<b>wrong</b>')
    t.equal((await tokensOf(page)).length, 0)
    await page.getByLabel('Password').fill('123')
    t.match(
      await textOf(page, '#login-wire'), `http post ${url}/api/token/ username=vitor password=123`
    )
    await logIn(page)
    t.match(
      (await tokensOf(page)).map(token => decode(token).payload.token_type), ['access', 'refresh']
    )
    const wire = await textOf(page, '#login-wire')
    for (const line of [
      'POST /api/token/ HTTP/1.1', `Host: ${new URL(url).host}`,
      '{"username":"vitor","password":"123"}', 'HTTP/1.1 200 OK', 'Cache-Control: no-store'
    ]) {
      t.match(wire, line)
    }
    t.equal(
      await page.evaluate('localStorage.length + sessionStorage.length + document.cookie.length'),
      0,
      'nothing is kept but in memory'
    )
  })

  await t.test('2. the parts, decoded, with each claim explained', async t => {
    for (const [index, kind] of (['access', 'refresh'] as const).entries()) {
      await page.getByRole('radio', { name: `${kind} token` }).check()
      const token = (await tokensOf(page))[index] as string
      t.same(await page.locator('.part .token').allTextContents(), token.split('.'))
      t.same(await page.locator('.part h3').allTextContents(), ['header', 'payload', 'signature'])
      const { header, payload } = decode(token)
      t.same(
        await page.locator('.part dt').allTextContents(),
        Object.entries({ ...header, ...payload }).map(
          ([name, value]) => `${name}: ${JSON.stringify(value)}`
        )
      )
      for (const meaning of await page.locator('.part dd').allTextContents()) {
        t.match(meaning, /^[A-Z].+[.\w]/)
      }
      t.notMatch(await textOf(page, '#parts'), 'A claim that this application has added')
      t.same(
        await page.locator('.part.payload time').first().getAttribute('datetime'),
        new Date(Number(payload.exp) * 1000).toISOString()
      )
      t.match(
        await textOf(page, '.part.payload dd:has(time) .from-now >> nth=0'),
        kind === 'access' ? /^in (5 min 0 s|4 min \d+ s)$/ : /^in (1 d 0 h|23 h \d+ min)$/
      )
    }
    await page.getByRole('radio', { name: 'Access token' }).check()
  })

  await t.test('the countdown runs, and no live region with it', async t => {
    const shown = page.locator('.from-now').first()
    const before = await shown.textContent() as string
    await page.evaluate(`globalThis.chatter = 0
      for (const region of document.querySelectorAll('[role=status], [aria-live]')) new MutationObserver(() => { chatter++ }).observe(region, { subtree: true, childList: true, characterData: true })`)
    await shown.filter({ hasNotText: before }).waitFor()
    t.equal(await page.evaluate('chatter'), 0)
    t.equal(await page.locator('[role=status] .from-now').count(), 0)
  })

  await t.test('3. server and browser refuse a token with one changed character', async t => {
    await press(page, 'ask-server', 'verify', '200: the server stands by this token.')
    const { user_id: id } = await claimsShown(page) as { user_id: string }
    t.equal(id, '1')
    await page.getByLabel('Secret, or public key').fill('a secret of my own')
    for (const change of ['change-payload', 'change-signature']) {
      await page.locator('#restore').click()
      const before = await page.locator('#token').inputValue()
      await page.locator(`#${change}`).click()
      const after = await page.locator('#token').inputValue()
      t.equal(
        [...after].filter((character, index) => character !== before[index]).length,
        1,
        'one character'
      )
      t.equal(after.length, before.length)
      t.match(await claimsShown(page), { user_id: change === 'change-payload' ? '3' : '1' })
      await press(page, 'ask-server', 'verify', '401: Token is invalid')
      await press(page, 'verify-here', 'browser', 'Refused: this key did not sign this token.')
    }
  })

  await t.test('3. the browser verifies a token that it signed, the server refuses it', async t => {
    await page.locator('#restore').click()
    await press(page, 'sign-here', 'browser', 'Signed with your secret.')
    t.match(await claimsShown(page), { user_id: '1', token_type: 'access' })
    await press(page, 'verify-here', 'browser', 'The signature is good')
    await press(page, 'ask-server', 'verify', '401: Token is invalid')
    for (const change of ['change-payload', 'change-signature']) {
      await page.locator(`#${change}`).click()
      t.equal(
        await textOf(page, '#browser-status'),
        '',
        'the status of the previous token is cleared'
      )
      await press(page, 'verify-here', 'browser', 'Refused: this key did not sign this token.')
    }
    await press(page, 'fetch-keys', 'browser', '404: there are none.')
  })

  await t.test('3. every algorithm, with a secret, a JWK or a PEM', async t => {
    const claims = { token_type: 'access', exp: Math.floor(Date.now() / 1000) + 1000, user_id: '7' }
    for (const [index, algorithm] of EVERY.entries()) {
      const [signer, key] = keysOf(algorithm, index % 2 === 0 ? 'jwk' : 'pem')
      await page.locator('#key').fill(key)
      await page.locator('#token').fill(signAs(algorithm, claims, {}, signer))
      await press(page, 'verify-here', 'browser', 'The signature is good')
      t.pass(algorithm)
      if (!/256|Ed/.test(algorithm)) continue
      await page.locator('#change-signature').click()
      await press(page, 'verify-here', 'browser', 'Refused: this key did not sign this token.')
    }
  })

  await t.test('3. the page says why it cannot verify a token', async t => {
    const pem = pairOf('ES256').publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const [access = ''] = await tokensOf(page)
    const expired = signAs('HS256', { exp: 1, user_id: '1' }, {}, Buffer.from('mine'))
    for (const [token, key, answer] of [
      [access, pem, 'Refused: this is a public key, and HS256 wants a secret.'],
      [access, '', 'Type a secret or a public key first.'],
      [
        access.replace(/^[^.]+/, Buffer.from('{"alg":"none"}').toString('base64url')),
        'mine',
        'Refused: "none" is not an algorithm'
      ],
      [signAs('ES256', {}), 'mine', 'ES256 is verified with a public key'],
      [
        signAs('ES256', {}),
        JSON.stringify(pairOf('ES384').publicKey.export({ format: 'jwk' })),
        'do not fit together'
      ],
      [expired, 'mine', 'The signature is good, but the token has expired.'],
      [`${access}=`, 'mine', 'do not fit together'],
      ['a.b', 'mine', 'do not fit together'],
      ['', 'mine', 'do not fit together']
    ] as const) {
      await page.locator('#key').fill(key)
      await page.locator('#token').fill(token)
      await press(page, 'verify-here', 'browser', answer)
    }
    await page.locator('#token').fill(signAs('HS256', { name: '<img src=x>' }))
    t.same(await claimsShown(page), { name: '<img src=x>' })
    t.equal(await page.locator('img').count(), 0)
    await page.locator('#token').fill('hello')
    t.match(await textOf(page, '#says'), 'Nothing')
    await page.locator('#restore').click()
    t.equal(await page.locator('#token').inputValue(), access)
  })

  await t.test('4. /hello/ opens to the access token alone', async t => {
    await press(page, 'call-refresh', 'call', '401: Token has wrong type')
    await press(page, 'call-nothing', 'call', '401: Authentication credentials were not provided.')
    t.match(await textOf(page, '#call-wire'), 'WWW-Authenticate: Bearer realm="api"')
    await press(page, 'call-access', 'call', '200: Hello, World!')
    t.match(await textOf(page, '#call-wire'), 'Authorization: Bearer eyJ')
  })

  await t.test(
    '4. the commands that are copied do the same',
    {
      skip: skipUnless(findProgram('curl'), 'curl') || skipUnless(findProgram('http'), 'httpie')
    },
    async t => {
      await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
      t.equal(await runCopied(await copied(page, 'call', 'curl')), '{"message":"Hello, World!"}')
      t.equal(await runCopied(await copied(page, 'call', 'httpie')), '{"message":"Hello, World!"}')
      for (const name of ['curl', 'httpie']) {
        t.match(
          JSON.parse(await runCopied(await copied(page, 'login', name))),
          { access: String, refresh: String },
          name
        )
      }
    }
  )

  await t.test(
    '1. the commands carry a password as it is typed',
    {
      skip: skipUnless(findProgram('curl'), 'curl') || skipUnless(findProgram('http'), 'httpie')
    },
    async t => {
      const bodies: string[] = []
      const server = createServer((request, reply) => {
        request
          .setEncoding('utf8')
          .on('data', text => bodies.push(text))
          .on('end', () => reply.end())
      }).listen(0, '127.0.0.1')
      t.after(() => server.close())
      await once(server, 'listening')
      const elsewhere = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      for (const password of ['"$HOME" isn\'t `id` ©', '@/etc/passwd']) {
        await page.getByLabel('Password').fill(password)
        for (const name of ['curl', 'httpie']) {
          await runCopied((await copied(page, 'login', name)).replace(url, elsewhere))
          t.same(
            JSON.parse(bodies.pop() as string),
            { username: 'vitor', password },
            `${name}: ${password}`
          )
        }
      }
      await page.getByLabel('Password').fill('123')
    }
  )

  await t.test('5. a refresh lists the changed claims and the unchanged ones', async t => {
    const [, before = ''] = await tokensOf(page)
    await press(page, 'refresh-now', 'refresh', '200: a new pair.')
    const [, after = ''] = await tokensOf(page)
    const cells = await page.locator('#changes tbody tr > *').allTextContents()
    const [old, young] = [decode(before).payload, decode(after).payload]
    t.same(
      cells,
      Object.keys(young).flatMap(name => [
        name,
        old[name] === young[name] ? 'the same' : 'changed',
        String(old[name]),
        String(young[name])
      ])
    )
    t.notSame(old.jti, young.jti)
    t.same([old.sid, old.user_id], [young.sid, young.user_id])
    await press(page, 'call-access', 'call', '200: Hello, World!')
  })

  await t.test('6. within the interval a spent token gets the same successor', async t => {
    t.match(await textOf(page, '#countdown'), /^The spent token is answered for \d+ s more/)
    t.notOk(await isEnabled(page, 'reuse'), 'a thief has to wait')
    await press(page, 'replay', 'theft', '200: the same successor again, byte for byte.')
    t.ok((await textOf(page, '#theft-wire')).includes((await tokensOf(page))[1] as string))
    await press(page, 'call-access', 'call', '200: Hello, World!')
  })

  await t.test('7. sessions are listed, and ended one by one', async t => {
    await press(page, 'login-again', 'sessions', '200: a second session')
    await press(page, 'list-sessions', 'sessions', /^200: you are logged in \d times/)
    const { sid } = decode((await tokensOf(page))[0] as string).payload
    const rows = page.locator('#session-list li')
    t.same(
      await rows
        .filter({ hasText: 'this page' })
        .locator('.session-title code')
        .allTextContents(),
      [sid]
    )
    t.match(await rows.first().textContent(), '127.0.0.1, Mozilla/5.0')
    const count = await rows.count()
    await rows.filter({ hasNotText: 'this page' }).first().getByRole('button').click()
    await reads(page, 'sessions', '204: logged out there.')
    t.equal(await rows.count(), count - 1)
    t.equal(
      await page.evaluate('document.activeElement.id'),
      'list-sessions',
      'the focus is not lost with the button'
    )
    await press(page, 'call-access', 'call', '200: Hello, World!')
    await rows.filter({ hasText: 'this page' }).getByRole('button').click()
    await reads(page, 'sessions', '204: logged out here.')
    await press(page, 'call-access', 'call', '401: Token is blacklisted')
  })

  await t.test('7. logging out, here and everywhere, ends the access token too', async () => {
    for (const [button, answer] of [
      ['logout', '200: logged out.'],
      ['logout-all', '204: logged out everywhere.']
    ] as const) {
      await logIn(page)
      await press(page, button, 'sessions', answer)
      await press(page, 'call-access', 'call', '401: Token is blacklisted')
      await press(page, 'refresh-now', 'refresh', '401: Token is blacklisted')
      await press(page, 'list-sessions', 'sessions', '401: Token is blacklisted')
    }
  })

  await t.test('8. 100 calls of an app refresh once, and steps 4 to 7 go on', async t => {
    const requests: string[] = []
    page.on('request', request => {
      requests.push(`${request.method()} ${new URL(request.url()).pathname}`)
    })
    await logIn(page)
    const before = await tokensOf(page)
    requests.length = 0
    await press(page, 'call-as-app', 'app', ONCE)
    t.equal(requests.filter(request => request === 'GET /hello/').length, 100)
    t.same(requests.filter(request => request !== 'GET /hello/'), ['POST /api/token/refresh/'])
    t.same(await page.locator('#app-wire summary').allTextContents(), [
      'POST /api/token/refresh/ 200 OK'
    ])
    const after = await tokensOf(page)
    const wire = await textOf(page, '#app-wire')
    t.match(wire, `{"refresh":"${before[1]}"}`)
    t.match(wire, `{"access":"${after[0]}","refresh":"${after[1]}"}`, 'the page holds the pair')
    t.not(after[0], before[0])
    await press(page, 'replay', 'theft', '200: the same successor again, byte for byte.')
    await press(page, 'call-access', 'call', '200: Hello, World!')
    await press(page, 'refresh-now', 'refresh', '200: a new pair.')
    await press(page, 'call-as-app', 'app', ONCE)
    await press(page, 'logout', 'sessions', '200: logged out.')
    await press(
      page, 'call-as-app', 'app', '401: Token is blacklisted. You are not logged in: go to step 1.'
    )
    await press(page, 'call-access', 'call', '401: Token is blacklisted')
    await press(page, 'refresh-now', 'refresh', '401: Token is blacklisted')
  })

  await t.test('the page shows a 503 at the button that was pressed', async t => {
    await page.route('**/hello/', route =>
      route.fulfill({
        status: 503,
        json: {
          detail: 'The session store is not available. Try again.',
          code: 'store_unavailable'
        }
      })
    )
    await press(page, 'call-access', 'call', '503: the server cannot answer just now.')
    t.match(await textOf(page, '#call-wire'), 'HTTP/1.1 503')
  })
}, { refusals: [401, 404, 503] })

lesson(
  '8. without a reuse interval the client presents no spent token, and the page neither',
  { REUSE_INTERVAL: '0' },
  async (t, { page, url, faults, stop }) => {
    await logIn(page)
    for (const step of ['app', 'app', 'refresh', 'app', 'refresh'] as const) {
      await (step === 'app'
        ? press(page, 'call-as-app', 'app', ONCE)
        : press(page, 'refresh-now', 'refresh', '200: a new pair.'))
    }
    await page.locator('#call-as-app').focus()
    await page.keyboard.press('Space')
    await reads(page, 'app', ONCE)
    t.equal(await page.evaluate('document.activeElement.id'), 'call-as-app', 'the focus stays')
    for (const [colorScheme, viewport] of [['light', DESKTOP], ['dark', PHONE]] as const) {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize(viewport)
      t.same(await violationsOf(page), [], `axe has nothing against it, ${colorScheme}`)
      t.notOk(await overflows(page), `nothing sticks out, ${viewport.width} px wide`)
    }
    await press(page, 'reuse', 'theft', 'The theft is found out, and the session has ended.')
    await press(page, 'call-as-app', 'app', '401: Token is blacklisted. You are not logged in')

    await t.test('an outage loses nothing: the client says "unavailable"', async t => {
      await logIn(page)
      const pair = await tokensOf(page)
      await page.route('**/api/token/refresh/', route => route.fulfill({
        status: 503, headers: { 'retry-after': '30' }, json: { detail: 'Away.' }
      }))
      await press(page, 'call-as-app', 'app', 'unavailable: Away. Attempts: 1. Nothing is lost')
      t.match(await textOf(page, '#app-status'), 'Nothing is lost: try again in 30 seconds.')
      t.same(await page.locator('#app-wire summary').allTextContents(), [
        'POST /api/token/refresh/ 503 Service Unavailable'
      ])
      t.same(await tokensOf(page), pair)
      await page.unroute('**/api/token/refresh/')
      await press(page, 'call-as-app', 'app', ONCE)
      await page.route(
        '**/hello/', route => route.fulfill({ status: 503, json: {} }), { times: 40 }
      )
      await press(page, 'call-as-app', 'app', '40 times 503')
      t.match(await textOf(page, '#app-status'), /60 times 200.*100 calls, 1 refresh, 101 requests/)
      t.not((await tokensOf(page))[0], pair[0])
      await press(page, 'refresh-now', 'refresh', '200: a new pair.')

      await stop()
      await press(page, 'call-as-app', 'app', 'unavailable: The server answered nothing.')
      t.ok(await isEnabled(page, 'call-as-app'), `${url} is away, and the page still has its token`)
      t.ok(faults.splice(0).every(fault => fault.includes('net::ERR_CONNECTION_REFUSED')))
    })
  },
  { refusals: [401, 503] }
)

lesson(
  '8. in cookie mode tabs share one login, and at the same time one refresh',
  { COOKIE: 'on', RATE_LIMIT: 'on' },
  async (t, { page, url, faults }) => {
    await press(page, 'call-as-app', 'app', '401: Authentication credentials were not provided.')
    await logIn(page)
    const tab = await page.context().newPage()
    tab.on('pageerror', error => faults.push(String(error)))
    tab.on('console', message => {
      if (['error', 'warning'].includes(message.type())) faults.push(message.text())
    })
    await tab.goto(url)
    await press(tab, 'call-as-app', 'app', ONCE)
    await press(page, 'call-as-app', 'app', ONCE)
    t.match(await textOf(page, '#app-wire'), 'Cookie: __Host-refresh=')

    let isShared = false
    for (let round = 1; round <= 5 && !isShared; round++) {
      const refreshes = await pressTogether(page, tab)
      t.ok(refreshes === 1 || refreshes === 2, `two tabs at once: refreshes ${refreshes}`)
      isShared = refreshes === 1
    }
    t.ok(isShared, 'one tab refreshes for both')
    for (const each of [page, tab]) {
      await press(each, 'call-access', 'call', '200: Hello, World!')
      await press(each, 'refresh-now', 'refresh', '200: a new access token.')
    }
    await press(tab, 'logout', 'sessions', '200: logged out.')
    await press(page, 'call-as-app', 'app', '401: Authentication credentials were not provided.')
  }
)

/**
 * Presses step 8 in two tabs. The refresh is answered when both have pressed. Returns how many
 * refreshes the pages have counted.
 */
async function pressTogether (...tabs: [Page, Page]): Promise<number> {
  const context = tabs[0].context()
  let open: () => void = () => {}
  const isPressed = new Promise<void>(resolve => { open = resolve })
  await context.route('**/api/token/refresh/', async route => {
    await isPressed
    await route.continue()
  })
  for (const tab of tabs) await tab.locator('#call-as-app').click()
  open()
  for (const tab of tabs) await reads(tab, 'app', /^200: 100 calls, /)
  await context.unroute('**/api/token/refresh/')
  const texts = await Promise.all(tabs.map(tab => textOf(tab, '#app-status')))
  return texts
    .map(text => Number(/^200: 100 calls, (\d+) refresh/.exec(text)?.[1]))
    .reduce((sum, count) => sum + count)
}

lesson(
  '6. after the interval the spent token ends the session, the good tokens too',
  { REUSE_INTERVAL: '1s' },
  async (t, { page }) => {
    await logIn(page)
    await press(page, 'refresh-now', 'refresh', '200: a new pair.')
    await page.locator('#reuse:enabled').waitFor()
    t.notOk(await isEnabled(page, 'replay'))
    await press(page, 'reuse', 'theft', 'The theft is found out, and the session has ended.')
    t.same(await page.locator('#findings li').allTextContents(), [
      'The spent refresh token: 401. Token is blacklisted',
      'The good refresh token: 401. Token is blacklisted',
      'The access token: 401. Token is blacklisted'
    ])
    t.same(await page.locator('#theft-wire summary').allTextContents(), [
      'POST /api/token/refresh/ 401 Unauthorized', 'POST /api/token/refresh/ 401 Unauthorized',
      'GET /hello/ 401 Unauthorized'
    ])
    await press(page, 'call-access', 'call', '401: Token is blacklisted')

    await t.test('the page passes axe and does not overflow, light and dark', async t => {
      await press(page, 'ask-server', 'verify', '401: Token is blacklisted')
      await logIn(page)
      await press(page, 'list-sessions', 'sessions', '200: you are logged in once.')
      await press(page, 'refresh-now', 'refresh', '200: a new pair.')
      // Colours do not depend on the width, nor the other way round.
      for (const [colorScheme, viewport] of [['light', DESKTOP], ['dark', PHONE]] as const) {
        await page.emulateMedia({ colorScheme })
        await page.setViewportSize(viewport)
        t.same(
          await violationsOf(page),
          [],
          `axe has nothing against it, ${colorScheme}, ${viewport.width} px wide`
        )
        t.notOk(
          await overflows(page), `nothing sticks out, ${colorScheme}, ${viewport.width} px wide`
        )
      }
    })

    await t.test('screenshots', async t => {
      mkdirSync(SCREENSHOTS, { recursive: true })
      for (const [name, colorScheme, viewport] of [
        ['light', 'light', DESKTOP],
        ['dark', 'dark', DESKTOP],
        ['phone', 'light', NARROW]
      ] as const) {
        await page.emulateMedia({ colorScheme })
        await page.setViewportSize(viewport)
        await page.evaluate(
          "document.activeElement.blur(); scrollTo(0, document.querySelector('#read " +
            ".work').getBoundingClientRect().top + scrollY - 24)"
        )
        await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) })
      }
      t.pass(SCREENSHOTS)
    })
  }
)

lesson('with the keyboard alone: to the lesson, and logged in', {}, async (t, { page, url }) => {
  const focused = (): Promise<string> =>
    page.evaluate<string>('document.activeElement.id || document.activeElement.textContent')
  const tab = async (id: string): Promise<void> => {
    for (let count = 0; count < 30 && (await focused()) !== id; count++) {
      await page.keyboard.press('Tab')
    }
    t.equal(await focused(), id)
    t.not(
      await page.evaluate('getComputedStyle(document.activeElement).outlineStyle'),
      'none',
      `${id}: the focus can be seen`
    )
  }
  await tab('Skip to the lesson')
  await page.keyboard.press('Enter')
  await page.locator('main:focus').waitFor()
  await tab('username')
  await page.keyboard.type('vitor')
  await tab('password')
  await page.keyboard.type('123')
  await page.keyboard.press('Enter')
  await reads(page, 'login', /^200/)
  await tab('ask-server')
  await page.keyboard.press('Space')
  await reads(page, 'verify', /^200/)

  await t.test('over http, except on localhost, the page says why it cannot verify', async t => {
    const { page, faults } = await visit(browser as Browser, url.replace('127.0.0.1', ELSEWHERE))
    await page.getByText('browsers offer their cryptography to pages by https').waitFor()
    await logIn(page)
    for (const id of ['verify-here', 'sign-here']) t.notOk(await isEnabled(page, id), id)
    await press(page, 'ask-server', 'verify', /^200/)
    await page.locator('#verify-wire .copy').first().click()
    await page.locator('#verify-wire .said').filter({ hasText: 'Selected' }).waitFor()
    t.match(await page.evaluate<string>('getSelection().toString()'), 'http post')
    for (const fault of faults) {
      t.match(
        fault,
        /Cross-Origin-Opener-Policy header has been ignored|Origin-Agent-Cluster/,
        'the only faults are the http warnings of @fastify/helmet'
      )
    }
  })
})

const keyFiles = t.testdir({
  ES256: JSON.stringify(generateKey('ES256')),
  EdDSA: JSON.stringify(generateKey('EdDSA'))
})

/** Verifies by the public keys of the server, and tries to sign with them. */
async function verifyByPublicKeys (t: Test, page: Page, algorithm: string): Promise<void> {
  t.match(decode((await tokensOf(page))[0] as string).header, { alg: algorithm, kid: String })
  await press(page, 'fetch-keys', 'browser', 'Here they are.')
  await press(page, 'verify-here', 'browser', 'The signature is good')
  await page.locator('#change-payload').click()
  await press(page, 'verify-here', 'browser', 'Refused: this key did not sign this token.')
  await press(page, 'ask-server', 'verify', '401: Token is invalid')
  await press(page, 'sign-here', 'browser', 'With a public key nobody can sign.')
  await page.locator('#key').fill('mine')
  await press(page, 'sign-here', 'browser', 'Signed with your secret.')
  await press(page, 'ask-server', 'verify', '401: Token is invalid')
}

lesson(
  'ES256: the browser verifies with the public keys of the server, and the successor comes ' +
    'again under another signature',
  { JWT_KEYS: join(keyFiles, 'ES256'), REUSE_INTERVAL: '60s' },
  async (t, { page }) => {
    await logIn(page)
    await verifyByPublicKeys(t, page, 'ES256')
    await press(page, 'refresh-now', 'refresh', '200: a new pair.')
    await press(page, 'replay', 'theft', '200: the same successor again, with the same jti.')
  }
)

lesson(
  'in cookie mode, with EdDSA: there is no refresh token to see, and refreshing works',
  { COOKIE: 'on', JWT_KEYS: join(keyFiles, 'EdDSA') },
  async (t, { page }) => {
    await page.getByText('This server is in cookie mode.').waitFor()
    await logIn(page)
    t.equal((await tokensOf(page)).length, 1)
    t.equal(await page.evaluate('document.cookie'), '', 'no script sees the cookie')
    await verifyByPublicKeys(t, page, 'EdDSA')
    await press(page, 'refresh-now', 'refresh', '200: a new access token.')
    t.match(await textOf(page, '#refresh-wire'), 'Cookie: __Host-refresh=')
    t.match(await textOf(page, '#changes'), 'What has changed in the access token')
    for (const id of ['call-refresh', 'replay', 'reuse', 'login-again']) {
      t.notOk(await isEnabled(page, id), id)
    }
    t.notOk(await page.getByRole('radio', { name: 'Refresh token' }).isEnabled())
    t.match(await textOf(page, '#countdown'), 'Not on this server')
    await press(page, 'call-access', 'call', '200: Hello, World!')
    await press(page, 'logout', 'sessions', '200: logged out.')
    await press(page, 'call-access', 'call', '401: Token is blacklisted')
    await press(page, 'refresh-now', 'refresh', /^4\d\d: /)
    t.same(await violationsOf(page), [])
  },
  { refusals: [400, 401] }
)

lesson(
  'without rotation no token is spent, and the page reports limits and outages',
  { ROTATE_REFRESH_TOKENS: 'off', RATE_LIMIT: 'on' },
  async (t, { page, url, faults, stop }) => {
    // what the page is told of the server comes after the page
    await page.getByText('Rotation is off on this server.').waitFor()
    await logIn(page)
    const [, before] = await tokensOf(page)
    await press(page, 'refresh-now', 'refresh', '200: a new access token.')
    t.equal((await tokensOf(page))[1], before)
    for (const id of ['replay', 'reuse']) t.notOk(await isEnabled(page, id), id)
    t.match(await textOf(page, '#countdown'), 'without rotation')

    await page.getByLabel('Password').fill('guess')
    for (let count = 0; count < 10 && !/^429/.test(await textOf(page, '#login-status')); count++) {
      const answer = page.waitForResponse(`${url}/api/token/`)
      await page.getByRole('button', { name: 'Log in', exact: true }).click()
      await answer
      await reads(page, 'login', /^4/)
    }
    await reads(page, 'login', /^429: that was too often\. Try again in \d+ seconds/)

    await stop()
    await press(page, 'call-access', 'call', 'The server cannot be reached.')
    t.match(faults.splice(0), ['Failed to load resource: net::ERR_CONNECTION_REFUSED'])
  },
  { refusals: [401, 429] }
)

await Promise.all(lessons)
await browser?.close()
