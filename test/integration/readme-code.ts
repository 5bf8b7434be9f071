import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import fastify from 'fastify'
import t, { type Test } from 'tap'
import simplejwt from '../../plugin/index.ts'
import { MINUTE, SECRET, buildApp } from '../fixtures/app.ts'
import { until } from '../fixtures/servers/processes.ts'
import { blockWith } from '../fixtures/readme.ts'
import { freePort } from '../fixtures/servers/server-process.ts'
import { asJavaScript } from '../fixtures/type-check.ts'

const QUICK_START = blockWith('fastify-simplejwt', 'await app.listen').code

/** Writes blocks as the JavaScript that a user would run, into a folder from which the package is found. */
const write = (t: Test, files: Record<string, string>): string =>
  t.testdir(Object.fromEntries(Object.entries(files).map(([name, code]) => [name, asJavaScript(code)])))

/** Runs the ten lines to start (which package.ts tries) on a free port, and resolves once they answer. */
async function startQuickly (t: Test, folder: string, args: string[], env: Record<string, string>): Promise<string> {
  const port = await freePort()
  writeFileSync(join(folder, 'app.js'), asJavaScript(QUICK_START.replace('port: 8000', `port: ${port}`)))
  const app = spawn(process.execPath, [...args, join(folder, 'app.js')], { env: { ...process.env, JWT_SECRET: SECRET, ...env }, stdio: 'inherit' })
  t.after(() => { app.kill() })
  const url = `http://localhost:${port}`
  while (!await fetch(url).catch(() => undefined)) await delay(50)
  return url
}

const logIn = async (url: string): Promise<{ access: string }> =>
  (await fetch(`${url}/api/token/`, { method: 'POST', body: new URLSearchParams({ username: 'vitor', password: '123' }) })).json() as Promise<{ access: string }>

t.test('users of a database log in by their email address', async t => {
  const app = fastify()
  t.after(() => app.close())
  const user = { id: 7, email: 'vitor@example.com', isActive: true, passwordHash: '$argon2id$v=19$m=19456,t=2,p=1$en0il3NvqKMHmacNdrHXnQ$/18W+RcjfjeGDkGQOZv1EgWRTqmg4SOB+v8dg9vJTNI' }
  const findUnique = async ({ where }: { where: Partial<typeof user> }) => where.email === user.email || where.id === user.id ? user : null
  Object.assign(globalThis, { app, prisma: { user: { findUnique } } })
  process.env.JWT_SECRET = SECRET
  await import(pathToFileURL(join(write(t, { 'users.js': blockWith('Users in a database, and an email address in place of a user name', 'prisma').code }), 'users.js')).href)

  const post = (url: string, payload: object) => app.inject({ method: 'POST', url: `/api/token/${url}`, payload })
  const login = await post('', { email: 'vitor@example.com', password: '123' })
  t.equal(login.statusCode, 200)
  t.equal((await post('', { email: 'vitor@example.com', password: '124' })).statusCode, 401)
  t.equal((await post('', { email: 'maria@example.com', password: '123' })).statusCode, 401)
  t.equal((await post('refresh/', login.json())).statusCode, 200)
  user.isActive = false
  t.equal((await post('', { email: 'vitor@example.com', password: '123' })).statusCode, 401)
  t.equal((await post('refresh/', login.json())).statusCode, 401)
})

t.test('a page refreshes once for many calls', async t => {
  const { app, clock, events } = await buildApp(t, { cookie: true })
  const refreshes = (): number => events.filter(({ type }) => type === 'refreshed' || type === 'replayed').length
  const { fetch: fetched } = globalThis
  t.after(() => { globalThis.fetch = fetched })
  let cookie = ''
  // What a browser does, as far as the page can tell.
  globalThis.fetch = async (path, { method = 'GET', headers, body } = {}) => {
    const reply = await app.inject({
      method: method as 'GET', url: path as string, headers: { ...Object.fromEntries(new Headers(headers)), cookie, 'sec-fetch-site': 'same-origin' }, ...(body && { payload: body as string })
    })
    const [set] = [reply.headers['set-cookie'] ?? []].flat()
    if (set !== undefined) cookie = set.split(';')[0] as string
    return new Response(reply.body, { status: reply.statusCode })
  }
  const { code } = blockWith('A page that refreshes once for many calls', 'api.ts')
  const folder = write(t, { 'api.js': code, 'naive.js': code.replace('refreshing ??= refresh()', 'refresh()') })
  type Api = { api(path: string): Promise<Response>, login(username: string, password: string): Promise<boolean>, logout(): Promise<void> }
  const page = async (name: string) => await import(pathToFileURL(join(folder, name)).href) as Api
  const { api, login, logout } = await page('api.js')
  const statuses = async (): Promise<number[]> => (await Promise.all(Array.from({ length: 20 }, () => api('/hello/')))).map(({ status }) => status)

  t.same(new Set(await statuses()), new Set([401]), 'nobody is logged in')
  t.equal(await login('vitor', 'wrong'), false)
  t.equal(await login('vitor', '123'), true)
  t.same(new Set(await statuses()), new Set([200]))
  t.equal(refreshes(), 0)
  clock.advance(6 * MINUTE)
  t.same(new Set(await statuses()), new Set([200]))
  t.equal(refreshes(), 1)

  const naive = await page('naive.js')
  await Promise.all(Array.from({ length: 20 }, () => naive.api('/hello/')))
  t.ok(refreshes() > 2, `after a reload, and without the line that makes one of them: ${refreshes() - 1} refreshes`)
  await logout()
  t.same(new Set(await statuses()), new Set([401]))
})

t.test('passwords that Django has hashed are checked', async t => {
  const app = fastify()
  t.after(() => app.close())
  const hash = 'pbkdf2_sha256$260000$seasalt$htpQDYdyy5MZ7bxS8mQJ0sjrWSVIvZJLEHJYe2DWsYQ='
  const find = async (username: string) => username === 'vitor' ? { id: 1, password: hash } : null
  Object.assign(globalThis, { app, simplejwt, store: undefined, users: { find }, NOBODY: hash.replace('htp', 'aaa') })
  process.env.SIGNING_KEY = SECRET
  const { checkDjangoPassword } = await import(pathToFileURL(join(write(t, { 'django.js': blockWith('From Django, with users logged in', 'pbkdf2').code }), 'django.js')).href)
  t.equal(await checkDjangoPassword('correct horse', hash), true)
  t.equal(await checkDjangoPassword('correct horsE', hash), false)
  const login = async (username: string, password: string) => (await app.inject({ method: 'POST', url: '/api/token/', payload: { username, password } })).statusCode
  t.equal(await login('vitor', 'correct horse'), 200)
  t.equal(await login('vitor', 'wrong horse'), 401)
  t.equal(await login('maria', 'correct horse'), 401)
})

t.test('OpenTelemetry is told of a login within its request', async t => {
  const told: object[] = []
  const collector = createServer(async (request, reply) => {
    told.push(await json(request) as object)
    reply.end('{}')
  }).listen(0, '127.0.0.1')
  await once(collector, 'listening')
  t.after(() => collector.close())
  const folder = write(t, { 'telemetry.js': blockWith('Seen from outside', 'telemetry.ts').code })
  const url = await startQuickly(t, folder, ['--import', pathToFileURL(join(folder, 'telemetry.js')).href], {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`, OTEL_BSP_SCHEDULE_DELAY: '100'
  })
  const { access } = await logIn(url)
  await until(() => JSON.stringify(told).includes('simplejwt.login'))
  const text = JSON.stringify(told)
  t.match(text, '"key":"user.id","value":{"stringValue":"1"}')
  t.match(text, '/api/token/')
  t.notOk(text.includes(access))
})
