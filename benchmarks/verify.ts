import { startChild } from './child.ts'
import { type Settings, bar, fixed, percentile, spread, table } from './harness.ts'
import { type Report, atMost } from './report.ts'
import type { Scope } from './scope.ts'
import { createMint } from './tokens.ts'
import type { Way } from './verifier.ts'

/** As many users as one process may well serve at a time, and six times what the caches hold. */
const [FEW, MANY] = [200, 60_000]

/**
 * What one verification costs in process, without HTTP. Each way has a process to itself: what one
 * leaves to the collector of garbage another would have to clear away.
 */
export default async function verify (t: Scope, { quick }: Settings): Promise<Report> {
  const { key, mint } = createMint('HS256')
  const few = mint(FEW)
  const many = mint(quick ? 1000 : MANY)
  const ways: (Way & { name: string })[] = [
    { name: 'fastify-simplejwt, seen before', verifier: 'fastify-simplejwt', tokens: few },
    { name: 'fast-jwt with its cache, seen before', verifier: 'fast-jwt-cache', tokens: few },
    { name: 'fastify-simplejwt, each another', verifier: 'fastify-simplejwt', tokens: many },
    { name: 'HMAC-SHA256 alone: the limit', verifier: 'hmac', tokens: many },
    { name: 'fast-jwt', verifier: 'fast-jwt', tokens: many },
    { name: 'jsonwebtoken, with a KeyObject', verifier: 'jsonwebtoken', tokens: many },
    { name: 'jose', verifier: 'jose', tokens: many }
  ].map(way => ({ ...way, key }))
  const times = await inTurn(t, ways, quick ? { rounds: 2, ms: 20 } : { rounds: 15, ms: 250 })
  return {
    text: `Microseconds a call, HS256, ${FEW} tokens that come again or ${fixed(many.length)} that come in turn, each time as a text of its own, as it comes from a socket. Ours is the whole guard, called as Fastify calls it; what is made for a call is made before, and not measured. Each way in a process of its own. Median (least-most) of rounds in turn.\n\n${table(
      ['what', 'us'],
      ways.map(({ name }, index) => [name, spread(times[index] as number[], 2)])
    )}`,
    charts: [{
      file: 'verify.svg',
      title: 'What one verification costs in process, HS256',
      unit: 'microseconds, less is better',
      bars: ways.map(({ name }, index) =>
        bar(name, times[index] as number[], name.startsWith('fastify-simplejwt'))
      )
    }],
    figures: [
      atMost(
        'the guard in process, HS256, a token seen before',
        0.3,
        percentile(times[0] as number[], 0.5),
        value => `${fixed(value, 2)} us`
      )
    ]
  }
}

/**
 * Microseconds a call of each way in each round, the ways in turn. A round of each to warm up does
 * not count.
 */
async function inTurn (
  t: Scope, ways: Way[], { rounds, ms }: { rounds: number, ms: number }
): Promise<number[][]> {
  const times: number[][] = ways.map(() => [])
  const children = await Promise.all(ways.map(async ({ verifier, key, tokens }) => {
    const child = await startChild(t, 'verifier.js')
    await child.ask({ verifier, key, tokens } satisfies Way)
    return child
  }))
  for (let round = 0; round <= rounds; round++) {
    for (const [index, child] of children.entries()) {
      const microseconds = await child.ask({ ms }) as number
      if (round > 0) times[index]?.push(microseconds)
    }
  }
  return times
}
