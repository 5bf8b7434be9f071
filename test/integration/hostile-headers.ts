import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { buildApp } from '../fixtures/app.ts'
import {
  broken, legal, malformed, strange, untrue
} from '../fixtures/clients/authorization-lines.ts'
import { type RawReplies, sendBytes } from '../fixtures/clients/raw-bytes.ts'

const CHALLENGE = /^www-authenticate: (.*)\r$/gmi
const NO_CREDENTIALS = 'Bearer realm="api"'
const INVALID_REQUEST = 'Bearer realm="api", error="invalid_request"'
const INVALID_TOKEN = 'Bearer realm="api", error="invalid_token"'

/** The one challenge of a reply, or what there is in its place. */
const challengeOf = ({ text }: RawReplies): unknown => {
  const found = [...text.matchAll(CHALLENGE)].map(([, challenge]) => challenge)
  return found.length === 1 ? found[0] : found
}

/**
 * A server with guarded routes, somebody who is logged in, and a count of the requests that were
 * let in.
 */
async function guarded (t: Test) {
  const { app, login, clock } = await buildApp(t)
  let letIn = 0
  const handler = async () => { letIn++; return { let: 'in' } }
  app.get('/guarded/', { onRequest: app.authenticate }, handler)
  app.route({
    method: app.supportedMethods.filter(method => method !== 'HEAD') as 'GET'[],
    url: '/any/',
    onRequest: app.authenticate,
    handler
  })
  app.register(async scope => {
    scope.addHook('onRequest', app.authenticate)
    scope.setNotFoundHandler(async (_request, reply) => reply.code(404).send({ lost: true }))
    scope.get('/route', handler)
  }, { prefix: '/inner' })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const send = (requestLine: string, lines: string[] = [], body = ''): Promise<RawReplies> =>
    sendBytes(
      port,
      [`${requestLine} HTTP/1.1`, 'Host: x', 'Connection: close', ...lines, '', body].join('\r\n')
    )
  const { access } = await login()
  return { app, clock, access, send, letIn: () => letIn }
}

t.test('the guard accepts only one token after its scheme, and names each fault', async t => {
  const { access, send, letIn } = await guarded(t)
  for (const [what, lines] of Object.entries(legal(access))) {
    t.same((await send('GET /guarded/', lines)).statuses, [200], what)
  }
  const before = letIn()
  for (const [expected, cases] of [
    [NO_CREDENTIALS, strange(access)],
    [INVALID_REQUEST, malformed(access)],
    [INVALID_TOKEN, untrue(access)]
  ] as const) {
    for (const [what, lines] of Object.entries(cases)) {
      const reply = await send('GET /guarded/', lines)
      t.same(reply.statuses, [401], what)
      t.equal(challengeOf(reply), expected, what)
      t.notOk(reply.text.includes(access.slice(0, 12)), `${what}: nothing of the token comes back`)
    }
  }
  for (const [what, lines] of Object.entries(broken(access))) {
    t.same((await send('GET /guarded/', lines)).statuses, [400], what)
  }
  t.same(
    (await send('GET /guarded/', [`Authorization: Bearer ${'x'.repeat(17_000)}`])).statuses,
    [431],
    'more than Node takes'
  )
  t.equal(letIn(), before)
})

t.test('a token is looked for in the header alone', async t => {
  const { access, send, letIn } = await guarded(t)
  const form = `access_token=${access}&token=${access}`
  const elsewhere: [requestLine: string, lines: string[], body: string][] = [
    ...['access_token', 'token', 'jwt', 'bearer', 'authorization', 'Authorization', 'auth'].map(
      (name): [string, string[], string] => [`GET /guarded/?${name}=${access}`, [], '']
    ),
    [`GET /guarded/?authorization=Bearer%20${access}`, [], ''],
    [`GET /guarded/;token=${access}`, [], ''],
    [`GET http://bearer:${access}@x/guarded/`, [], ''],
    [`GET /guarded/#access_token=${access}`, [], ''],
    [
      'POST /any/',
      ['Content-Type: application/x-www-form-urlencoded', `Content-Length: ${form.length}`],
      form
    ],
    [
      'POST /any/',
      [
        'Content-Type: application/json',
        `Content-Length: ${JSON.stringify({ access_token: access }).length}`
      ],
      JSON.stringify({ access_token: access })
    ],
    [
      'POST /any/',
      ['Transfer-Encoding: chunked', 'Trailer: Authorization'],
      `0\r\nAuthorization: Bearer ${access}\r\n\r\n`
    ]
  ]
  for (const [requestLine, lines, body] of elsewhere) {
    const { statuses, text } = await send(requestLine, lines, body)
    t.ok(
      [401, 404, 400].includes(statuses[0] as number),
      `${statuses.join()} ${requestLine.replaceAll(access, 'TOKEN')}`
    )
    if (statuses[0] === 401) t.equal(challengeOf({ statuses, text }), NO_CREDENTIALS)
    t.notOk(text.includes('"let":"in"'))
  }
  t.equal(letIn(), 0)
})

t.test('every method of a guarded route is guarded, before its body is read', async t => {
  const { app, access, send, letIn } = await guarded(t)
  for (const method of app.supportedMethods) {
    for (const lines of [
      [],
      ['Content-Type: application/json', 'Content-Length: 1'],
      ['Content-Type: application/json', 'Content-Length: 4000000000'],
      ['Content-Type: a/b', 'Transfer-Encoding: chunked']
    ]) {
      const reply = await send(`${method} /any/`, lines, lines.length > 0 ? '{' : '')
      t.equal(reply.statuses[0], 401, `${method} ${lines.join()}`)
      t.equal(
        challengeOf({ ...reply, text: reply.text.split('HTTP/1.1 400')[0] as string }),
        NO_CREDENTIALS
      )
      if (method === 'HEAD') {
        t.match(reply.text, /\r\n\r\n($|HTTP)/, 'a HEAD is answered without a body')
      }
    }
    if (!['POST', 'PUT', 'PATCH', 'GET', 'HEAD', 'OPTIONS'].includes(method)) continue
    t.same(
      (await send(`${method} /any/`, [`Authorization: Bearer ${access}`])).statuses,
      [200],
      `${method} with a token`
    )
  }
  const before = letIn()
  t.same(
    (
      await send(
        'POST /any/',
        [`Authorization: Bearer ${access}`, 'Content-Type: application/json', 'Content-Length: 1'],
        '{'
      )
    ).statuses,
    [400],
    'with a token the body is what is wrong'
  )
  for (const method of [
    'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'PURGE'
  ]) {
    t.notOk((await send(`${method} /guarded/`)).statuses.includes(200), method)
  }
  for (const method of ['BREW', 'get', 'GET\t', '', 'G'.repeat(1000)]) {
    t.same(
      (await send(`${method} /guarded/`, [`Authorization: Bearer ${access}`])).statuses,
      [400],
      `${method} is no method`
    )
  }
  for (const path of ['/inner/route', '/inner/nothing', '/inner/', '/inner/%2e%2e/route']) {
    const reply = await send(`GET ${path}`)
    t.same(
      [reply.statuses, challengeOf(reply)], [[401], NO_CREDENTIALS], `${path} of a guarded scope`
    )
  }
  t.equal(letIn(), before)
})
