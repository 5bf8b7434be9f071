import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'
import { createVerifier } from 'fast-jwt'
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { jwtVerify } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import simplejwt from '../plugin/index.ts'
import { type Settings, bar, fixed, interleaved, percentile, spread, table } from './harness.ts'
import { type Report, atMost } from './report.ts'
import type { Scope } from './scope.ts'
import { createMint } from './tokens.ts'

/** Calls that are timed together: one alone would be shorter than the look at the clock. */
const BATCH = 500
/** As many users as one process may well serve at a time, and six times what the caches hold. */
const [FEW, MANY] = [200, 60_000]

/** A way to verify: a token that comes again and again, or another each time. */
interface Way { name: string, tokens: string[], verify(token: string): unknown }

const REQUEST = 'a request made for the guard: a part of the rows below'

/** What one verification costs in this process, without HTTP. */
export default async function verify (t: Scope, { quick }: Settings): Promise<Report> {
  const { key, mint } = createMint('HS256')
  const secret = createSecretKey(Buffer.from(key))
  const few = mint(FEW)
  const many = mint(quick ? 1000 : MANY)
  const guard = await ours(t, key)
  const fast = createVerifier({ key, algorithms: ['HS256'] })
  const fastCached = createVerifier({ key, algorithms: ['HS256'], cache: 10_000 })
  const ways: Way[] = [
    { name: REQUEST, tokens: few, verify: requestWith },
    { name: 'fastify-simplejwt, seen before', tokens: few, verify: guard },
    { name: 'fast-jwt with its cache, seen before', tokens: few, verify: fastCached },
    { name: 'fastify-simplejwt, each another', tokens: many, verify: guard },
    { name: 'HMAC-SHA256 alone: the limit', tokens: many, verify: token => hmac(token, secret) },
    { name: 'fast-jwt', tokens: many, verify: fast },
    { name: 'jsonwebtoken, with a KeyObject', tokens: many, verify: token => jsonwebtoken.verify(token, secret, { algorithms: ['HS256'] }) },
    { name: 'jose', tokens: many, verify: token => jwtVerify(token, secret, { algorithms: ['HS256'] }) }
  ]
  const text = `Microseconds a call, HS256, ${FEW} tokens that come again or ${many.length} that come in turn. Ours is the whole guard, called as Fastify calls it with a request whose header is made anew each time. Median (least-most) of rounds in turn.\n\n`
  const rates = await interleaved(ways.map(batches), { inFlight: 1, rounds: quick ? 2 : 9, ms: quick ? 50 : 500 })
  const times = rates.map(side => side.map(rate => 1_000_000 / rate / BATCH))
  const guarded = (times[1] as number[]).map((time, round) => time - (times[0]?.[round] as number))
  return {
    text: text + table(['what', 'us'], ways.map(({ name }, index) => [name, spread(times[index] as number[], 2)])),
    charts: [{
      file: 'verify.svg',
      title: 'What one verification costs in process, HS256',
      unit: 'microseconds, less is better',
      bars: ways.map(({ name }, index) => bar(name, times[index] as number[], name.startsWith('fastify-simplejwt')))
    }],
    figures: [atMost('the guard in process, HS256, a token seen before', 0.3, percentile(guarded, 0.5), value => `${fixed(value, 2)} us`)]
  }
}

function batches ({ tokens, verify }: Way): () => Promise<void> {
  let next = 0
  return async () => {
    for (let count = 0; count < BATCH; count++) {
      const verified = verify(tokens[next++ % tokens.length] as string)
      if (verified instanceof Promise) await verified
    }
  }
}

function hmac (token: string, secret: ReturnType<typeof createSecretKey>): void {
  const end = token.lastIndexOf('.')
  const expected = createHmac('sha256', secret).update(token.slice(0, end)).digest()
  if (!timingSafeEqual(expected, Buffer.from(token.slice(end + 1), 'base64url'))) throw new Error('It does not verify.')
}

/** The guard, as Fastify calls it. */
async function ours (t: Scope, secret: string): Promise<(token: string) => void> {
  const app = fastify()
  t.after(() => app.close())
  await app.register(simplejwt, { secret, verifyCredentials: () => null, rateLimit: false })
  await app.ready()
  const done = (error?: Error): void => { if (error !== undefined) throw error }
  return token => { app.authenticate(requestWith(token), undefined as unknown as FastifyReply, done) }
}

/** As much of a request as the guard looks at. The header is a text of its own, as it is when it comes from a socket. */
function requestWith (token: string): FastifyRequest {
  const authorization = Buffer.from(`Bearer ${token}`, 'latin1').toString('latin1')
  const request = { headers: { authorization }, raw: { rawHeaders: ['Host', '127.0.0.1', 'Connection', 'keep-alive', 'Authorization', authorization] }, user: null }
  return request as unknown as FastifyRequest
}
