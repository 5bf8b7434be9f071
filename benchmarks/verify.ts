import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'
import { createVerifier } from 'fast-jwt'
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { jwtVerify } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import simplejwt from '../plugin/index.ts'
import { type Settings, bar, fixed, percentile, spread, table } from './harness.ts'
import { type Report, atMost } from './report.ts'
import type { Scope } from './scope.ts'
import { createMint } from './tokens.ts'

/** Calls that are timed together: one alone would be shorter than the look at the clock. */
const BATCH = 500
/** As many users as one process may well serve at a time, and six times what the caches hold. */
const [FEW, MANY] = [200, 60_000]

/** A way to verify what a token was made into: one that comes again and again, or another each time. */
interface Way { name: string, tokens: string[], call (token: string): () => unknown }

/** What one verification costs in this process, without HTTP. */
export default async function verify (t: Scope, { quick }: Settings): Promise<Report> {
  const { key, mint } = createMint('HS256')
  const secret = createSecretKey(Buffer.from(key))
  const few = mint(FEW)
  const many = mint(quick ? 1000 : MANY)
  const guard = await ours(t, key)
  const fast = createVerifier({ key, algorithms: ['HS256'] })
  const fastCached = createVerifier({ key, algorithms: ['HS256'], cache: 10_000 })
  const way = (name: string, tokens: string[], verify: (token: string) => unknown): Way => ({ name, tokens, call: token => () => verify(token) })
  const ways: Way[] = [
    { name: 'fastify-simplejwt, seen before', tokens: few, call: guard },
    way('fast-jwt with its cache, seen before', few, fastCached),
    { name: 'fastify-simplejwt, each another', tokens: many, call: guard },
    way('HMAC-SHA256 alone: the limit', many, token => hmac(token, secret)),
    way('fast-jwt', many, fast),
    way('jsonwebtoken, with a KeyObject', many, token => jsonwebtoken.verify(token, secret, { algorithms: ['HS256'] })),
    way('jose', many, token => jwtVerify(token, secret, { algorithms: ['HS256'] }))
  ]
  const times = await inTurn(ways, quick ? { rounds: 2, ms: 20 } : { rounds: 15, ms: 250 })
  return {
    text: `Microseconds a call, HS256, ${FEW} tokens that come again or ${fixed(many.length)} that come in turn, each time as a text of its own, as it comes from a socket. Ours is the whole guard, called as Fastify calls it; what is made for a call is made before, and not measured. Median (least-most) of rounds in turn.\n\n${
      table(['what', 'us'], ways.map(({ name }, index) => [name, spread(times[index] as number[], 2)]))}`,
    charts: [{
      file: 'verify.svg',
      title: 'What one verification costs in process, HS256',
      unit: 'microseconds, less is better',
      bars: ways.map(({ name }, index) => bar(name, times[index] as number[], name.startsWith('fastify-simplejwt')))
    }],
    figures: [atMost('the guard in process, HS256, a token seen before', 0.3, percentile(times[0] as number[], 0.5), value => `${fixed(value, 2)} us`)]
  }
}

/** Microseconds a call of each way in each round, the ways in turn. A round of each to warm up does not count. */
async function inTurn (ways: Way[], { rounds, ms }: { rounds: number, ms: number }): Promise<number[][]> {
  const rates: number[][] = ways.map(() => [])
  const measures = ways.map(measure)
  for (let round = 0; round <= rounds; round++) {
    for (const [index, microseconds] of measures.entries()) {
      const time = await microseconds(ms)
      if (round > 0) rates[index]?.push(time)
    }
  }
  return rates
}

/** Goes on with the tokens where it stopped. */
function measure ({ tokens, call }: Way): (ms: number) => Promise<number> {
  let next = 0
  return async ms => {
    let [calls, spent] = [0, 0]
    for (; spent < ms; calls += BATCH) {
      const batch = Array.from({ length: BATCH }, () => call(textOf(tokens[next++ % tokens.length] as string)))
      const begun = performance.now()
      for (const verify of batch) {
        const verified = verify()
        if (verified instanceof Promise) await verified
      }
      spent += performance.now() - begun
    }
    return spent / calls * 1000
  }
}

/** A text of its own, in one piece. */
const textOf = (token: string): string => Buffer.from(token, 'latin1').toString('latin1')

function hmac (token: string, secret: ReturnType<typeof createSecretKey>): void {
  const end = token.lastIndexOf('.')
  const expected = createHmac('sha256', secret).update(token.slice(0, end)).digest()
  if (!timingSafeEqual(expected, Buffer.from(token.slice(end + 1), 'base64url'))) throw new Error('It does not verify.')
}

/** The guard, as Fastify calls it. */
async function ours (t: Scope, secret: string): Promise<Way['call']> {
  const app = fastify()
  t.after(() => app.close())
  await app.register(simplejwt, { secret, verifyCredentials: () => null, rateLimit: false })
  await app.ready()
  const done = (error?: Error): void => { if (error !== undefined) throw error }
  return token => {
    const request = requestWith(textOf(`Bearer ${token}`)) as unknown as FastifyRequest
    return () => { app.authenticate(request, undefined as unknown as FastifyReply, done) }
  }
}

/** As much of a request as the guard looks at. */
const requestWith = (authorization: string) =>
  ({ headers: { authorization }, raw: { rawHeaders: ['Host', '127.0.0.1', 'Connection', 'keep-alive', 'Authorization', authorization] }, user: null })
