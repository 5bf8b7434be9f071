import { type Algorithm, ALGORITHMS } from '../plugin/keys/algorithms.ts'
import { type Measured, beside, besideRows, median, named } from './beside-plain.ts'
import { type Settings, bar, fixed, spread, table } from './harness.ts'
import { type Side, httpRounds } from './http.ts'
import { type Figure, type Report, atLeast, atMost } from './report.ts'
import { type Scope, scoped } from './scope.ts'
import { createMint } from './tokens.ts'

const CONNECTIONS = 20
/** Requests that a connection has under way where the processor is to be the limit. */
const PIPELINED = 10
/**
 * Tokens that come one after the other, and as many of them as a round may need. What a round takes
 * is more than half of what a cache holds: when its tokens come again, two rounds later, they have
 * left it.
 */
const [MANY, IN_A_ROUND] = [60_000, 20_000]

/** Those that a bound is set for. */
const BOUND: Algorithm[] = ['RS256', 'ES256', 'EdDSA']

const NAMES = {
  plain: 'plain',
  again: 'plain, once more',
  ours: 'fastify-simplejwt',
  theirs: '@fastify/jwt'
}

/**
 * What a guarded request costs: a route without a guard, ours, and the peers; then ours with each
 * algorithm.
 */
export default async function protectedRoute (t: Scope, { quick }: Settings): Promise<Report> {
  const minted = createMint('HS256')
  const few = always(minted.mint(CONNECTIONS))
  const many = minted.mint(quick ? CONNECTIONS * 100 : MANY)
  const side = (name: string, server: string, tokens = few): Side => ({
    name,
    server,
    guard: minted,
    tokens
  })
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
  const load = {
    rounds: quick ? 1 : 13,
    seconds: 0.5,
    amount: quick ? 100 : undefined,
    connections: CONNECTIONS
  }
  const one = beside(sides, await httpRounds(t, sides, { ...load, pipelining: 1 }))
  const pipelined = beside(sides, await httpRounds(t, sides, { ...load, pipelining: PIPELINED }))
  const once = beside(
    cold, await httpRounds(t, cold, { ...load, seconds: 1, pipelining: PIPELINED })
  )
  const each = new Map<Algorithm, Measured[]>()
  for (const algorithm of quick ? BOUND : Object.keys(ALGORITHMS) as Algorithm[]) {
    const sides = algorithmSides(algorithm)
    const measured = await scoped(t, t =>
      httpRounds(t, sides, { ...load, rounds: quick ? 1 : 7, pipelining: PIPELINED })
    )
    each.set(algorithm, beside(sides, measured))
  }

  return {
    text: `\`GET /hello/\`, ${CONNECTIONS} connections, HS256, the same ${CONNECTIONS} tokens again and again. Median (least-most) of rounds in turn; CPU is the server's, in microseconds a request. The columns on the right are against the plain route of the same round: what the second plain route differs by is the error of the measurement.

One request at a time on each connection:

${besideRows(one)}
${PIPELINED} requests at a time on each, so that the processor of the server is the limit and the sockets cost less:

${besideRows(pipelined)}
As many at a time, ${fixed(many.length)} tokens in turn, so that each is new to all caches:

${besideRows(once)}
Each algorithm, tokens seen before, ${PIPELINED} requests at a time. Microseconds of CPU a request: the plain route that ran beside it, and what a second plain route and the guards take more than that:

${algorithmTable(each)}
Not alike: fastify-simplejwt checks kind, dates, session and revocation besides the signature, and its cache is on, as it is by default; @fastify/jwt has none by default. Those that verify with jsonwebtoken are given a \`KeyObject\`: with the text of a secret each look at it would take 2 ms on Node 20. Express, Koa and Hono are other frameworks: what their rows have more than fastify-jwt's is not all verification. hono/jwt verifies by WebCrypto, in the thread pool.
`,
    charts: [{
      file: 'protected.svg',
      title: 'A guarded route, HS256',
      unit:
        `requests per second, ${CONNECTIONS} connections, ${PIPELINED} requests at a time; more ` +
        'is better',
      bars: pipelined
        .filter(({ name }) => name === NAMES.plain || !name.startsWith(NAMES.plain))
        .map(({ name, rounds }) =>
          bar(name, rounds.map(({ rate }) => rate), name.startsWith(NAMES.ours))
        )
    }],
    figures: figuresOf(one, pipelined, once, each)
  }
}

/**
 * Beside plain routes of its own: what the machine does to the others a minute later has no part in
 * it.
 */
function algorithmSides (algorithm: Algorithm): Side[] {
  const guard = createMint(algorithm)
  const tokens = always(guard.mint(CONNECTIONS))
  return [
    [NAMES.plain, 'plain'],
    [NAMES.again, 'plain'],
    [NAMES.ours, 'simplejwt'],
    [NAMES.theirs, 'fastify-jwt']
  ].map(([name, server]) => ({ name: name as string, server: server as string, guard, tokens }))
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

const algorithmTable = (each: Map<Algorithm, Measured[]>): string =>
  table(
    ['algorithm', ...Object.values(NAMES)],
    [...each].map(([algorithm, measured]) => [
      algorithm,
      spread(named(measured, NAMES.plain).rounds.map(({ cpu }) => cpu), 1),
      ...[NAMES.again, NAMES.ours, NAMES.theirs].map(name => spread(named(measured, name).more, 1))
    ])
  )

/** What two plain routes differ by: the error of the measurement. */
const errorOf = (measured: Measured[]): number =>
  median(named(measured, NAMES.again).more.map(Math.abs))

function figuresOf (
  one: Measured[], pipelined: Measured[], once: Measured[], each: Map<Algorithm, Measured[]>
): Figure[] {
  const microseconds = (value: number): string => `${fixed(value, 1)} us`
  const ratio = (value: number): string => fixed(value, 3)
  const cold = named(once, NAMES.ours).more
  const adds = (algorithm: Algorithm, measured: Measured[]): Figure => {
    const error = errorOf(measured)
    return atMost(
      `CPU that the guard adds to a request, ${algorithm}, seen before, beyond the ` +
        `${microseconds(error)} that two plain routes differ by`,
      1,
      median(named(measured, NAMES.ours).more) - error,
      microseconds
    )
  }
  return [
    adds('HS256', pipelined),
    atLeast(
      'guarded of plain requests per second, one at a time on each connection (two plain ' +
        `routes: ${ratio(median(named(one, NAMES.again).ofPlain))})`,
      0.97,
      median(named(one, NAMES.ours).ofPlain),
      ratio
    ),
    atLeast(
      'CPU that the guard of @fastify/jwt adds, of what ours adds, every token new to both',
      1.1,
      median(
        named(once, NAMES.theirs).more.map((theirs, round) => theirs / (cold[round] as number))
      ),
      ratio
    ),
    ...BOUND.map(algorithm => adds(algorithm, each.get(algorithm) as Measured[]))
  ]
}
