import { type Settings, percentile, spread, table } from './harness.ts'
import { type Round, type Side, httpRounds } from './http.ts'
import type { Scope } from './scope.ts'
import { createMint } from './tokens.ts'

const CONNECTIONS = 20
/** Six times what the caches hold, so that a token that comes round again has long left them. */
const MANY = 60_000

/** What a guarded request costs: a route without a guard, ours, and the peers. */
export default async function protectedRoute (t: Scope, { quick }: Settings): Promise<void> {
  const { key, algorithm, mint } = createMint('HS256')
  const few = mint(CONNECTIONS)
  const many = mint(quick ? CONNECTIONS * 100 : MANY)
  const side = (name: string, server: string, tokens = few): Side => ({ name, server, guard: { algorithm, key }, tokens })
  const sides = [
    side('plain', 'plain'),
    side('plain, once more', 'plain'),
    side('fastify-simplejwt', 'simplejwt'),
    side('fastify-simplejwt, each token once', 'simplejwt', many),
    side('@fastify/jwt', 'fastify-jwt'),
    side('@fastify/jwt, each token once', 'fastify-jwt', many),
    side('@fastify/jwt, cache', 'fastify-jwt-cache'),
    side('fastify-jwt-jwks', 'fastify-jwt-jwks'),
    side('Express, express-jwt', 'express-jwt'),
    side('Express, passport-jwt', 'passport-jwt'),
    side('Koa, koa-jwt', 'koa-jwt'),
    side('Hono, hono/jwt', 'hono')
  ]
  for (const pipelining of [1, 10]) {
    console.log(`HS256, ${CONNECTIONS} connections, ${pipelining === 1 ? 'one request at a time on each' : `${pipelining} requests at a time on each: the processor is the limit`}. Median (least-most) of rounds in turn; CPU is the server's, in microseconds a request; the last two columns are against the plain route of the same round.\n`)
    const rounds = await httpRounds(t, sides, { rounds: quick ? 1 : 7, seconds: quick ? 1 : 3, connections: CONNECTIONS, pipelining })
    console.log(rows(sides, rounds))
  }
}

function rows (sides: Side[], measured: Round[][]): string {
  const plain = measured[0] as Round[]
  return table(['route', 'requests/s', 'CPU us', 'p50 ms', 'p99 ms', 'of plain', 'CPU us more'], sides.map(({ name }, index) => {
    const rounds = measured[index] as Round[]
    return [
      name,
      spread(rounds.map(({ rate }) => rate)),
      spread(rounds.map(({ cpu }) => cpu), 1),
      String(percentile(rounds.map(({ p50 }) => p50), 0.5)),
      String(percentile(rounds.map(({ p99 }) => p99), 0.5)),
      spread(rounds.map(({ rate }, round) => rate / (plain[round] as Round).rate), 3),
      spread(rounds.map(({ cpu }, round) => cpu - (plain[round] as Round).cpu), 1)
    ]
  }))
}
