import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import t from 'tap'
import {
  type Issuer, createIssuer, createSigningKey, encode, parts, until
} from '../fixtures/corpus/issuer.ts'
import { EVERY, createRing } from '../fixtures/tokens/keys.ts'
import { type Readings, createReaders } from '../fixtures/tokens/readers.ts'
import { brokenRule } from '../fixtures/tokens/stricter.ts'
import { mutation } from '../fixtures/tokens/token-mutations.ts'

/** Tokens of each algorithm. FUZZ=100000 for a long run. */
const TOKENS = Number(process.env.FUZZ ?? 160)

/** Another last character: the same bytes, or another signature. */
const respelled = (text: string): string =>
  text.slice(0, -1) + String.fromCharCode(text.charCodeAt(text.length - 1) + 1)

/** Four hostile texts: altered, signed after that, signed and respelled, with random bytes. */
function hostileTokens (issuer: Issuer) {
  const tokens = [
    issuer.claimed(),
    issuer.headed({ kid: undefined }),
    issuer.headed({ typ: 'at+jwt' }),
    issuer.claimed({ name: 'Zoë', roles: ['a', 'b'], deep: { a: [{}] } })
  ]
  const [,, signature] = parts(tokens[0] as string)
  const length = Buffer.from(signature, 'base64url').length
  const bytes = fc.oneof(
    fc.uint8Array({ minLength: length, maxLength: length }), fc.uint8Array({ maxLength: 600 }))
  return fc.tuple(fc.constantFrom(...tokens), fc.constantFrom(...tokens), mutation, bytes)
    .map(([token, other, mutate, bytes]) => {
      const altered = mutate(token, other)
      const [header = '', payload = ''] = parts(altered)
      const signed = issuer.seal(header, payload)
      return [altered, signed, respelled(signed), `${header}.${payload}.${encode(bytes)}`]
    })
}

/**
 * Returns how the three agree on a token: all take it, none does, or the rule that ours has more.
 * @throws Error if they differ in another way
 */
function outcomeOf (token: string, algorithm: string, { ours, jose, fastJwt }: Readings): string {
  const others = [jose, fastJwt]
  if (ours === undefined) {
    if (others.every(payload => payload === undefined)) return 'refused'
    const rule = brokenRule(token, algorithm)
    if (rule !== undefined) return rule
  }
  const text = JSON.stringify(ours)
  if (others.every(payload => JSON.stringify(payload) === text)) return 'accepted'
  throw new Error(`ours: ${text}, jose: ${JSON.stringify(jose)}, ` +
    `fast-jwt: ${JSON.stringify(fastJwt)} for ${JSON.stringify(token)}`)
}

for (const algorithm of EVERY) {
  t.test(`${algorithm}: jose and fast-jwt agree, except where ours is stricter`, async t => {
    const key = createSigningKey(algorithm)
    const read = createReaders(await createRing(t, key.input), key)
    const counts: Record<string, number> = { accepted: 0, refused: 0 }
    const attempt = fc.asyncProperty(
      hostileTokens(createIssuer(key, 'access', 'http://127.0.0.1:1')),
      async tokens => {
        for (const token of tokens) {
          const outcome = outcomeOf(token, algorithm, await read(token))
          counts[outcome] = (counts[outcome] ?? 0) + 1
        }
      }
    )
    await fc.assert(attempt, { numRuns: Math.ceil(TOKENS / 4) })
    const { accepted = 0, refused = 0 } = counts
    t.comment(`${algorithm}: ${JSON.stringify(counts)}`)
    t.ok(accepted > 0 && refused > accepted, `${accepted} accepted, ${refused} refused`)
  })
}

/** A token that only ours refuses, for each rule of the decision record. */
const ONLY_OURS: [what: string, make: (issuer: Issuer) => string][] = [
  ['a token of more than 8192 characters', issuer => issuer.claimed({ pad: 'x'.repeat(8192) })],
  ['base64url that is not canonical', issuer =>
    respelled(until(() => issuer.claimed(), token => /[AEIMQUYcgkosw048]$/.test(token)))],
  ['a payload that is not UTF-8', issuer =>
    issuer.seal(encode(issuer.header()), encode(Buffer.from('{"a":"\xff"}', 'latin1')))],
  ['a byte order mark before a header', issuer =>
    issuer.sign({}, `\ufeff${JSON.stringify(issuer.header())}`)],
  ['a byte order mark before a payload', issuer => issuer.sign('\ufeff{}')],
  ['a repeated member in a header', issuer =>
    issuer.sign({}, `{"kid":"x",${JSON.stringify(issuer.header()).slice(1)}`)],
  ['a repeated member in a payload', issuer => issuer.sign('{"a":1,"a":2}')],
  ['`b64` in a header', issuer => issuer.headed({ b64: true })],
  ['a `typ` other than `JWT` and `at+jwt`', issuer => issuer.headed({ typ: 'JOSE' })],
  ['a `kid` that is not a string', issuer => issuer.headed({ kid: 1 })],
  ['a `kid` of no configured key', issuer => issuer.headed({ kid: 'other' })],
  ['a PSS signature without its leading zeros', issuer => {
    const [header, payload, signature] = parts(until(() => issuer.claimed(), token =>
      Buffer.from(parts(token)[2], 'base64url')[0] === 0))
    return `${header}.${payload}.${encode(Buffer.from(signature, 'base64url').subarray(1))}`
  }]
]

const record = readFileSync('docs/decisions/009-verification.md', 'utf8')

t.test('the decision record says which tokens only ours refuses', async t => {
  const key = createSigningKey('PS256')
  const issuer = createIssuer(key, 'access', 'http://127.0.0.1:1')
  const read = createReaders(await createRing(t, key.input), key)
  const answer = (payload: unknown): string => payload === undefined ? 'refuses' : 'accepts'
  for (const [what, make] of ONLY_OURS) {
    const token = make(issuer)
    const { ours, jose, fastJwt } = await read(token)
    t.equal(ours, undefined, what)
    t.ok(brokenRule(token, 'PS256'))
    t.match(record, `| ${what} | ${answer(jose)} | ${answer(fastJwt)} |`)
  }
})

t.test('the decision record says which token only ours accepts', async t => {
  const key = createSigningKey('EdDSA')
  const read = createReaders(await createRing(t, key.input), key)
  const token = createIssuer(key, 'access', 'http://127.0.0.1:1').headed({ alg: 'Ed25519' })
  const { ours, jose, fastJwt } = await read(token)
  t.match(ours, { token_type: 'access' })
  t.strictSame([jose, fastJwt], [undefined, undefined])
  t.match(record, 'accepts one token that the other two refuse: one with `alg` `Ed25519`')
})
