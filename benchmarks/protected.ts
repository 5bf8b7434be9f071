import { type Algorithm, ALGORITHMS } from '../plugin/algorithms.ts'
import { type Settings, bar, fixed, percentile, spread, table } from './harness.ts'
import { type Round, type Side, httpRounds } from './http.ts'
import { type Figure, type Report, atLeast, atMost } from './report.ts'
import type { Scope } from './scope.ts'
import { type Minted, createMint } from './tokens.ts'

const CONNECTIONS = 20
/** Requests that a connection has under way where the processor is to be the limit. */
const PIPELINED = 10
/**
 * Tokens that come one after the other, and as many of them as a round may need. What a round takes is more than half of what a cache
 * holds: when its tokens come again, two rounds later, they have left it.
 */
const [MANY, IN_A_ROUND] = [60_000, 20_000]

/** Those that a bound is set for. */
const BOUND: Algorithm[] = ['RS256', 'ES256', 'EdDSA']

/** A side, and its rounds beside those of the plain route. */
interface Measured { name: string, rounds: Round[], more: number[], ofPlain: number[] }

const NAMES = { plain: 'plain', again: 'plain, once more', ours: 'fastify-simplejwt', theirs: '@fastify/jwt' }

/** What a guarded request costs: a route without a guard, ours, and the peers; then ours with each algorithm. */
export default async function protectedRoute (t: Scope, { quick }: Settings): Promise<Report> {
  const minted = createMint('HS256')
  const few = always(minted.mint(CONNECTIONS))
  const many = minted.mint(quick ? CONNECTIONS * 100 : MANY)
  const side = (name: string, server: string, tokens = few): Side => ({ name, server, guard: minted, tokens })
  const sides = [
    side(NAMES.plain, 'plain'),
    side(NAMES.again, 'plain'),
    side('plain, an empty hook', 'empty-hook'),
    side(NAMES.ours, 'simplejwt'),
    side(NAMES.theirs, 'fastify-jwt'),
    side('@fastify/jwt, cache', 'fastify-jwt-cache'),
    side('fastify-jwt-jwks', 'fastify-jwt-jwks'),
    side('Express, express-jwt', 'express-jwt'),
    side('Express, passport-jwt', 'passport-jwt'),
    side('Koa, koa-jwt', 'koa-jwt'),
    side('Hono, hono/jwt', 'hono')
  ]
  // In rounds of their own: a load that has just made so many requests is slow for a while.
  const cold = [
    side(NAMES.plain, 'plain', inTurn(many)),
    side(NAMES.ours, 'simplejwt', inTurn(many)),
    side(NAMES.theirs, 'fastify-jwt', inTurn(many))
  ]
  const load = { rounds: quick ? 1 : 13, seconds: 0.5, amount: quick ? 100 : undefined, connections: CONNECTIONS }
  const one = beside(sides, await httpRounds(t, sides, { ...load, pipelining: 1 }))
  const pipelined = beside(sides, await httpRounds(t, sides, { ...load, pipelining: PIPELINED }))
  const once = beside(cold, await httpRounds(t, cold, { ...load, seconds: 1, pipelining: PIPELINED }))
  const kinds = (quick ? BOUND : Object.keys(ALGORITHMS) as Algorithm[]).flatMap(algorithm => algorithmSides(createMint(algorithm)))
  const algorithms = [sides[0] as Side, ...kinds]
  const each = beside(algorithms, await httpRounds(t, algorithms, { rounds: quick ? 1 : 7, seconds: 0.5, amount: quick ? 100 : undefined, connections: CONNECTIONS, pipelining: PIPELINED }))

  return {
    text: `\`GET /hello/\`, ${CONNECTIONS} connections, HS256, the same ${CONNECTIONS} tokens again and again. Median (least-most) of rounds in turn; CPU is the server's, in microseconds a request. The columns on the right are against the plain route of the same round: what the second plain route differs by is the error of the measurement.

One request at a time on each connection:

${rows(one)}
${PIPELINED} requests at a time on each, so that the processor of the server is the limit and the sockets cost less:

${rows(pipelined)}
As many at a time, ${fixed(many.length)} tokens in turn, so that each is new to all caches:

${rows(once)}
Each algorithm, tokens seen before, ${PIPELINED} requests at a time:

${rows(each)}
Not alike: fastify-simplejwt checks kind, dates, session and revocation besides the signature, and its cache is on, as it is by default; @fastify/jwt has none by default. Those that verify with jsonwebtoken are given a \`KeyObject\`: with the text of a secret each look at it would take 2 ms on Node 20. Express, Koa and Hono are other frameworks: what their rows have more than fastify-jwt's is not all verification. hono/jwt verifies by WebCrypto, in the thread pool.
`,
    charts: [{
      file: 'protected.svg',
      title: 'A guarded route, HS256',
      unit: `requests per second, ${CONNECTIONS} connections, ${PIPELINED} requests at a time; more is better`,
      bars: pipelined.filter(({ name }) => name === NAMES.plain || !name.startsWith(NAMES.plain)).map(({ name, rounds }) => bar(name, rounds.map(({ rate }) => rate), name.startsWith(NAMES.ours)))
    }],
    figures: figuresOf(one, pipelined, once, each)
  }
}

const algorithmSides = (minted: Minted): Side[] => {
  const tokens = always(minted.mint(CONNECTIONS))
  return [['fastify-simplejwt', 'simplejwt'], ['@fastify/jwt', 'fastify-jwt']].map(([name, server]) => ({ name: `${minted.algorithm}, ${name}`, server: server as string, guard: minted, tokens }))
}

const always = (tokens: string[]) => () => tokens

/** The next part of the tokens in each round. */
function inTurn (tokens: string[]): () => string[] {
  let round = 0
  return () => {
    const start = round++ * IN_A_ROUND % tokens.length
    return tokens.slice(start, start + IN_A_ROUND)
  }
}

const beside = (sides: Side[], measured: Round[][]): Measured[] => sides.map(({ name }, index) => {
  const [plain, rounds] = [measured[0] as Round[], measured[index] as Round[]]
  return {
    name,
    rounds,
    more: rounds.map(({ cpu }, round) => cpu - (plain[round] as Round).cpu),
    ofPlain: rounds.map(({ rate }, round) => rate / (plain[round] as Round).rate)
  }
})

const rows = (measured: Measured[]): string => table(['route', 'requests/s', 'CPU us', 'p50 ms', 'p99 ms', 'of plain', 'CPU us more'], measured.map(({ name, rounds, more, ofPlain }) => [
  name,
  spread(rounds.map(({ rate }) => rate)),
  spread(rounds.map(({ cpu }) => cpu), 1),
  latency(rounds.map(({ p50 }) => p50)),
  latency(rounds.map(({ p99 }) => p99)),
  spread(ofPlain, 3),
  spread(more, 1)
]))

const latency = (times: (number | undefined)[]): string => times.includes(undefined) ? '-' : fixed(median(times as number[]), 2)

const median = (values: number[]): number => percentile(values, 0.5)

function figuresOf (one: Measured[], pipelined: Measured[], once: Measured[], each: Measured[]): Figure[] {
  const of = (measured: Measured[], name: string): Measured => measured.find(side => side.name === name) as Measured
  const microseconds = (value: number): string => `${fixed(value, 1)} us`
  const ratio = (value: number): string => fixed(value, 3)
  const error = median(of(pipelined, NAMES.again).more.map(Math.abs))
  const cold = of(once, NAMES.ours).more
  return [
    atMost(`CPU that the guard adds to a request, HS256, seen before, beyond the ${microseconds(error)} that two plain routes differ by`, 1, median(of(pipelined, NAMES.ours).more) - error, microseconds),
    atLeast(`guarded of plain requests per second, one at a time on each connection (two plain routes: ${ratio(median(of(one, NAMES.again).ofPlain))})`, 0.97, median(of(one, NAMES.ours).ofPlain), ratio),
    atLeast('CPU that the guard of @fastify/jwt adds, of what ours adds, every token new to both', 1.1, median(of(once, NAMES.theirs).more.map((theirs, round) => theirs / (cold[round] as number))), ratio),
    ...BOUND.map(algorithm =>
      atMost(`CPU that the guard adds to a request, ${algorithm}, seen before, beyond that`, 1, median(of(each, `${algorithm}, fastify-simplejwt`).more) - error, microseconds))
  ]
}
