import type { RequestListener } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { type FetchedKeys, fetchJwks } from '../../plugin/keys/fetch-jwks.ts'
import { generateKey } from '../../plugin/keys/generate-key.ts'
import { publicPart, serve } from '../fixtures/servers/serve.ts'
import type { Test } from '../fixtures/servers/home.ts'
import { EC, OKP, RSA, useless, without } from '../fixtures/tokens/useless-keys.ts'

const open = () => new AbortController().signal

async function fetchFrom (t: Test, listener: RequestListener): Promise<FetchedKeys> {
  const { url } = await serve(t, listener)
  return fetchJwks(new URL(url), open())
}

/** What is left of a list of keys. */
const fetched = (t: Test, keys: unknown[]): Promise<FetchedKeys> =>
  fetchFrom(t, (_request, response) => {
    response.end(JSON.stringify({ keys }))
  })

t.test('the keys of a JWK set are read, each for its algorithm', async t => {
  const { keys } = await fetched(t, [RSA, EC, OKP])
  t.same(
    keys.map(({ kid, algorithm }) => [kid, algorithm]),
    [
      [RSA.kid, 'RS256'],
      [EC.kid, 'ES256'],
      [OKP.kid, 'EdDSA']
    ]
  )
  t.same(keys.map(({ publicKey }) => publicKey.type), ['public', 'public', 'public'])
  t.same(keys.map(({ privateKey }) => privateKey), [undefined, undefined, undefined])
})

t.test('fetchJwks: sends one GET with an Accept header and no credentials', async t => {
  const asked: unknown[] = []
  await fetchFrom(t, ({ method, url, headers }, response) => {
    asked.push([method, url, headers.accept, headers.authorization, headers.cookie])
    response.end(JSON.stringify({ keys: [OKP] }))
  })
  t.same(asked, [['GET', '/', 'application/jwk-set+json, application/json', undefined, undefined]])
})

t.test('fetchJwks: computes maxAge from Cache-Control and Age', async t => {
  const cases: [headers: Record<string, string>, seconds: number][] = [
    [{}, 600],
    [{ 'cache-control': 'public' }, 600],
    [{ 'cache-control': 's-maxage=5' }, 600],
    [{ 'cache-control': 'max-age=' }, 600],
    [{ 'cache-control': 'max-age=-1' }, 600],
    [{ 'cache-control': 'public, max-age=300' }, 300],
    [{ 'cache-control': 'MAX-AGE="60", must-revalidate' }, 60],
    [{ 'cache-control': 'max-age=0' }, 0],
    [{ 'cache-control': 'max-age=300', age: '100' }, 200],
    [{ 'cache-control': 'max-age=300', age: '1000' }, 0],
    [{ 'cache-control': 'max-age=300', age: 'long' }, 0],
    [{ 'cache-control': 'no-store' }, 0],
    [{ 'cache-control': 'max-age=300, No-Cache' }, 0],
    [{ 'cache-control': 'max-age=999999999' }, 999_999_999]
  ]
  for (const [headers, seconds] of cases) {
    const { maxAge } = await fetchFrom(t, (_request, response) => {
      response.setHeaders(new Map(Object.entries(headers))).end(JSON.stringify({ keys: [OKP] }))
    })
    t.equal(maxAge, seconds * 1000, JSON.stringify(headers))
  }
})

t.test('fetchJwks: drops unusable keys and keeps the others', async t => {
  for (const [name, key] of Object.entries(useless)) {
    t.same((await fetched(t, [key, OKP])).keys.map(({ kid }) => kid), [OKP.kid], name)
  }
})

t.test('without "alg" a curve tells the algorithm, and an RSA key is for RS256', async t => {
  const curves = ['ES256', 'ES384', 'ES512', 'EdDSA'] as const
  const { keys } = await fetched(
    t, [...curves.map(name => publicPart(generateKey(name))), RSA].map(key => without(key, 'alg'))
  )
  t.same(keys.map(({ algorithm }) => algorithm), [...curves, 'RS256'])
  t.same(
    (await fetched(t, [{ ...RSA, alg: 'PS384' }])).keys[0]?.algorithm,
    'PS384',
    'with it, what it says'
  )
})

t.test('a key without a kid is taken, and so are key_ops with verify', async t => {
  const { keys } = await fetched(t, [without(EC, 'kid'), { ...OKP, key_ops: ['verify'] }])
  t.same(keys.map(({ kid }) => kid), [undefined, OKP.kid])
})

t.test('a set with a byte order mark is taken', async t => {
  const body = `\ufeff${JSON.stringify({ keys: [OKP] })}`
  const { url } = await serve(t, text(body))
  const { keys } = await fetchJwks(new URL(url), new AbortController().signal)
  t.same(keys.map(({ kid }) => kid), [OKP.kid])
})

t.test('a key with the alg Ed25519 is one of EdDSA, and Ed448 is none', async t => {
  const { keys } = await fetched(t, [
    { ...OKP, alg: 'Ed25519' }, { ...OKP, alg: 'Ed448' }, { ...EC, alg: 'Ed25519' }, EC
  ])
  t.same(keys.map(({ algorithm }) => algorithm), ['EdDSA', 'ES256'])
})

t.test('100 keys are taken', async t =>
  t.equal((await fetched(t, Array(100).fill(OKP))).keys.length, 100)
)

const text =
  (body: string | Buffer, status = 200, headers: Record<string, string> = {}): RequestListener =>
    (_request, response) => {
      response.writeHead(status, headers).end(body)
    }

const failures: Record<string, [answer: RequestListener, error: RegExp]> = {
  '201 instead of 200': [text('{"keys":[]}', 201), /^The issuer answered 201, expected 200\.$/],
  'no content': [text('', 204), /^The issuer answered 204, expected 200\.$/],
  '404 with a JWK set': [text('{"keys":[]}', 404), /^The issuer answered 404, expected 200\.$/],
  '503 with HTML': [text('<p>away', 503), /^The issuer answered 503, expected 200\.$/],
  'no JSON': [text('<html>'), /JSON/],
  nothing: [text(''), /JSON/],
  null: [text('null'), /is not a JWK set/],
  'an array': [text('[]'), /is not a JWK set/],
  'a string': [text('"keys"'), /is not a JWK set/],
  'no keys': [text('{}'), /is not a JWK set/],
  'keys that are no array': [text('{"keys":{"length":1}}'), /is not a JWK set/],
  '101 keys': [text(JSON.stringify({ keys: Array(101).fill(OKP) })), /has more than 100 keys/],
  'a set without keys': [text('{"keys":[]}'), /has no usable key/],
  'a set of keys for other things': [
    text(JSON.stringify({ keys: [{ ...OKP, use: 'enc' }] })), /has no usable key/
  ],
  'more than 256 KiB': [text(`{"keys":[]}${' '.repeat(262_144)}`), /is longer than 262144 bytes/],
  'more than 256 KiB in few bytes of gzip': [
    text(gzipSync(`{"keys":[]}${' '.repeat(10_000_000)}`), 200, { 'content-encoding': 'gzip' }),
    /is longer than 262144 bytes/
  ],
  'an endless answer': [endlessly, /is longer than 262144 bytes/],
  'invalid gzip': [text('{"keys":[]}', 200, { 'content-encoding': 'gzip' }), /./],
  'invalid chunks': [
    (_request, { socket }) => {
      socket?.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{"keys":[]}\r\n')
    },
    /./
  ],
  'an answer cut short': [
    (_request, { socket }) => {
      socket?.end('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"keys":[]}')
    },
    /./
  ],
  'something else than HTTP': [(_request, { socket }) => { socket?.end('220 ready\r\n') }, /./],
  'an end without an answer': [(_request, { socket }) => { socket?.destroy() }, /./]
}

/** Each write once the one before is gone. */
function endlessly (_request: unknown, response: Parameters<RequestListener>[1]): void {
  const write = (): unknown => response.destroyed || response.write(' '.repeat(16_384), write)
  write()
}

for (const [name, [answer, error]] of Object.entries(failures)) {
  t.test(`fails on ${name}`, async t => {
    await t.rejects(fetchFrom(t, answer), { message: error })
  })
}

t.test('follows no redirect', async t => {
  const other = await serve(t, text('{"keys":[]}'))
  for (const status of [301, 302, 303, 307, 308]) {
    await t.rejects(fetchFrom(t, text('', status, { location: other.url })), String(status))
  }
  t.equal(other.count, 0)
})

t.test('fetchJwks: fails when the connection is refused', async t => {
  const { url, server } = await serve(t, () => {})
  server.close()
  await t.rejects(fetchJwks(new URL(url), open()))
})

t.test('fetchJwks: aborts when the server closes, before the head or in the body', async t => {
  for (const begin of ['', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n']) {
    const closing = new AbortController()
    const { url } = await serve(t, (_request, { socket }) => {
      socket?.write(begin)
      setTimeout(() => closing.abort(), 50)
    })
    const begun = performance.now()
    await t.rejects(fetchJwks(new URL(url), closing.signal), { name: 'AbortError' })
    t.ok(performance.now() - begun < 2000)
  }
})

t.test('fetchJwks: sends no request after the server has closed', async t => {
  const served = await serve(t, text('{"keys":[]}'))
  await t.rejects(fetchJwks(new URL(served.url), AbortSignal.abort()), { name: 'AbortError' })
  t.equal(served.count, 0)
})

t.test('fetchJwks: times out after 5 s, also when garbage is collected meanwhile', async t => {
  setFlagsFromString('--expose-gc')
  const collecting = setInterval(runInNewContext('gc') as () => void, 200)
  t.after(() => clearInterval(collecting))
  const closing = new AbortController()
  const tooLate = setTimeout(() => closing.abort(), 7000)
  t.after(() => clearTimeout(tooLate))
  const { url } = await serve(t, () => {})
  const begun = performance.now()
  await t.rejects(fetchJwks(new URL(url), closing.signal), { name: 'TimeoutError' })
  t.ok(performance.now() - begun > 4900)
})
