import { randomBytes } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import fastify from 'fastify'
import type { AccessClaims } from '../plugin/tokens/claims.ts'
import { createRegistration } from '../plugin/registration.ts'
import { newId } from '../plugin/ids.ts'
import type { KeyInput } from '../plugin/index.ts'
import { generateKey } from '../plugin/keys/generate-key.ts'
import { resolveOptions } from '../plugin/resolve-options.ts'
import type { Tokens } from '../plugin/tokens/jwt.ts'
import {
  type VerificationCache, createVerificationCache
} from '../plugin/tokens/verification-cache.ts'
import { type Settings, fixed, heapInUse, percentile, table } from './harness.ts'
import { type Report, atMost } from './report.ts'
import type { Scope } from './scope.ts'
import { createZipf } from './zipf.ts'

/**
 * Requests that are timed, and how many of them at once: one alone would be shorter than the look
 * at the clock.
 */
const [REQUESTS, BATCH] = [200_000, 1000]
/** Tokens whose heap is measured: the default of the option. */
const TOKENS = 10_000

/**
 * How large `verificationCache` should be: how many requests bring a token that it knows, what they
 * take, and its heap.
 */
export default async function cacheSize (t: Scope, { quick }: Settings): Promise<Report> {
  const users = quick ? [1000, 10_000] : [1000, 10_000, 100_000, 1_000_000]
  const sizes = [0, ...users]
  const [hs256, es256] = [await tokensOf(t, 'HS256'), await tokensOf(t, 'ES256')]
  // What others have left behind is freed in the first rounds, and would be taken for less than
  // nothing.
  const perToken = percentile(Array.from({ length: 5 }, () => heapPerToken(hs256, TOKENS)), 0.5)
  const verifying = [hs256, es256].map(tokens => microsecondsToVerify(tokens, quick ? 50 : 1000))
  const sample = mint(hs256)

  const known: string[][] = sizes.map(() => [])
  const costs: string[][] = sizes.map(() => [])
  for (const count of users) {
    const traffic = createTraffic(count, sample)
    for (const [index, size] of sizes.entries()) {
      console.error(`cache-size: ${fixed(size)} tokens, ${fixed(count)} users`)
      const { share, microseconds } = await measure(
        createVerificationCache(size, 0), size, traffic, quick ? 20_000 : REQUESTS
      )
      known[index]?.push(`${fixed(share * 100, 1)} %`)
      costs[index]?.push(
        verifying.map(verify => fixed(microseconds + (1 - share) * verify, 1)).join(' / ')
      )
    }
  }
  const rows = (cells: string[][]): string => table(
    ['verificationCache', 'heap when full', ...users.map(count => `${fixed(count)} users`)],
    sizes.map((size, index) => [
      fixed(size), `${fixed((size * perToken) / 2 ** 20, 1)} MiB`, ...(cells[index] as string[])
    ])
  )
  return {
    text: `In process. Users are those who send something within the life of an access token (5 minutes by default), each with one token of ${sample.length} characters. Whose request comes next is drawn by Zipf's law with exponent 1: the second user sends half as many as the first, the tenth a tenth. The first request of each token, which no cache knows, is not counted.

How many of the requests bring a token that the cache knows:

${rows(known)}
Microseconds to look a token up, and to verify it if it is not known: HS256, which takes ${fixed(verifying[0] as number, 1)} us, / ES256, which takes ${fixed(verifying[1] as number, 1)} us:

${rows(costs)}
So: as many as there are users at a time, where the heap (${fixed(perToken)} bytes a token) is there; a tenth of that knows two in three of theirs. What is larger is never filled, and takes nothing.
`,
    figures: [
      atMost(
        'heap of a token in the verification cache',
        1024,
        perToken,
        value => `${fixed(value)} bytes`
      )
    ]
  }
}

/** What mints and verifies tokens of an algorithm. */
async function tokensOf (t: Scope, algorithm: 'HS256' | 'ES256'): Promise<Tokens> {
  const app = fastify()
  t.after(() => app.close())
  const jwk = generateKey(algorithm)
  const key: KeyInput =
    algorithm === 'HS256' ? { algorithm, secret: jwk.k as string } : { algorithm, privateKey: jwk }
  return (
    await createRegistration(
      app, resolveOptions({ keys: [key], verifyCredentials: () => null, rateLimit: false })
    )
  ).tokens
}

const mint = (tokens: Tokens): string =>
  tokens.mintAccess(
    {
      sid: newId(),
      userId: `${1_000_000 + Math.floor(Math.random() * 1_000_000)}`,
      endsAt: Infinity,
      accessLifetime: Infinity
    },
    {}
  )

/** Bytes of heap that a token takes, the text of its header and its claims included. */
function heapPerToken (tokens: Tokens, count: number): number {
  const received = Array.from({ length: count }, () => Buffer.from(`Bearer ${mint(tokens)}`))
  const before = heapInUse()
  const cache = createVerificationCache(count, 0)
  for (const bytes of received) {
    const credentials = bytes.toString('latin1')
    const claims = tokens.verifyAccess(credentials.slice(7)) as AccessClaims
    remember(cache, credentials, claims)
  }
  const used = heapInUse() - before
  if (cache.get(String(received[0]), 0) === undefined) {
    throw new Error('the cache does not hold all tokens')
  }
  return used / count
}

/** Median of rounds, the first of which warms up. */
function microsecondsToVerify (tokens: Tokens, count: number): number {
  const minted = Array.from({ length: count }, () => mint(tokens))
  const times = Array.from({ length: 10 }, () => {
    const begun = performance.now()
    for (const token of minted) {
      if (typeof tokens.verifyAccess(token) === 'string') {
        throw new Error('a good token was refused')
      }
    }
    return (performance.now() - begun) / count * 1000
  })
  return percentile(times.slice(1), 0.5)
}

/**
 * The credentials of each user, or of the next who sends something: a text of its own each time, as
 * a request has it.
 */
interface Traffic { users: number, of(user: number): string, next(): string }

/**
 * Tokens that differ where the cache looks, at their end: a million signatures would take a minute.
 */
function createTraffic (users: number, sample: string): Traffic {
  const text = Buffer.from(`Bearer ${sample}`)
  const ends = randomBytes(9 * users)
  const draw = createZipf(users)
  const of = (user: number): string => {
    text.write(ends.toString('base64url', 9 * user, 9 * user + 9), text.length - 12, 'latin1')
    return text.toString('latin1')
  }
  return { users, of, next: () => of(draw()) }
}

const claims: AccessClaims = Object.freeze({
  token_type: 'access',
  exp: Infinity,
  jti: 'any',
  user_id: '1'
})

/**
 * The share of requests whose token is known, and the microseconds to look one up, and to remember
 * it if it is not known.
 */
async function measure (
  cache: VerificationCache, size: number, traffic: Traffic, requests: number
): Promise<{ share: number, microseconds: number }> {
  await fill(cache, size, traffic)
  let [known, spent] = [0, 0]
  for (let done = 0; done < requests; done += BATCH) {
    const batch = Array.from({ length: BATCH }, traffic.next)
    const begun = performance.now()
    for (const credentials of batch) {
      if (cache.get(credentials, 0) !== undefined) known++
      else cache.set(credentials, claims)
    }
    spent += performance.now() - begun
    await nextTurn()
  }
  return { share: known / requests, microseconds: spent / requests * 1000 }
}

/** A token enters when it has come again. */
function remember (cache: VerificationCache, credentials: string, claims: AccessClaims): void {
  while (cache.get(credentials, 0) === undefined) cache.set(credentials, claims)
}

/**
 * With all users, or with those who came last: once it is full of them, what came before makes no
 * difference.
 */
async function fill (
  cache: VerificationCache, size: number, { users, of, next }: Traffic
): Promise<void> {
  const all = size >= users
  for (let held = 0; held < Math.min(size, users);) {
    const credentials = all ? of(held) : next()
    if (cache.get(credentials, 0) !== undefined) continue
    remember(cache, credentials, claims)
    if (++held % BATCH === 0) await nextTurn()
  }
}
