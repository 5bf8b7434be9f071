import type { Algorithm } from '../plugin/keys/algorithms.ts'
import { startChild } from './child.ts'
import { type Settings, fixed, median, ratios, spread, table } from './harness.ts'
import { type Contender, inTurn } from './http.ts'
import { type NodeBinary, nodeBinaries } from './nodes.ts'
import { type Figure, type Report, atMost, sameRatio } from './report.ts'
import { type Scope, scoped } from './scope.ts'
import { createMint } from './tokens.ts'
import type { Way } from './verifier.ts'

/** The bound of each algorithm: the guard, of the signature alone by node:crypto. */
const BOUNDS = { HS256: 2.2, RS256: 1.25, ES256: 1.1, EdDSA: 1.08 } satisfies
  Partial<Record<Algorithm, number>>

/** Tokens that come again. The cache has them all. */
const FEW = 200
/** Tokens that come one after the other, and a cache that is too small for them. */
const [MANY, CACHE] = [2000, 1000]

/** What the guard costs beyond the signature, in process, under each Node.js. */
export async function signatureLimits (t: Scope, settings: Settings): Promise<Required<Report>> {
  const figures: Figure[] = []
  const rows: string[][] = []
  for (const binary of nodeBinaries(settings.node)) {
    for (const [algorithm, bound] of Object.entries(BOUNDS) as [Algorithm, number][]) {
      const times = await scoped(t, t => measure(t, algorithm, binary, settings))
      const [ours = [], alone = [], again = [], seen = []] = times
      const beside = { node: binary.node, same: sameRatio(median(ratios(again, alone)), inTimes) }
      rows.push([
        binary.version, algorithm, ...[alone, again, ours, seen].map(side => spread(side, 2)),
        spread(ratios(ours, alone), 2)
      ])
      figures.push(
        atMost(
          `guard in process, new token, ${algorithm}, of its signature by node:crypto`, bound,
          median(ratios(ours, alone)), inTimes, beside
        )
      )
      if (algorithm !== 'HS256') continue
      figures.unshift(
        atMost(
          'guard in process, cached token', 0.3, median(seen), value => `${fixed(value, 2)} us`,
          beside
        )
      )
    }
  }
  return {
    text: 'Microseconds of one call of the guard, and of the signature alone by the fastest call ' +
      'of node:crypto, with the ES256 signature in DER. Each side runs in its own process.\n\n' +
      table(
        [
          'Node.js', 'algorithm', 'signature', 'the same, again', 'guard, new token',
          'guard, cached token', 'guard of signature'
        ],
        rows
      ),
    charts: [],
    figures
  }
}

const inTimes = (value: number): string => `${fixed(value, 2)} times`

async function measure (
  t: Scope, algorithm: Algorithm, { path }: NodeBinary, { quick }: Settings
): Promise<number[][]> {
  const { key, mint } = createMint(algorithm)
  const [few, many] = [mint(FEW), mint(MANY)]
  const way = { algorithm, key, cache: CACHE }
  const ways: Way[] = [
    { ...way, verifier: 'fastify-simplejwt', tokens: many },
    { ...way, verifier: 'signature', tokens: many },
    { ...way, verifier: 'signature', tokens: many },
    { ...way, verifier: 'fastify-simplejwt', tokens: few }
  ]
  const sides = await Promise.all(ways.map(way => timed(t, way, quick ? 20 : 100, path)))
  return inTurn(sides, quick ? 2 : 25)
}

/** A way to verify in its own process. Measures microseconds a call. */
export async function timed (
  t: Scope, way: Way, ms: number, execPath?: string
): Promise<Contender<number>> {
  const child = await startChild(t, 'verifier.js', [], execPath)
  await child.ask(way)
  return {
    name: `${way.verifier}, ${way.algorithm}`,
    measure: async () => await child.ask({ ms }) as number
  }
}
