import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import t from 'tap'
import type { SimpleJwtError } from '../../plugin/errors.ts'
import type { SimpleJwtEvent } from '../../plugin/events.ts'
import { authenticateClient } from '../../plugin/oauth/client-authentication.ts'
import { newSecret } from '../../plugin/oauth/client-secrets.ts'
import { createFindClient } from '../../plugin/oauth/find-client.ts'
import { readParameters } from '../../plugin/oauth/parameters.ts'

const { secret, hash } = newSecret()
/** A secret of another system, with characters that a form encodes. */
const ODD = 'p:ä% +"&=?'
const hashOf = (text: string): string =>
  `sha256:${createHash('sha256').update(text).digest('base64url')}`
const redirectUris = ['https://a.example/cb']

const find = createFindClient({
  clients: [
    { id: 'printer', name: 'Printer', secretHash: hash, redirectUris },
    { id: 'odd.one', name: 'Odd', secretHash: hashOf(ODD), redirectUris },
    { id: 'no-secret', name: 'Empty', redirectUris, secretHash: hashOf('') },
    { id: 'page', name: 'Page', redirectUris }
  ],
  findClient: id => {
    if (id === 'broken') throw new Error('the database is away')
    return null
  }
}, ['photos:read'])

const basic = (id: string, secret: string, scheme = 'Basic'): string =>
  `${scheme} ${Buffer.from(`${id}:${secret}`).toString('base64')}`
const bytes = (...parts: (string | number[])[]): string =>
  `Basic ${Buffer.concat(parts.map(part => Buffer.from(part as string))).toString('base64')}`

/** Authenticates a request with these Authorization headers and this form. */
async function attempt (form: string, ...authorizations: string[]) {
  const events: SimpleJwtEvent[] = []
  const asked: string[] = []
  const server = {
    emit: (event: SimpleJwtEvent) => { events.push(event) },
    findClient: async (id: string) => {
      asked.push(id)
      return find(id)
    }
  }
  const request = {
    headers: { authorization: authorizations[0] },
    raw: { rawHeaders: authorizations.flatMap(value => ['Host', 'a', 'Authorization', value]) },
    ip: '192.0.2.1'
  } as unknown as FastifyRequest
  const [client, error] = await authenticateClient(server, request, readParameters(form))
    .then(client => [client, undefined] as const,
      (error: SimpleJwtError) => [undefined, error] as const)
  return { id: client?.id, error, events, asked }
}

t.test('a client with a secret sends it in the header or in the form', async t => {
  const good: [string, string[]][] = [
    ['', [basic('printer', secret)]],
    ['grant_type=x&client_id=printer', [basic('printer', secret)]],
    ['client_secret=&client_id=', [basic('printer', secret)]],
    [`client_id=printer&client_secret=${secret}`, []]
  ]
  for (const scheme of ['basic', 'BASIC', 'bAsIc', 'Basic  ']) {
    good.push(['', [basic('printer', secret, scheme)]])
  }
  for (const [form, headers] of good) {
    const { id, events } = await attempt(form, ...headers)
    t.same([id, events], ['printer', []], form + headers)
  }
  t.equal((await attempt('', basic('printer', secret).replace(/=+$/, ''))).id, 'printer')
})

t.test('client_secret_basic: both halves are encoded as a form', async t => {
  const encoded = encodeURIComponent(ODD)
  for (const half of [encoded, encoded.replaceAll('%20', '+'), encoded.toLowerCase()]) {
    t.equal((await attempt('', basic('odd.one', half))).id, 'odd.one', half)
    t.equal((await attempt('', basic('%6Fdd%2Eone', half))).id, 'odd.one', half)
  }
  const form = new URLSearchParams({ client_id: 'odd.one', client_secret: ODD })
  t.equal((await attempt(form.toString())).id, 'odd.one')
  t.equal((await attempt('', basic('odd.one', ODD))).error?.code, 'invalid_client')
})

t.test('client_secret_basic: the first colon divides the halves', async t => {
  const half = encodeURIComponent(ODD).replace('%3A', ':')
  t.match(half, /^p:/)
  t.equal((await attempt('', basic('odd.one', half))).id, 'odd.one')
})

t.test('a public client sends its id alone', async t => {
  for (const [form, ...headers] of [
    ['client_id=page'], ['client_id=page&client_secret='], ['', basic('page', '')]
  ] as [string, ...string[]][]) {
    t.equal((await attempt(form, ...headers)).id, 'page', form)
  }
})

t.test('each failure gets the same 401, with a challenge', async t => {
  const pair = `printer:${secret}`
  const failures: [form: string, headers: string[], clientId?: string][] = [
    // Wrong secret, unknown client, no secret, a secret of a public client.
    ['', [basic('printer', `${secret}x`)], 'printer'],
    ['', [basic('printer', hash)], 'printer'],
    ['', [basic('printer', hash.slice(7))], 'printer'],
    ['', [basic('unknown-app', secret)], 'unknown-app'],
    ['', [basic('printer', '')], 'printer'],
    ['', [basic('page', secret)], 'page'],
    ['', [basic('no-secret', '')], 'no-secret'],
    [`client_id=printer&client_secret=${secret}x`, [], 'printer'],
    [`client_id=unknown-app&client_secret=${secret}`, [], 'unknown-app'],
    [`client_id=page&client_secret=${secret}`, [], 'page'],
    ['client_id=printer', [], 'printer'],
    ['client_id=unknown-app', [], 'unknown-app'],
    ['client_id=no-secret', [], 'no-secret'],
    // No client at all.
    ['', []],
    [`client_secret=${secret}`, []],
    ['', [basic('', secret)]],
    // Texts that are no ids.
    ['client_id=12345', []],
    ['client_id=%0Aevil', []],
    [`client_id=${'a'.repeat(101)}`, []],
    ['', [basic('%20printer', secret)]],
    ['', [basic('printer%00', secret)]],
    // Headers that cannot be decoded.
    ['', ['']],
    ['', ['Basic']],
    ['', ['Basic ']],
    ['', [`Basic ${pair}`]],
    ['', [`Basic: ${btoa(pair)}`]],
    ['', [`Basic ${btoa(pair)} x`]],
    ['', [`Basic ${btoa(pair)}, Basic ${btoa(pair)}`]],
    ['', [`Bearer ${btoa(pair)}`]],
    ['client_id=page', ['Bearer x']],
    ['', [`Basic ${btoa('printer')}`]],
    ['', [basic('printer', `${secret}%`)]],
    ['', [basic('printer', `${secret}%zz`)]],
    ['', [basic('printer', '%ff')]],
    ['', [basic('%c0%af', secret)]],
    ['', [bytes('printer:', [0xff])]],
    ['', [bytes([0xef, 0xbb, 0xbf], pair)]]
  ]
  const [first] = await Promise.all(failures.map(async ([form, headers, clientId]) => {
    const { error, events } = await attempt(form, ...headers)
    t.strictSame(events, [
      { type: 'client_failed', ...(clientId !== undefined && { clientId }), address: '192.0.2.1' }
    ], form + headers)
    return error
  }))
  for (const [form, headers] of failures) {
    const { error } = await attempt(form, ...headers)
    t.strictSame({ ...error }, { ...first })
  }
  t.strictSame({ ...first }, {
    name: 'SimpleJwtError',
    statusCode: 401,
    code: 'invalid_client',
    body: {
      error: 'invalid_client',
      error_description: 'The client is unknown, or its secret is wrong.'
    },
    headers: { 'www-authenticate': 'Basic realm="oauth", charset="UTF-8"' }
  })
})

t.test('only a text that can be an id is looked up', async t => {
  t.same((await attempt('client_id=unknown-app')).asked, ['unknown-app'])
  for (const form of ['', 'client_id=%27', 'client_id=1', 'client_id=../admin']) {
    t.same((await attempt(form)).asked, [], form)
  }
})

t.test('two authentications at once are a bad request, and no failure of a client', async t => {
  const header = basic('printer', secret)
  const requests: [string, ...string[]][] = [
    [`client_id=printer&client_secret=${secret}`, header],
    [`client_secret=${secret}`, header],
    ['client_secret=x', 'Bearer x'],
    ['client_id=page', header],
    ['client_id=Printer', header],
    ['', header, header],
    ['', header, 'Bearer x'],
    ['client_id=page', '', '']
  ]
  for (const [form, ...headers] of requests) {
    const { error, events, asked } = await attempt(form, ...headers)
    t.match(error, { statusCode: 400, code: 'invalid_request', headers: {} }, form)
    t.match(error?.body, { error: 'invalid_request', error_description: /^[ -!#-[\]-~]+$/ })
    t.notOk(JSON.stringify(error?.body).includes(secret))
    t.same([events, asked], [[], []], form)
  }
})

t.test('a fault of the lookup is passed on, and no failure of the client', async t => {
  const { error, events } = await attempt('client_id=broken')
  t.match(error, { message: 'the database is away' })
  t.same(events, [])
})
