import type { AddressInfo } from 'node:net'
import t from 'tap'
import { buildApp, createUsers } from '../fixtures/app.ts'
import { sendBytes } from '../fixtures/clients/raw-bytes.ts'

const GOOD = '{"username":"vitor","password":"123"}'
const LENGTH = GOOD.length
const JSON_TYPE = 'Content-Type: application/json'

/** A login whose lines come after these, and then this body. */
const post = (
  lines: string[], body = GOOD, first = 'POST /api/token/ HTTP/1.1', host = 'Host: x'
): string =>
  [first, ...(host === '' ? [] : [host]), JSON_TYPE, 'Connection: close', ...lines, '', body].join(
    '\r\n'
  )
const chunk = (text: string, size = text.length.toString(16)): string => `${size}\r\n${text}\r\n`

/**
 * Bodies that end elsewhere than they say, or say it in two ways (RFC 9112 sections 6 and 7). The
 * login in them would be good.
 */
const CASES: Record<string, string | Buffer> = {
  'a length of one less': post([`Content-Length: ${LENGTH - 1}`]),
  'a length of one more': post([`Content-Length: ${LENGTH + 1}`]),
  'a length of a megabyte': post(['Content-Length: 1000000']),
  'a length of 2^64': post(['Content-Length: 18446744073709551616']),
  'a length below 0': post(['Content-Length: -1']),
  'a length with a sign': post([`Content-Length: +${LENGTH}`]),
  'a length in hex': post([`Content-Length: 0x${LENGTH.toString(16)}`]),
  'a length with an exponent': post(['Content-Length: 3e1']),
  'a length with a point': post([`Content-Length: ${LENGTH}.0`]),
  'a length twice in one line': post([`Content-Length: ${LENGTH}, ${LENGTH}`]),
  'two lengths': post([`Content-Length: ${LENGTH}`, 'Content-Length: 2']),
  'two lengths, the first of nothing': post(['Content-Length: 0', `Content-Length: ${LENGTH}`]),
  'an empty length': post(['Content-Length:']),
  'a length that is a word': post(['Content-Length: all']),
  'no length': post([]),
  'a length and chunks': post(
    [`Content-Length: ${LENGTH}`, 'Transfer-Encoding: chunked'], `${chunk(GOOD)}0\r\n\r\n`
  ),
  'chunks and a length': post(
    ['Transfer-Encoding: chunked', 'Content-Length: 4'], `${chunk(GOOD)}0\r\n\r\n`
  ),
  'chunks of another spelling': post(['Transfer-Encoding: xchunked'], `${chunk(GOOD)}0\r\n\r\n`),
  'chunks that are not last': post(
    ['Transfer-Encoding: chunked, identity'], `${chunk(GOOD)}0\r\n\r\n`
  ),
  'chunks that are none': post(['Transfer-Encoding: chunked']),
  'a chunk without a last one': post(['Transfer-Encoding: chunked'], chunk(GOOD)),
  'a chunk of a size in decimal': post(
    ['Transfer-Encoding: chunked'], `${chunk(GOOD, String(LENGTH))}0\r\n\r\n`
  ),
  'a chunk of a size below 0': post(
    ['Transfer-Encoding: chunked'], `${chunk(GOOD, '-25')}0\r\n\r\n`
  ),
  'a chunk of a size with 0x': post(
    ['Transfer-Encoding: chunked'], `${chunk(GOOD, '0x25')}0\r\n\r\n`
  ),
  'a chunk of a size beyond 2^64': post(
    ['Transfer-Encoding: chunked'], `${chunk(GOOD, '10000000000000025')}0\r\n\r\n`
  ),
  'a chunk with more in it': post(['Transfer-Encoding: chunked'], `25\r\n${GOOD}more\r\n0\r\n\r\n`),
  'a chunk with an extension of 20,000 characters': post(
    ['Transfer-Encoding: chunked'], `25;${'x'.repeat(20_000)}\r\n${GOOD}\r\n0\r\n\r\n`
  ),
  'chunks of 20,000 bytes in all': post(
    ['Transfer-Encoding: chunked'], `${chunk(' '.repeat(10_000)).repeat(2)}${chunk(GOOD)}0\r\n\r\n`
  ),
  'chunks of an object for a password': post(
    ['Transfer-Encoding: chunked'],
    `${chunk('{"username":"vitor",')}${chunk('"password":{"$ne":1}}')}0\r\n\r\n`
  ),
  'no host': post([`Content-Length: ${LENGTH}`], GOOD, undefined, ''),
  'another version of HTTP': post([`Content-Length: ${LENGTH}`], GOOD, 'POST /api/token/ HTTP/3.0'),
  'another protocol': post([`Content-Length: ${LENGTH}`], GOOD, 'POST /api/token/ SIP/2.0'),
  'a path with a space': post([`Content-Length: ${LENGTH}`], GOOD, 'POST /api/ token/ HTTP/1.1'),
  'a path without a slash': post([`Content-Length: ${LENGTH}`], GOOD, 'POST api/token/ HTTP/1.1'),
  'a path of 20,000 characters': post(
    [`Content-Length: ${LENGTH}`], GOOD, `POST /api/token/${'x'.repeat(20_000)} HTTP/1.1`
  ),
  'a method of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'a hello of TLS': Buffer.from('16030100a5010000a10303', 'hex'),
  'a request of SMTP': 'EHLO x\r\nMAIL FROM: a\r\n\r\n',
  'bytes of no kind': Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
  'three thousand headers': post([
    ...Array.from({ length: 3000 }, (_, n) => `X${n}: 1`), `Content-Length: ${LENGTH}`
  ]),
  'half a request': 'POST /api/token/ HTTP/1.1\r\nHost: x\r\nContent-'
}

t.test('a login that comes in a broken frame is none, whatever the frame says', async t => {
  let logins = 0
  const users = createUsers()
  const { app, login } = await buildApp(t, {
    verifyCredentials: ({ username }) => {
      logins++
      return users.find(user => user.name === username) ?? null
    }
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo

  for (const [what, bytes] of Object.entries(CASES)) {
    const { statuses, text } = await sendBytes(port, bytes)
    t.ok(
      statuses.every(status => status >= 400 && status < 500),
      `${what}: ${statuses.join() || 'hung up'}`
    )
    t.notOk(text.includes('eyJ'), `${what}: no token comes back`)
    for (const status of statuses) if (status === 401) t.match(text, /^www-authenticate: Bearer/mi)
  }
  t.equal(logins, 0)

  const inOrder = post([`Content-Length: ${LENGTH}`])
  const inChunks = post(
    ['Transfer-Encoding: chunked'],
    `${chunk(GOOD.slice(0, 9))}${chunk(GOOD.slice(9))}0\r\nX-Trailer: 1\r\n\r\n`
  )
  for (const bytes of [inOrder, inChunks]) {
    t.same((await sendBytes(port, bytes)).statuses, [200], 'a whole one is let in')
  }
  await login()
  t.equal(logins, 3)
})
