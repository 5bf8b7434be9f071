import { type Algorithm, ALGORITHMS } from '../plugin/keys/algorithms.ts'
import { type Measured, beside, besideRows, named } from './beside-plain.ts'
import { guardLimits } from './guard-limits.ts'
import { type Settings, bar, spread, table } from './harness.ts'
import { type Side, httpRounds } from './http.ts'
import type { Report } from './report.ts'
import { type Scope, scoped } from './scope.ts'
import { createMint } from './tokens.ts'

const CONNECTIONS = 20
/** Requests under way on each connection, where the server must be the limit. */
const PIPELINED = 10
/** The algorithms of a quick run. */
const SOME: Algorithm[] = ['RS256', 'ES256', 'EdDSA']

const NAMES = {
  plain: 'plain',
  again: 'plain, again',
  ours: 'fastify-simplejwt',
  theirs: '@fastify/jwt'
}

/** What a guarded request costs: its limits, the guards of other packages, and each algorithm. */
export default async function protectedRoute (t: Scope, settings: Settings): Promise<Report> {
  const limits = await guardLimits(t, settings)
  if (settings.boundsOnly) return limits
  const { quick } = settings
  const load = {
    rounds: quick ? 1 : 11,
    seconds: 0.3,
    amount: quick ? 100 : undefined,
    connections: CONNECTIONS
  }
  const sides = guardSides()
  const [one, pipelined] = await scoped(t, async t => [
    beside(sides, await httpRounds(t, sides, { ...load, pipelining: 1 })),
    beside(sides, await httpRounds(t, sides, { ...load, pipelining: PIPELINED }))
  ]) as [Measured[], Measured[]]
  const each = new Map<Algorithm, Measured[]>()
  for (const algorithm of quick ? SOME : Object.keys(ALGORITHMS) as Algorithm[]) {
    const sides = algorithmSides(algorithm)
    const measured = await scoped(t, t =>
      httpRounds(t, sides, { ...load, rounds: quick ? 1 : 5, pipelining: PIPELINED })
    )
    each.set(algorithm, beside(sides, measured))
  }

  return {
    ...limits,
    text: `\`GET /hello/\`. The columns on the right compare with the plain route of the same round. CPU is that of the server, in microseconds a request.

${limits.text}
The guards of other packages, HS256, with the same ${CONNECTIONS} tokens. One request at a time on each of ${CONNECTIONS} connections:

${besideRows(one)}
${PIPELINED} requests at a time on each connection:

${besideRows(pipelined)}
Each algorithm, cached tokens, ${PIPELINED} requests at a time. Microseconds of CPU a request: of the plain route, and of the others beyond it:

${algorithmTable(each)}
The sides are not alike. This package checks kind, dates, session and revocation besides the signature, and caches verified tokens by default. @fastify/jwt has no cache by default. The packages that use jsonwebtoken get a \`KeyObject\`: the text of a secret would cost 2 ms a request on Node.js 20. Express, Koa and Hono are other frameworks, and hono/jwt verifies in the thread pool.
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
    }]
  }
}

function guardSides (): Side[] {
  const guard = createMint('HS256')
  const tokens = always(guard.mint(CONNECTIONS))
  return [
    [NAMES.plain, 'plain'],
    [NAMES.again, 'plain'],
    [NAMES.ours, 'simplejwt'],
    [NAMES.theirs, 'fastify-jwt'],
    ['@fastify/jwt, cache', 'fastify-jwt-cache'],
    ['fastify-jwt-jwks', 'fastify-jwt-jwks'],
    ['Express, express-jwt', 'express-jwt'],
    ['Express, passport-jwt', 'passport-jwt'],
    ['Koa, koa-jwt', 'koa-jwt'],
    ['Hono, hono/jwt', 'hono']
  ].map(([name, server]) => ({ name: name as string, server: server as string, guard, tokens }))
}

/** With plain routes in the same rounds: the machine may be slower a minute later. */
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

const algorithmTable = (each: Map<Algorithm, Measured[]>): string =>
  table(
    ['algorithm', ...Object.values(NAMES)],
    [...each].map(([algorithm, measured]) => [
      algorithm,
      spread(named(measured, NAMES.plain).rounds.map(({ cpu }) => cpu), 1),
      ...[NAMES.again, NAMES.ours, NAMES.theirs].map(name => spread(named(measured, name).more, 1))
    ])
  )
