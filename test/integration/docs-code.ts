import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import simplejwt from '../../plugin/index.ts'
import { SECRET, buildApp } from '../fixtures/app.ts'
import { blockWith } from '../fixtures/docs.ts'
import { until } from '../fixtures/servers/processes.ts'
import { freePort } from '../fixtures/servers/server-process.ts'
import { asJavaScript } from '../fixtures/type-check.ts'

const QUICK_START = blockWith('README.md', 'await app.listen').code

type Files = Record<string, string>

/** Writes blocks as JavaScript into a folder from which the package is found. */
function write (t: Test, files: Files): string {
  const compiled = Object.entries(files).map(([name, code]) => [name, asJavaScript(code)])
  return t.testdir(Object.fromEntries(compiled))
}

/** Imports a module that `write` has written. */
const load = async <Module>(folder: string, name: string): Promise<Module> =>
  await import(pathToFileURL(join(folder, name)).href) as Module

/** Runs the quick start on a free port, and resolves to its address once it answers. */
async function startQuickly (
  t: Test, folder: string, args: string[], more: Files
): Promise<string> {
  const port = await freePort()
  const file = join(folder, 'app.js')
  writeFileSync(file, asJavaScript(QUICK_START.replace('port: 8000', `port: ${port}`)))
  const env = { ...process.env, JWT_SECRET: SECRET, ...more }
  const app = spawn(process.execPath, [...args, file], { env, stdio: 'inherit' })
  t.after(() => { app.kill() })
  const url = `http://localhost:${port}`
  while (!await fetch(url).catch(() => undefined)) await delay(50)
  return url
}

async function logIn (url: string): Promise<{ access: string }> {
  const body = new URLSearchParams({ username: 'vitor', password: '123' })
  const reply = await fetch(`${url}/api/token/`, { method: 'POST', body })
  return await reply.json() as { access: string }
}

/** Builds the app that a block configures as `app`, and puts names into its global scope. */
function appForBlock (t: Test, names: object): FastifyInstance {
  const app = fastify()
  t.after(() => app.close())
  Object.assign(globalThis, { app, ...names })
  return app
}

t.test('recipes.md: users of a database log in by their email address', async t => {
  const passwordHash = '$argon2id$v=19$m=19456,t=2,p=1$en0il3NvqKMHmacNdrHXnQ' +
    '$/18W+RcjfjeGDkGQOZv1EgWRTqmg4SOB+v8dg9vJTNI'
  const user = { id: 7, email: 'vitor@example.com', isActive: true, passwordHash }
  const findUnique = async ({ where }: { where: Partial<typeof user> }) =>
    where.email === user.email || where.id === user.id ? user : null
  const app = appForBlock(t, { prisma: { user: { findUnique } } })
  process.env.JWT_SECRET = SECRET
  await load(write(t, { 'users.js': blockWith('recipes.md', 'prisma').code }), 'users.js')

  const post = (url: string, payload: object) =>
    app.inject({ method: 'POST', url: `/api/token/${url}`, payload })
  const statusOf = async (email: string, password: string): Promise<number> =>
    (await post('', { email, password })).statusCode
  const login = await post('', { email: 'vitor@example.com', password: '123' })
  t.equal(login.statusCode, 200)
  t.equal(await statusOf('vitor@example.com', '124'), 401)
  t.equal(await statusOf('maria@example.com', '123'), 401)
  t.equal((await post('refresh/', login.json())).statusCode, 200)
  user.isActive = false
  t.equal(await statusOf('vitor@example.com', '123'), 401)
  t.equal((await post('refresh/', login.json())).statusCode, 401)
})

/** Replaces `fetch` by a browser's: calls reach `app`, with the cookie that it has set. */
function browseBy (t: Test, app: FastifyInstance): void {
  const { fetch: original } = globalThis
  t.after(() => { globalThis.fetch = original })
  let cookie = ''
  globalThis.fetch = async (path, { method = 'GET', headers, body } = {}) => {
    const own = { cookie, 'sec-fetch-site': 'same-origin' }
    const reply = await app.inject({
      method: method as 'GET',
      url: String(path),
      headers: { ...Object.fromEntries(new Headers(headers)), ...own },
      ...(body && { payload: body as string })
    })
    const [set] = [reply.headers['set-cookie'] ?? []].flat()
    if (set !== undefined) cookie = set.split(';')[0] as string
    return new Response(reply.body, { status: reply.statusCode })
  }
}

t.test('recipes.md: passwords that Django has hashed are checked', async t => {
  const hash = 'pbkdf2_sha256$260000$seasalt$htpQDYdyy5MZ7bxS8mQJ0sjrWSVIvZJLEHJYe2DWsYQ='
  const find = async (username: string) =>
    username === 'vitor' ? { id: 1, password: hash } : null
  const UNKNOWN_USER_HASH = hash.replace('htp', 'aaa')
  const app = appForBlock(t, { simplejwt, store: undefined, users: { find }, UNKNOWN_USER_HASH })
  process.env.SIGNING_KEY = SECRET
  const folder = write(t, { 'django.js': blockWith('recipes.md', 'pbkdf2').code })
  type Check = { checkDjangoPassword(password: string, encoded: string): Promise<boolean> }
  const { checkDjangoPassword } = await load<Check>(folder, 'django.js')
  t.equal(await checkDjangoPassword('correct horse', hash), true)
  t.equal(await checkDjangoPassword('correct horsE', hash), false)
  const statusOf = async (username: string, password: string): Promise<number> => {
    const payload = { username, password }
    return (await app.inject({ method: 'POST', url: '/api/token/', payload })).statusCode
  }
  t.equal(await statusOf('vitor', 'correct horse'), 200)
  t.equal(await statusOf('vitor', 'wrong horse'), 401)
  t.equal(await statusOf('maria', 'correct horse'), 401)
})

t.test('production.md: OpenTelemetry gets a login inside the span of its request', async t => {
  const received: object[] = []
  const collector = createServer(async (request, reply) => {
    received.push(await json(request) as object)
    reply.end('{}')
  }).listen(0, '127.0.0.1')
  await once(collector, 'listening')
  t.after(() => collector.close())
  const folder = write(t, { 'telemetry.js': blockWith('production.md', 'telemetry.ts').code })
  const telemetry = pathToFileURL(join(folder, 'telemetry.js')).href
  const { port } = collector.address() as AddressInfo
  const url = await startQuickly(t, folder, ['--import', telemetry], {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, OTEL_BSP_SCHEDULE_DELAY: '100'
  })
  const { access } = await logIn(url)
  await until(() => JSON.stringify(received).includes('simplejwt.login'))
  const text = JSON.stringify(received)
  t.match(text, '"key":"user.id","value":{"stringValue":"1"}')
  t.match(text, '/api/token/')
  t.notOk(text.includes(access))
})

t.test('cookie-mode.md: the page logs in, refreshes and logs out', async t => {
  const { app, events } = await buildApp(t, { cookie: true })
  browseBy(t, app)
  Object.assign(globalThis, { username: 'vitor', password: '123' })
  await load(write(t, { 'page.js': blockWith('cookie-mode.md', '/blacklist/').code }), 'page.js')
  t.strictSame(events.map(({ type }) => type), ['login', 'refreshed', 'revoked'])
})

t.test('client.md: the first block logs in, calls, lists the sessions and logs out', async t => {
  const { app, events } = await buildApp(t, { cookie: true })
  const answers: string[] = []
  app.addHook('onResponse', async ({ method, url }, { statusCode }) => {
    answers.push(`${method} ${url} ${statusCode}`)
  })
  browseBy(t, app)
  const page = { title: '' }
  const alerts: string[] = []
  const alert = (text: string): void => { alerts.push(text) }
  Object.assign(globalThis, {
    location: { origin: 'http://localhost:80' }, document: page, alert, username: 'vitor'
  })
  const { code } = blockWith('client.md', "document.title = user?.user_id ?? 'Log in'")
  const folder = write(t, { 'page.js': code, 'again.js': code })

  Object.assign(globalThis, { password: '123' })
  await load(folder, 'page.js')
  t.strictSame(events.map(({ type }) => type), ['login', 'revoked'])
  t.strictSame(answers, [
    'POST /api/token/ 200', 'GET /hello/ 200', 'GET /api/token/sessions/ 200',
    'POST /api/token/blacklist/ 200'
  ])
  t.equal(page.title, 'Log in')

  Object.assign(globalThis, { password: '124' })
  await t.rejects(load(folder, 'again.js'), 'no user is logged in')
  t.strictSame(alerts, ['Wrong password.'])
})
