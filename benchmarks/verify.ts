import { type Settings, bar, fixed, spread, table } from './harness.ts'
import { inTurn } from './http.ts'
import type { Report } from './report.ts'
import type { Scope } from './scope.ts'
import { signatureLimits, timed } from './signature-limits.ts'
import { createMint } from './tokens.ts'

/** Tokens that come again, and six times the tokens of a cache. */
const [FEW, MANY] = [200, 60_000]

/** What one verification costs in process, without HTTP. */
export default async function verify (t: Scope, settings: Settings): Promise<Report> {
  const limits = await signatureLimits(t, settings)
  return settings.boundsOnly ? limits : { ...limits, ...await beside(t, settings, limits.text) }
}

/** The guard beside other packages, HS256. */
async function beside (t: Scope, { quick }: Settings, limits: string): Promise<Report> {
  const { key, mint } = createMint('HS256')
  const few = mint(FEW)
  const many = mint(quick ? 1000 : MANY)
  const ways = [
    { name: 'fastify-simplejwt, cached token', verifier: 'fastify-simplejwt', tokens: few },
    { name: 'fast-jwt with its cache, cached token', verifier: 'fast-jwt-cache', tokens: few },
    { name: 'fastify-simplejwt, new token', verifier: 'fastify-simplejwt', tokens: many },
    { name: 'HMAC-SHA256 alone: the limit', verifier: 'signature', tokens: many },
    { name: 'fast-jwt', verifier: 'fast-jwt', tokens: many },
    { name: 'jsonwebtoken, with a KeyObject', verifier: 'jsonwebtoken', tokens: many },
    { name: 'jose', verifier: 'jose', tokens: many }
  ]
  const sides = await Promise.all(ways.map(({ verifier, tokens }) =>
    timed(t, { verifier, tokens, key, algorithm: 'HS256' }, quick ? 20 : 100)
  ))
  const times = await inTurn(sides, quick ? 2 : 15)
  return {
    text: `${limits}
The guard beside other packages. Microseconds a call, HS256, ${FEW} tokens that come again or ${fixed(many.length)} that are new. Each token is a new string, as from a socket. The guard is called as Fastify calls it. Each side runs in its own process.

${table(['side', 'us'], ways.map(({ name }, index) => [name, spread(times[index] as number[], 2)]))}`,
    charts: [{
      file: 'verify.svg',
      title: 'One verification in process, HS256',
      unit: 'microseconds, less is better',
      bars: ways.map(({ name }, index) =>
        bar(name, times[index] as number[], name.startsWith('fastify-simplejwt'))
      )
    }]
  }
}
