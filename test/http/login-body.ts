import t from 'tap'
import { compileLoginBody } from '../../plugin/http/login-body.ts'
import { buildApp } from '../fixtures/app.ts'
import type { SimpleJwtOptions } from '../../plugin/index.ts'
import type { Test } from '../fixtures/servers/home.ts'

type Json = Record<string, unknown>

/** An app whose login keeps the credentials and the body that it gets. */
async function build (t: Test, options: Partial<SimpleJwtOptions> = {}) {
  const seen: { credentials: Json, body: Json }[] = []
  const { app, post } = await buildApp(t, {
    verifyCredentials: (credentials, request) => {
      seen.push({ credentials, body: request.body as Json })
      return null
    },
    ...options
  })
  const form = (payload: string) => app.inject({
    method: 'POST',
    url: '/api/token/',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload
  })
  const text = (payload: string) => app.inject({
    method: 'POST', url: '/api/token/', headers: { 'content-type': 'application/json' }, payload
  })
  return { app, post: (body: unknown) => post('/api/token/', body), form, text, seen }
}

t.test('login body: credentials and request.body have all members as they came', async t => {
  const { post, form, seen } = await build(t)
  const more = { otp: ' 123 ', remember: true, n: 1.5, nested: { a: [null, ' x '] } }
  await post({ ...more, username: ' vitor ', password: ' 1 ' })
  await form('otp=+123+&remember=true&username=+vitor+&password=+1+&otp=4')
  const login = { username: 'vitor', password: ' 1 ' }
  t.strictSame(seen[0], { credentials: { ...more, ...login }, body: { ...more, ...login } })
  t.strictSame(seen[1]?.credentials, { otp: '4', remember: 'true', ...login })
})

t.test('login body: credentials.username is the login field, whatever "username" says', async t => {
  const usernames: unknown[] = []
  const { post, seen } = await build(t, {
    usernameField: 'email',
    rateLimit: { loginPerUsername: 1 },
    onEvent: ({ username }) => { usernames.push(username) }
  })
  await post({ email: ' v@example ', username: { not: 'text' }, password: '1' })
  t.strictSame(seen[0], {
    credentials: { email: 'v@example', username: 'v@example', password: '1' },
    body: { email: 'v@example', username: { not: 'text' }, password: '1' }
  })
  const other = await post({ email: 'V@EXAMPLE', username: 'other', password: '1' })
  t.equal(other.statusCode, 429)
  t.same(usernames, ['v@example', 'V@EXAMPLE'])
})

t.test('login body: no member changes a prototype', async t => {
  const { text, seen } = await build(t)
  await text('{"username":"a","password":"b","__proto__":{"isAdmin":true},' +
    '"x":{"__proto__":{"y":1}},"constructor":{"prototype":{"z":1}}}')
  t.strictSame(seen[0]?.credentials, { username: 'a', password: 'b', x: {} })
  t.equal(Object.getPrototypeOf(seen[0]?.body), Object.prototype)
  t.notOk('isAdmin' in (seen[0]?.body as Json))
})

t.test('login body: as many members or levels as fit are read like any', async t => {
  const { text, seen } = await build(t)
  const members = Array.from({ length: 1800 }, (_, index) => `"${index}":1`).join()
  const nested = `${'['.repeat(7000)}${']'.repeat(7000)}`
  for (const more of [members, `"a":${nested}`]) {
    const { statusCode } = await text(`{"username":"a","password":"b",${more}}`)
    t.equal(statusCode, 401)
  }
  t.equal(Object.keys(seen[0]?.credentials as Json).length, 1802)
  const tooMany = Array.from({ length: 10_000 }, (_, index) => `"${index}":1`).join()
  t.equal((await text(`{"username":"a","password":"b",${tooMany}}`)).statusCode, 413)
})

const FIELDS = {
  otp: { type: 'string', pattern: '^\\d{6}$' },
  remember: { type: 'boolean', default: false },
  address: { type: 'object', properties: { zip: { type: 'string' } }, default: {} },
  mail: { type: 'string', format: 'email', default: 'a@example.com' },
  phone: { format: 'no-such-format', default: '' }
}

t.test('loginFields: each field is checked by its schema', async t => {
  const { post, seen } = await build(t, { loginFields: FIELDS })
  const login = { username: 'a', password: 'b', otp: '123456' }
  const cases: [body: Json, answer: Json][] = [
    [{ username: 'a', password: 'b' }, { otp: ['This field is required.'] }],
    [{ ...login, otp: 1 }, { otp: ['Must be string.'] }],
    [{ ...login, otp: '1' }, { otp: ['Must match pattern "^\\d{6}$".'] }],
    [{ ...login, remember: 'yes', mail: 'x' }, {
      remember: ['Must be boolean.'], mail: ['Must match format "email".']
    }],
    [{ ...login, address: { zip: 1 } }, { address: ['Zip must be string.'] }],
    [{ ...login, otp: null, password: '' }, {
      password: ['This field may not be blank.'], otp: ['Must be string.']
    }]
  ]
  for (const [body, answer] of cases) {
    const reply = await post(body)
    t.same([reply.statusCode, reply.json()], [400, answer], JSON.stringify(body))
  }
  t.same(seen, [])
  await post({ ...login, phone: 1, more: true })
  t.same(seen[0]?.credentials, {
    ...login, remember: false, address: {}, mail: 'a@example.com', phone: 1, more: true
  })
})

t.test('loginFields: a default is a new value for each login', async t => {
  const { post, seen } = await build(t, { loginFields: { address: FIELDS.address } })
  for (let count = 0; count < 2; count++) await post({ username: 'a', password: 'b' })
  t.not(seen[0]?.credentials.address, seen[1]?.credentials.address)
})

t.test('loginFields: a form sends text, which is not converted', async t => {
  const { form, seen } = await build(t, { loginFields: { remember: FIELDS.remember } })
  const refused = await form('username=a&password=b&remember=true')
  t.same(refused.json(), { remember: ['Must be boolean.'] })
  await form('username=a&password=b')
  t.equal(seen[0]?.credentials.remember, false)
})

t.test('loginFields: a schema that cannot check stops the start, by the field', async t => {
  const cases: [schema: Json, message: RegExp][] = [
    [{ type: 'text' }, /option "loginFields\.otp" must be a JSON schema: /],
    [{ $ref: 'elsewhere#' }, /option "loginFields\.otp" must be a JSON schema: /],
    [{ $async: true, type: 'string' }, /option "loginFields\.otp" must not be asynchronous\.$/]
  ]
  for (const [otp, message] of cases) {
    await t.rejects(build(t, { loginFields: { otp } }), { message })
  }
})

t.test('loginFields: a host whose compiler takes no JSON schema has them too', async t => {
  const { app, post } = await build(t, { loginFields: { otp: FIELDS.otp } })
  app.setValidatorCompiler(() => { throw new Error('not JSON schema') })
  t.equal((await post({ username: 'a', password: 'b' })).statusCode, 400)
})

t.test('login body: no other part of the request is checked', async t => {
  const compile = await compileLoginBody({}, {})
  const validate = compile({ schema: {}, method: 'POST', url: '/', httpPart: 'querystring' })
  t.equal(validate({ anything: 1 }), true)
})
