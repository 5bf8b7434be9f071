import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import ts from 'typescript'
import type * as Nest from '../../../example/recipes/nestjs/app.ts'
import { SECRET, bearer } from '../../fixtures/recipes/bearer.ts'

/** Compiles the app: Node cannot strip decorators. A separate test checks its types. */
function compile (t: Test): string {
  const outDir = t.testdir({ 'package.json': '{ "type": "module" }' })
  const config = ts.getParsedCommandLineOfConfigFile('example/recipes/nestjs/tsconfig.json', {}, {
    ...ts.sys, onUnRecoverableConfigFileDiagnostic: ({ messageText }) => { throw messageText }
  })
  const files = config?.fileNames ?? []
  const options = { ...config?.options, outDir, noEmit: false, noCheck: true }
  ts.createProgram(files, options).emit()
  return join(outDir, 'app.js')
}

t.test('NestJS', async t => {
  const { buildNestApp }: typeof Nest = await import(pathToFileURL(compile(t)).href)
  const app = await buildNestApp({
    secret: SECRET,
    verifyCredentials: ({ username, password }) => password === '123' ? { id: username } : null,
    claims: ({ id }) => ({ role: id === 'ada' ? 'admin' : 'user' })
  })
  t.teardown(() => app.close())
  await app.listen(0, '127.0.0.1')
  const url = await app.getUrl()

  const ask = (path: string, access?: string, init: RequestInit = {}): Promise<Response> =>
    fetch(url + path, { ...init, headers: access === undefined ? {} : bearer(access) })
  const login = (body: string, type: string): Promise<Response> => fetch(`${url}/api/token/`,
    { method: 'POST', headers: { 'content-type': type }, body })
  const accessOf = async (username: string): Promise<string> => {
    const reply = await login(JSON.stringify({ username, password: '123' }), 'application/json')
    return (await reply.json() as { access: string }).access
  }

  await t.test('users log in, by JSON and by form', async t => {
    t.equal((await login('{"username":"a","password":"123"}', 'application/json')).status, 200)
    const form = await login('username=a&password=123', 'application/x-www-form-urlencoded')
    t.equal(form.status, 200)
  })

  await t.test('a refusal keeps its body and its headers', async t => {
    const wrong = await login('{"username":"a","password":"1"}', 'application/json')
    t.equal(wrong.status, 401)
    t.match(await wrong.json(), { code: 'no_active_account' })
    const none = await ask('/users/me')
    t.equal(none.status, 401)
    t.match(none.headers.get('www-authenticate'), 'Bearer realm="api"')
    t.same(await none.json(), { detail: 'Authentication credentials were not provided.' })
    const wrongMethod = await ask('/api/token/')
    t.equal(wrongMethod.status, 405)
    t.equal(wrongMethod.headers.get('allow'), 'POST, OPTIONS')
    t.equal((await ask('/nothing')).status, 404)
  })

  await t.test('each handler is guarded, except public ones', async t => {
    t.equal((await ask('/users/count')).status, 200)
    t.equal((await ask('/users/me', 'x.y.z')).status, 401)
    const me = await ask('/users/me', await accessOf('vitor'))
    t.same(await me.json(), { id: 'vitor' })
  })

  await t.test('a handler may require claims, and logs a user out', async t => {
    const user = await accessOf('vitor')
    const post = (access: string) => ask('/users/vitor/logout', access, { method: 'POST' })
    const refused = await post(user)
    t.equal(refused.status, 403)
    t.match(refused.headers.get('www-authenticate'), 'insufficient_scope')
    t.equal((await ask('/users/me', user)).status, 200)
    const reply = await post(await accessOf('ada'))
    t.equal(reply.status, 200)
    t.match(await reply.json(), { sessions: Number })
    t.equal((await ask('/users/me', user)).status, 401)
  })
})
