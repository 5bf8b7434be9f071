import fc from 'fast-check'
import t from 'tap'
import {
  type Issuer, createIssuer, createSigningKey, encode, parts
} from '../fixtures/corpus/issuer.ts'
import { EVERY, createRing } from '../fixtures/tokens/keys.ts'
import { createReaders } from '../fixtures/tokens/readers.ts'
import { brokenRule } from '../fixtures/tokens/stricter.ts'
import { mutation } from '../fixtures/tokens/token-mutations.ts'

/** FUZZ=100000 for a long run. */
const RUNS = Number(process.env.FUZZ ?? 150)

/** Tokens that are altered, that are signed after they were altered, or that are random. */
function hostileTokens (issuer: Issuer) {
  const tokens = [
    issuer.claimed(),
    issuer.headed({ kid: undefined }),
    issuer.headed({ typ: 'at+jwt' }),
    issuer.claimed({ name: 'Zoë', roles: ['a', 'b'], deep: { a: [{}] } })
  ]
  const altered = fc
    .tuple(fc.constantFrom(...tokens), fc.constantFrom(...tokens), mutation)
    .map(([token, other, mutate]) => mutate(token, other))
  const signed = altered.map(text => {
    const [header = '', payload = ''] = parts(text)
    return issuer.seal(header, payload)
  })
  const [header, payload, signature] = parts(tokens[0] as string)
  const ofBytes = fc
    .uint8Array({ maxLength: 2 * Buffer.from(signature, 'base64url').length })
    .map(bytes => `${header}.${payload}.${encode(bytes)}`)
  const respelled = signed.map(text => `${text.slice(0, -1)}${String.fromCharCode(
    text.charCodeAt(text.length - 1) + 1)}`)
  return fc.oneof(
    { arbitrary: altered, weight: 4 }, { arbitrary: signed, weight: 4 },
    { arbitrary: ofBytes, weight: 1 }, { arbitrary: respelled, weight: 1 }
  )
}

for (const algorithm of EVERY) {
  t.test(`${algorithm}: jose and fast-jwt agree, except where ours is stricter`, async t => {
    const key = createSigningKey(algorithm)
    const read = createReaders(await createRing(t, key.input), key)
    const counts: Record<string, number> = {}
    const attempt = fc.asyncProperty(
      hostileTokens(createIssuer(key, 'access', 'http://127.0.0.1:1')),
      async token => {
        const { ours, jose, fastJwt } = await read(token)
        const taken = [jose, fastJwt].filter(payload => payload !== undefined)
        const rule = ours === undefined && taken.length > 0
          ? brokenRule(token, algorithm)
          : 'agreed'
        const outcome = rule === 'agreed' && ours !== undefined ? 'agreed, accepted' : rule
        counts[String(outcome)] = (counts[String(outcome)] ?? 0) + 1
        const text = JSON.stringify(ours)
        const isSame = taken.length === 2 && taken.every(other => JSON.stringify(other) === text)
        return rule !== undefined && (ours === undefined || isSame)
      }
    )
    await fc.assert(attempt, { numRuns: RUNS })
    t.comment(JSON.stringify(counts))
    t.ok(counts['agreed, accepted'] as number > RUNS / 50, 'some tokens are good')
    t.ok(counts.agreed as number > RUNS / 10, 'and some are not')
  })
}
