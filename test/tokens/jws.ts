import fc from 'fast-check'
import t from 'tap'
import {
  type Header, MAX_TOKEN_LENGTH, decodeObject, readJws
} from '../../plugin/tokens/jws.ts'

const encode = (value: unknown): string =>
  Buffer.from(
    value instanceof Uint8Array ? value : typeof value === 'string' ? value : JSON.stringify(value)
  ).toString('base64url')
const PLAIN = encode({ alg: 'HS256' })
const withHeader = (header: unknown): string => `${encode(header)}.e30.AAAA`
const readHeader = (token: string, known?: ReadonlyMap<string, Header>): Header | undefined =>
  readJws(token, known)?.header

t.test('a compact token gives its alg and kid', async t => {
  const accepted: [string, unknown, { alg: string, kid: string | undefined }][] = [
    ['alg alone', { alg: 'HS256' }, { alg: 'HS256', kid: undefined }],
    ['typ JWT', { alg: 'HS256', typ: 'JWT' }, { alg: 'HS256', kid: undefined }],
    ['typ at+jwt', { alg: 'ES256', typ: 'at+jwt', kid: 'a' }, { alg: 'ES256', kid: 'a' }],
    [
      'an alg that nobody has, for the key ring to refuse',
      { alg: 'none' },
      { alg: 'none', kid: undefined }
    ],
    [
      'a kid that means mischief, for the key ring to refuse',
      { alg: 'HS256', kid: '__proto__' },
      { alg: 'HS256', kid: '__proto__' }
    ],
    [
      'parameters that ask for other keys are not read',
      { alg: 'HS256', jwk: {}, jku: 'http://127.0.0.1/', x5u: 'http://127.0.0.1/', x5c: [] },
      { alg: 'HS256', kid: undefined }
    ],
    [
      'unknown parameters are not read',
      '{"__proto__":{"kid":"a"},"alg":"HS256"}',
      { alg: 'HS256', kid: undefined }
    ],
    ['white space of JSON', ' {\r\n\t"alg" : "HS256" } ', { alg: 'HS256', kid: undefined }]
  ]
  for (const [what, header, expected] of accepted) {
    t.same(readHeader(withHeader(header)), expected, what)
  }
})

t.test('a header that is not one JSON object of the right members is refused', async t => {
  const refused: [string, unknown][] = [
    ['null', 'null'],
    ['an array', [{ alg: 'HS256' }]],
    ['a string', '"HS256"'],
    ['a number', '1'],
    ['text that is not JSON', 'alg=HS256'],
    ['NaN', '{"alg":NaN}'],
    ['a comment', '{"alg":"HS256"}/**/'],
    ['bytes after the object', '{"alg":"HS256"}}'],
    ['a byte order mark', '\ufeff{"alg":"HS256"}'],
    ['UTF-16', Buffer.from('{"alg":"HS256"}', 'utf16le')],
    [
      'an octet that is not UTF-8',
      Buffer.from('7b22616c67223a224853323536222c2261223a22ff227d', 'hex')
    ],
    ['an overlong octet', Buffer.from('7b22616c67223a224853323536222c2261223a22c0af227d', 'hex')],
    ['two members of one name', '{"alg":"none","alg":"HS256"}'],
    ['two of one name, one of them with escapes', '{"\\u0061lg":"HS256","alg":"HS256"}'],
    ['no alg', {}],
    ['alg null', { alg: null }],
    ['alg in an array', { alg: ['HS256'] }],
    ['alg in an object', { alg: { HS256: 1 } }],
    ['alg by inheritance', '{"__proto__":{"alg":"HS256"}}'],
    ['typ null', { alg: 'HS256', typ: null }],
    ['typ empty', { alg: 'HS256', typ: '' }],
    ['typ jwt', { alg: 'HS256', typ: 'jwt' }],
    ['typ JOSE', { alg: 'HS256', typ: 'JOSE' }],
    ['typ of a DPoP proof', { alg: 'HS256', typ: 'dpop+jwt' }],
    ['typ in an array', { alg: 'HS256', typ: ['JWT'] }],
    ['typ AT+JWT', { alg: 'HS256', typ: 'AT+JWT' }],
    ['typ with a NUL', { alg: 'HS256', typ: 'JWT\0' }],
    ['kid null', { alg: 'HS256', kid: null }],
    ['kid a number', { alg: 'HS256', kid: 1 }],
    ['kid in an array', { alg: 'HS256', kid: ['a'] }],
    ['kid an object', { alg: 'HS256', kid: {} }]
  ]
  for (const [what, header] of refused) t.equal(readHeader(withHeader(header)), undefined, what)
})

t.test('crit and b64 are refused whatever is in them', async t => {
  for (const value of [
    null,
    '',
    0,
    {},
    [],
    ['b64'],
    ['exp'],
    ['alg', 'alg'],
    [1],
    ['http://example.invalid/x'],
    true,
    false
  ]) {
    t.equal(
      readHeader(withHeader({ alg: 'HS256', crit: value })),
      undefined,
      `crit ${JSON.stringify(value)}`
    )
    t.equal(
      readHeader(withHeader({ alg: 'HS256', b64: value })),
      undefined,
      `b64 ${JSON.stringify(value)}`
    )
  }
})

t.test('a token has three segments of the base64url alphabet, none of them empty', async t => {
  const odd = [
    '',
    '.',
    '..',
    '...',
    PLAIN,
    `${PLAIN}.e30`,
    `${PLAIN}.e30.`,
    `${PLAIN}..AAAA`,
    '.e30.AAAA',
    `${PLAIN}.e30.AAAA.`,
    `.${PLAIN}.e30.AAAA`,
    `${PLAIN}.e30.AAAA.AAAA`,
    `${PLAIN}.e30.AAAA.AAAA.AAAA`,
    JSON.stringify({ protected: PLAIN, payload: 'e30', signature: 'AAAA' })
  ]
  for (const token of odd) t.equal(readHeader(token), undefined, token)
  for (const character of [
    '=', '+', '/', ' ', '\t', '\n', '\r', '\0', '"', '{', '%', ',', 'é', 'А', '\ud800', '\u200b',
    '．'
  ]) {
    for (const token of [
      `${character}${PLAIN}.e30.AAAA`, `${PLAIN}.e30${character}.AAAA`,
      `${PLAIN}.e30.AAA${character}`, `${PLAIN}.e30.AAAA${character}`
    ]) {
      t.equal(readHeader(token), undefined, JSON.stringify(token))
    }
  }
})

t.test('readJws: returns each part of a token as it is written', async t => {
  const token = `${PLAIN}.${encode({ n: 1 })}.${encode(Buffer.from('fb01', 'hex'))}`
  t.strictSame(readJws(token), {
    header: { alg: 'HS256', kid: undefined },
    headerText: PLAIN,
    signed: `${PLAIN}.${encode({ n: 1 })}`,
    payloadText: encode({ n: 1 }),
    signature: Buffer.from('fb01', 'hex')
  })
})

t.test('decodeObject: returns one JSON object in UTF-8, each name once', async t => {
  t.same(decodeObject(encode('{"name":"Zoë 🙂"}')), { name: 'Zoë 🙂' })
  t.same(decodeObject(encode('{"a":{"b":1},"b":2}')), { a: { b: 1 }, b: 2 })
  for (const text of [
    '{"a":1,"a":2}', '{"a":{"b":1,"b":1}}', 'null', '[]', '"x"', '1', 'true', '{', '{}{}',
    '{"a":NaN}', '/**/{}', '\ufeff{}', ''
  ]) {
    t.equal(decodeObject(encode(text)), undefined, text)
  }
  for (const hex of ['ff', 'c0af', 'eda080', 'f4908080', 'c3']) {
    const bytes = Buffer.concat([Buffer.from('{"a":"'), Buffer.from(hex, 'hex'), Buffer.from('"}')])
    t.equal(decodeObject(encode(bytes)), undefined, hex)
  }
})

t.test('a token of 8192 characters is read, a longer one is not', async t => {
  const rest = `${PLAIN}.e30.`
  const longest = rest + 'A'.repeat(MAX_TOKEN_LENGTH - rest.length)
  t.equal(longest.length, 8192)
  t.ok(readHeader(longest))
  t.equal(readHeader(`${longest}AAAA`), undefined)
  t.equal(readHeader(rest + 'A'.repeat(1_000_001)), undefined)
  for (const length of [8193, 8194, 8195, 8196]) {
    t.equal(readHeader('A'.repeat(length - 6) + '.e30.A'), undefined, `${length}`)
  }
})

t.test('no text makes it throw', async () => {
  const anything = fc.oneof(
    fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.base64String()
  )
  const dotted = fc
    .array(
      fc.oneof(
        anything,
        fc.jsonValue().map(value => encode(JSON.stringify(value) ?? '')),
        fc.uint8Array().map(encode)
      ),
      { maxLength: 5 }
    )
    .map(parts => parts.join('.'))
  fc.assert(fc.property(fc.oneof(anything, dotted), token => {
    const header = readHeader(token)
    return (
      header === undefined ||
      (typeof header.alg === 'string' &&
        (header.kid === undefined || typeof header.kid === 'string'))
    )
  }), { numRuns: 2000 })
})

t.test('of all the ways to write the same bytes only canonical base64url is read', async () => {
  const segment = fc
    .array(fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'), {
      minLength: 1,
      maxLength: 9
    })
    .map(characters => characters.join(''))
  const isCanonical = (text: string): boolean => encode(Buffer.from(text, 'base64url')) === text
  fc.assert(
    fc.property(
      segment,
      signature =>
        (readHeader(`${PLAIN}.e30.${signature}`) !== undefined) === isCanonical(signature)
    ),
    { numRuns: 5000 }
  )
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'),
      (text, last) => {
        const payload = encode(text === '' ? 'x' : text)
        const other = payload.slice(0, -1) + last
        return (
          readHeader(`${PLAIN}.${payload}.AAAA`) !== undefined &&
          (isCanonical(other) || readHeader(`${PLAIN}.${other}.AAAA`) === undefined)
        )
      }
    ),
    { numRuns: 2000 }
  )
  const header = encode('{"alg":"HS256"} ')
  for (const last of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
    const other = header.slice(0, -1) + last
    if (!isCanonical(other) && readHeader(`${other}.e30.AAAA`) !== undefined) {
      throw new Error(`${other} was read`)
    }
  }
})

t.test('readJws: reuses a known header, and still checks the other segments', async t => {
  const token = withHeader({ alg: 'HS256', kid: 'a' })
  const header = { alg: 'HS256', kid: 'as it was read before' }
  const known = new Map([[encode({ alg: 'HS256', kid: 'a' }), header]])
  t.equal(readHeader(token, known), header)
  t.same(readHeader(withHeader({ alg: 'HS256', kid: 'b' }), known), { alg: 'HS256', kid: 'b' })
  for (const other of [
    `${token}=`, `${token}.`, token.replace('.e30.', '.e3.'), token.replace('AAAA', 'AAB')
  ]) {
    t.equal(readHeader(other, known), undefined, other)
  }
})
