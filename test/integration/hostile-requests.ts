import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { gzipSync } from 'node:zlib'
import { buildApp, createUsers } from '../fixtures/app.ts'
import { type WireReply, type WireRequest, exchange } from '../fixtures/clients/exchange.ts'

const LOGIN = '/api/token/'
const CHARACTERS = /^[\x20-\x21\x23-\x5b\x5d-\x7e"]*$/
/** What nobody should hear again. */
const MARK = 'sw0rdfish'

/** A server whose host counts the logins that got as far as it. */
async function counted (t: Test) {
  let logins = 0
  const users = createUsers()
  const { app, login } = await buildApp(t, {
    verifyCredentials: ({ username, password }) => {
      logins++
      return users.find(user => user.name === username && user.password === password) ?? null
    }
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const send = async (request: Partial<WireRequest>): Promise<WireReply> => {
    const reply = await exchange(port, { method: 'POST', target: LOGIN, ...request })
    const challenge = reply.headers.get('www-authenticate')
    t.equal(
      challenge !== undefined,
      reply.status === 401,
      `a ${reply.status} has ${challenge === undefined ? 'no' : 'a'} challenge`
    )
    t.match(challenge ?? '', CHARACTERS)
    t.notOk(
      `${reply.body}${[...reply.headers.values()].join()}`.includes(MARK),
      'nothing of the secret comes back'
    )
    return reply
  }
  return { send, login, logins: () => logins }
}

/**
 * Spellings by which schemas were passed by: CVE-2025-32442, CVE-2026-25223, CVE-2026-3419,
 * CVE-2026-33806.
 */
const TYPES = [
  'application/json', 'Application/JSON', 'APPLICATION/JSON', 'application/json ',
  ' application/json', '  application/json', 'application/json\t', '\tapplication/json',
  'application/json;', 'application/json ;', 'application/json;;;',
  'application/json; charset=utf-8', 'application/json;charset=utf-16', 'application/json; charset',
  'application/json; charset="utf-8', 'application/json\t; charset=utf-8',
  'application/json;\tcharset=utf-8', 'application/json,', 'application/json, text/plain',
  'text/plain, application/json', 'application/json a', 'application/json\ta', 'application/json/x',
  'application/jsonx', 'application/json-seq', 'application/json+x', 'application /json',
  'application/ json', 'application/\tjson', 'application\\json', 'application/json\xa0',
  '\xa0application/json', 'application/json\x85', '"application/json"', "'application/json'",
  'application/json"', 'xapplication/json', 'application', 'application/', '/json', '/', 'json',
  '*/*', 'application/*', '*/json', 'text/json', 'text/plain', 'text/plain; application/json',
  'text/html', 'application/xml', 'application/ld+json', 'application/vnd.api+json',
  'application/merge-patch+json', 'application/jwt', 'application/octet-stream',
  'multipart/form-data', 'multipart/form-data; boundary=x',
  'multipart/mixed; boundary=application/json', 'application/x-www-form-urlencoded',
  'Application/X-WWW-Form-Urlencoded ', 'application/x-www-form-urlencoded;charset=utf-8',
  'application/x-www-form-urlencoded, application/json', 'application/x-www-form-urlencodedx',
  ' application/x-www-form-urlencoded', 'application/json; boundary=x', 'constructor', '__proto__',
  '\xef\xbb\xbfapplication/json', `application/json;${'x'.repeat(8000)}`, ''
]

/** Bodies that a check of fields would stop, and a login that saw them might not. */
const BODIES = {
  'an object for a password': { username: 'vitor', password: { $ne: null } },
  'an object with a text for a password': { username: 'vitor', password: { toString: MARK } },
  'a list for a password': { username: 'vitor', password: ['123'] },
  'true for a password': { username: 'vitor', password: true },
  'an object for a user': { username: { $gt: '' }, password: MARK },
  'a list for a user': { username: ['vitor'], password: '123' }
}
const FORMS = [
  'username=vitor&password[$ne]=1', 'username=vitor&password%5B%5D=123',
  'username[]=vitor&password=123', 'username.0=vitor&password=123', 'username=vitor;password=123',
  'username=vitor&Password=123', '__proto__[username]=vitor&password=123',
  `username=&password=${MARK}`
]

t.test('a body of the wrong form never reaches the login, for any content type', async t => {
  const { send, login, logins } = await counted(t)
  for (const type of TYPES) {
    const bodies = [
      ...Object.entries(BODIES).map(([what, body]) => [what, JSON.stringify(body)] as const),
      ...FORMS.map(body => [body.replace(MARK, 'SECRET'), body] as const)
    ]
    for (const [what, body] of bodies) {
      const { status } = await send({ headers: ['Content-Type', type], body })
      t.match(String(status), /^(400|415)$/, `${JSON.stringify(type.slice(0, 60))}: ${what}`)
    }
  }
  for (const [first, second] of [
    ['application/json', 'text/plain'],
    ['text/plain', 'application/json'],
    ['application/json', 'application/x-www-form-urlencoded']
  ]) {
    for (const body of Object.values(BODIES)) {
      const reply = await send({
        headers: ['Content-Type', first as string, 'content-type', second as string],
        body: JSON.stringify(body)
      })
      t.match(String(reply.status), /^(400|415)$/, `${first}, and ${second}`)
    }
  }
  for (const body of Object.values(BODIES)) {
    t.equal((await send({ body: JSON.stringify(body) })).status, 415, 'no content type')
  }
  t.equal(logins(), 0)
  await login()
  t.equal(logins(), 1, 'and a good one does')
})

t.test('a body that is too large, too deep or not UTF-8 JSON is refused, not echoed', async t => {
  const { send, login, logins } = await counted(t)
  const text = JSON.stringify({ username: 'vitor', password: MARK })
  const deep = (open: string, depth: number, close: string): string =>
    `${open.repeat(depth)}1${close.repeat(depth)}`
  const bodies: [what: string, status: number, body: string | Buffer, more?: string[]][] = [
    [
      'a byte too many',
      413,
      JSON.stringify({ username: 'vitor', password: 'x'.repeat(16_384 - 33) })
    ],
    [
      'a password of 50,000 characters',
      413,
      JSON.stringify({ username: 'vitor', password: 'x'.repeat(50_000) })
    ],
    ['8000 lists, all closed', 400, deep('[', 8000, ']')],
    [
      '2500 objects for a password', 400,
      `{"username":"vitor","password":${deep('{"a":', 2500, '}')}}`
    ],
    ['7000 lists for a user', 400, `{"username":${deep('[', 7000, ']')},"password":"123"}`],
    ['16,000 spaces', 400, ' '.repeat(16_000)],
    [
      '1200 fields',
      400,
      JSON.stringify(Object.fromEntries(Array.from({ length: 1200 }, (_, n) => [`f${n}`, n])))
    ],
    ['a number of 16,000 digits', 400, '9'.repeat(16_000)],
    ['16,000 quotes', 400, '"'.repeat(16_000)],
    ['backslashes', 400, `{"username":"${'\\'.repeat(15_001)}`],
    ['UTF-16', 400, Buffer.from(text, 'utf16le')],
    ['UTF-16 with a byte order mark', 400, Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['a byte order mark', 400, `\ufeff${text}`],
    ['Latin-1', 400, Buffer.from(text.replace('vitor', 'vit\xf6r'), 'latin1')],
    [
      'an overlong slash',
      400,
      Buffer.concat([
        Buffer.from('{"username":"'),
        Buffer.from([0xc0, 0xaf]),
        Buffer.from(`","password":"${MARK}"}`)
      ])
    ],
    [
      'a surrogate in UTF-8',
      400,
      Buffer.concat([
        Buffer.from('{"username":"'),
        Buffer.from([0xed, 0xa0, 0x80]),
        Buffer.from(`","password":"${MARK}"}`)
      ])
    ],
    ['gzip', 400, gzipSync(text), ['Content-Encoding', 'gzip']],
    ['JSON that says it is gzip and is none', 400, '{', ['Content-Encoding', 'gzip']],
    ['JSON cut short', 400, text.slice(0, -1)],
    ['JSON cut in a character', 400, Buffer.from('{"username":"é').subarray(0, -1)],
    ['two objects', 400, text + text],
    ['a comment', 400, `${text}//`],
    ['a NUL behind', 400, `${text}\0`],
    ['a call', 400, `x(${text})`],
    ['an object of JavaScript', 400, `{username:'vitor',password:'${MARK}'}`]
  ]
  for (const [what, status, body, more = []] of bodies) {
    for (const target of [LOGIN, `${LOGIN}refresh/`, `${LOGIN}verify/`, `${LOGIN}blacklist/`]) {
      const reply = await send({
        target,
        headers: ['Content-Type', 'application/json', ...more],
        body
      })
      t.equal(reply.status, status, `${what} at ${target}`)
    }
  }
  t.equal(logins(), 0)
  await login()
})

t.test('a token of a token route comes in its body alone', async t => {
  const { send, login } = await counted(t)
  const { access, refresh } = await login()
  const json = { headers: ['Content-Type', 'application/json'], body: '{}' }
  for (const [route, field, token] of [
    ['refresh', 'refresh', refresh],
    ['verify', 'token', access],
    ['blacklist', 'refresh', refresh]
  ] as const) {
    const target = `${LOGIN}${route}/`
    for (const request of [
      { ...json, target: `${target}?${field}=${token}` },
      {
        ...json,
        target,
        headers: [...json.headers, 'Cookie', `${field}=${token}; __Host-refresh=${token}`]
      },
      { ...json, target, headers: [...json.headers, 'Authorization', `Bearer ${token}`] },
      { ...json, target, headers: [...json.headers, field, token] },
      { ...json, target, body: JSON.stringify({ [field.toUpperCase()]: token }) },
      { ...json, target, body: JSON.stringify({ body: { [field]: token } }) },
      { ...json, target, body: `{"__proto__":{"${field}":"${token}"}}` }
    ]) {
      t.same(
        (await send(request)).body,
        `{"${field}":["This field is required."]}`,
        `${route}: ${request.target.replaceAll(token, 'TOKEN')}`
      )
    }
    const saysPost = [...json.headers, 'X-HTTP-Method-Override', 'POST', 'X-HTTP-Method', 'POST']
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
      const reply = await send({
        method,
        target,
        headers: saysPost,
        body: JSON.stringify({ [field]: token })
      })
      t.equal(reply.status, 405, `${method}, which says it is POST`)
    }
  }
  t.equal(
    (await send({ ...json, target: `${LOGIN}refresh/`, body: JSON.stringify({ refresh }) })).status,
    200,
    'and it was not spent by any of that'
  )
})
