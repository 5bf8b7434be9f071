import type { RequestListener } from 'node:http'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import {
  type FetchDocument, type FetchOutcome, createFetchDocument
} from '../../../plugin/oauth/documents/fetch-document.ts'
import { isPublicAddress } from '../../../plugin/oauth/documents/public-address.ts'
import {
  documentOf, openDocumentHost, serveDocuments
} from '../../fixtures/oauth/document-host.ts'
import type { Test } from '../../fixtures/servers/home.ts'
import { serve } from '../../fixtures/servers/serve.ts'
import { selfSigned } from '../../fixtures/servers/self-signed.ts'

t.jobs = 4

const open = (): AbortSignal => new AbortController().signal
const PATH = '/client.json'

async function outcomeOf (t: Test, listener: RequestListener): Promise<FetchOutcome> {
  const { urlOf, fetchDocument } = await openDocumentHost(t, listener)
  return fetchDocument(urlOf(PATH), open())
}

const json = (body: string | Buffer, headers: Record<string, string> = {}): RequestListener =>
  (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(body)
  }
const status = (code: number, headers: Record<string, string> = {}): RequestListener =>
  (_request, response) => {
    response.writeHead(code, { 'content-type': 'application/json', ...headers }).end('{}')
  }

t.test('fetchDocument: sends one GET without credentials', async t => {
  const sent: unknown[] = []
  const { urlOf, fetchDocument } = await openDocumentHost(t, (request, response) => {
    const { method, url, headers: { host: _host, ...headers } } = request
    sent.push([method, url, headers])
    serveDocuments()(request, response)
  })
  const url = urlOf('/client.json?version=2')
  t.same(await fetchDocument(url, open()),
    { status: 'fetched', document: documentOf(url), maxAgeMs: undefined })
  t.same(sent, [['GET', '/client.json?version=2', {
    accept: 'application/json', 'accept-encoding': 'identity', connection: 'close'
  }]])
})

t.test('fetchDocument: asks the name servers at each fetch', async t => {
  const { urlOf, fetchWith } = await openDocumentHost(t, serveDocuments())
  const asked: string[] = []
  const fetchDocument = fetchWith({
    resolve: async host => {
      asked.push(host)
      return ['127.0.0.1']
    }
  })
  for (const path of ['/1', '/2']) {
    t.match(await fetchDocument(urlOf(path), open()), { status: 'fetched' })
  }
  t.same(asked, ['app.example', 'app.example'], 'no pooled connection skips the check')
})

t.test('fetchDocument: reads how long the document may be cached', async t => {
  const cases: [headers: Record<string, string>, maxAgeMs: number | undefined][] = [
    [{}, undefined],
    [{ 'cache-control': 'public, max-age=3600' }, 3_600_000],
    [{ 'cache-control': 'max-age=3600', age: '600' }, 3_000_000],
    [{ 'cache-control': 'no-store' }, 0]
  ]
  for (const [headers, maxAgeMs] of cases) {
    t.match(await outcomeOf(t, json('{}', headers)), { status: 'fetched', maxAgeMs })
  }
})

t.test('fetchDocument: takes the types of JSON only', async t => {
  for (const type of [
    'application/json', 'application/json; charset=utf-8', 'application/JSON',
    'application/oauth-client+json', 'application/vnd.example.v2+json;x=y'
  ]) {
    t.match(await outcomeOf(t, json('{}', { 'content-type': type })), { status: 'fetched' }, type)
  }
  for (const type of [
    'text/html', 'text/plain', 'application/jsonp', 'application/xml; a=application/json', ''
  ]) {
    t.match(await outcomeOf(t, json('{}', { 'content-type': type })),
      { status: 'refused', reason: 'The Content-Type is not application/json.' }, type)
  }
  const without: RequestListener = (_request, response) => { response.end('{}') }
  t.match(await outcomeOf(t, without), { status: 'refused' }, 'no type')
})

t.test('fetchDocument: follows no redirect', async t => {
  const inside = await serve(t, (_request, response) => { response.end('{}') })
  for (const code of [301, 302, 303, 307, 308]) {
    for (const location of [inside.url, '/moved.json']) {
      const { urlOf, requests, fetchDocument } =
        await openDocumentHost(t, status(code, { location }))
      t.same(await fetchDocument(urlOf(PATH), open()),
        { status: 'refused', reason: `The host answered ${code}, expected 200.` })
      t.same(requests, [PATH])
    }
  }
  t.equal(inside.count, 0)
})

t.test('fetchDocument: says which statuses may pass', async t => {
  for (const code of [404, 408, 429, 500, 502, 503]) {
    t.match(await outcomeOf(t, status(code)), { status: 'unavailable' }, String(code))
  }
  for (const code of [201, 203, 400, 401, 403, 410, 451]) {
    t.match(await outcomeOf(t, status(code)), { status: 'refused' }, String(code))
  }
})

t.test('fetchDocument: connects only to a public address', async t => {
  const { urlOf, requests, fetchWith } = await openDocumentHost(t, serveDocuments())
  for (const addresses of [['127.0.0.1'], ['::ffff:127.0.0.1'], ['93.184.215.14', '127.0.0.1']]) {
    const fetchDocument = fetchWith({
      resolve: async () => addresses, isPublic: isPublicAddress
    })
    t.same(await fetchDocument(urlOf(PATH), open()),
      { status: 'refused', reason: 'The host has an address that is not public.' })
  }
  t.same(requests, [])
})

t.test('fetchDocument: a name that changes its address meets the check (rebinding)', async t => {
  const { urlOf, requests, fetchWith } = await openDocumentHost(t, serveDocuments())
  // The first answer is good, and each later one is the server itself.
  const answers = [['127.0.0.1'], ['127.0.0.2'], ['127.0.0.2']]
  const checked: string[] = []
  const fetchDocument = fetchWith({
    resolve: async () => answers.shift() ?? [],
    isPublic: address => {
      checked.push(address)
      return address === '127.0.0.1'
    }
  })
  t.match(await fetchDocument(urlOf('/1'), open()), { status: 'fetched' })
  t.match(await fetchDocument(urlOf('/2'), open()), { status: 'refused' })
  t.same(checked, ['127.0.0.1', '127.0.0.2'], 'one answer is checked and connected to')
  t.same(requests, ['/1'])
})

t.test('fetchDocument: the default asks name servers, and refuses this machine', async t => {
  const outcome = await createFetchDocument()('https://localhost/client.json', open())
  t.not(outcome.status, 'fetched')
})

t.test('fetchDocument: refuses the certificate of another host', async t => {
  const { urlOf, requests, fetchWith } = await openDocumentHost(t, serveDocuments())
  const other = urlOf(PATH).replace('app.example', 'other.example')
  t.match(await fetchWith({})(other, open()), { status: 'unavailable', reason: /altnames/ })
  const { cert } = await selfSigned('app.example')
  t.match(await fetchWith({ ca: cert })(urlOf(PATH), open()),
    { status: 'unavailable', reason: /self-signed certificate|unable to verify/ })
  t.test('also if the environment turns the check off', async t => {
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    t.teardown(() => {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before
    })
    t.match(await fetchWith({})(other, open()), { status: 'unavailable' })
  })
  t.same(requests, [])
})

const LONG = `{"client_name":"${'a'.repeat(16_384)}"}`
const endless: RequestListener = (_request, response) => {
  response.setHeader('content-type', 'application/json')
  const write = (): unknown => response.destroyed || response.write(' '.repeat(4096), write)
  write()
}
const FAULTS: Record<string, [RequestListener, Partial<Record<'status' | 'reason', unknown>>]> = {
  'more than 16 KB': [json(LONG), { status: 'unavailable', reason: /longer than 16384 bytes/ }],
  'an endless document': [endless, { status: 'unavailable', reason: /longer than 16384 bytes/ }],
  'a small file that gets large': [json(gzipSync(LONG), { 'content-encoding': 'gzip' }),
    { status: 'refused', reason: 'The document is not JSON.' }],
  'text that is not JSON': [json('<html>secret'),
    { status: 'refused', reason: 'The document is not JSON.' }],
  'an empty document': [json(''), { status: 'refused', reason: 'The document is not JSON.' }],
  'headers that are too long': [json('{}', { 'x-long': 'a'.repeat(20_000) }),
    { status: 'unavailable', reason: /Header overflow/ }],
  'a document that is cut short': [
    json('{', { 'content-length': '1000' }), { status: 'unavailable' }
  ],
  'no answer': [({ socket }) => { socket.destroy() }, { status: 'unavailable' }],
  'an answer in another protocol': [({ socket }) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n')
  }, { status: 'unavailable', reason: 'The host sent no response.' }]
}
for (const [name, [listener, expected]] of Object.entries(FAULTS)) {
  // A fetch that does not end must fail here, also under a longer timeout of the run.
  t.test(`fetchDocument: fails on ${name}`, { timeout: 15_000 }, async t => {
    t.match(await outcomeOf(t, listener), expected)
  })
}

t.test('fetchDocument: a document of 16 KB is read', async t => {
  const body = JSON.stringify({ client_name: 'a'.repeat(16_384 - 18) })
  t.equal(body.length, 16_384)
  t.match(await outcomeOf(t, json(body)), { status: 'fetched' })
})

t.test('fetchDocument: fails if no name server answers', async t => {
  const { urlOf, fetchWith } = await openDocumentHost(t, serveDocuments())
  const fetchDocument = fetchWith({ resolve: async () => { throw new Error('no address') } })
  t.same(await fetchDocument(urlOf(PATH), open()), { status: 'unavailable', reason: 'no address' })
})

/** Runs a fetch that hangs. Returns its outcome and the seconds that it took. */
async function timed (fetchDocument: FetchDocument, url: string, signal = open()) {
  const begun = performance.now()
  const outcome = await fetchDocument(url, signal)
  return { outcome, seconds: (performance.now() - begun) / 1000 }
}

const drip: RequestListener = (_request, response) => {
  response.setHeader('content-type', 'application/json').write('{')
  const timer = setInterval(() => response.write(' '), 200)
  response.once('close', () => clearInterval(timer))
}
const HANGING: Record<string, RequestListener> = {
  'a host that does not answer': () => {},
  'a host that sends a byte now and then': drip
}
for (const [name, listener] of Object.entries(HANGING)) {
  t.test(`fetchDocument: gives up after 5 s on ${name}`, async t => {
    const { urlOf, fetchDocument } = await openDocumentHost(t, listener)
    const { outcome, seconds } = await timed(fetchDocument, urlOf(PATH))
    t.same(outcome, { status: 'unavailable', reason: 'The host did not answer within 5000 ms.' })
    t.ok(seconds >= 4.9 && seconds < 15, `${seconds} s`)
  })
}

t.test('fetchDocument: gives up after 5 s on a name server that does not answer', async t => {
  const { urlOf, fetchWith } = await openDocumentHost(t, serveDocuments())
  const { outcome } = await timed(fetchWith({ resolve: () => new Promise(() => {}) }), urlOf(PATH))
  t.same(outcome, { status: 'unavailable', reason: 'The host did not answer within 5000 ms.' })
})

t.test('fetchDocument: aborts when the server closes', async t => {
  const { urlOf, fetchDocument } = await openDocumentHost(t, drip)
  const closing = new AbortController()
  setTimeout(() => closing.abort(), 50)
  const { outcome, seconds } = await timed(fetchDocument, urlOf(PATH), closing.signal)
  t.match(outcome, { status: 'unavailable' })
  t.ok(seconds < 4)
})
