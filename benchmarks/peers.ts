import type { TokenPair } from '../plugin/index.ts'
import { type Django, skipDjango, startDjango } from './django.ts'
import { type Settings, bar, fixed, percentile, table } from './harness.ts'
import { type Round, type Target, contenders, inTurn, startCannon } from './http.ts'
import { type Figure, type Report, atLeast } from './report.ts'
import type { Route } from './requests.ts'
import { roundCells, roundHeads } from './round-cells.ts'
import type { Scope } from './scope.ts'
import { memory, sqlite } from './stores.ts'
import { logins, startTokenServer } from './token-server.ts'

const CONNECTIONS = 20
const OURS = 'fastify-simplejwt'

/** A server of either side. */
interface Server extends Django { name: string }

/** A row of a table, with its rounds. */
interface Measured { name: string, rounds: Round[] }

/**
 * Ours beside the package whose wire it speaks: Django with djangorestframework-simplejwt, each in
 * one process.
 */
export default async function peers (t: Scope, { quick }: Settings): Promise<Report> {
  const skip = skipDjango()
  if (skip) return { text: `SKIPPED: ${skip}.\n` }

  const stores = [memory, ...sqlite('NORMAL').slice(0, 1)].filter(({ skip }) => !skip)
  const [ours, theirs] = await Promise.all([
    Promise.all(
      stores.map(async ({ name }): Promise<Server> => ({
        name: `${OURS}, ${name}`,
        ...(await startTokenServer(t, name))
      }))
    ),
    Promise.all([
      startDjango(t, 'sync').then(django => ({
        name: 'SimpleJWT, sync worker',
        ...django
      })),
      startDjango(t, 'gthread').then(django => ({
        name: 'SimpleJWT, gthread worker',
        ...django
      }))
    ])
  ])
  const load = {
    seconds: 2,
    amount: quick ? 2 * CONNECTIONS : undefined,
    connections: CONNECTIONS,
    pipelining: 1
  }
  const cannon = await startCannon(t)
  const measure = async (targets: Target[]): Promise<Measured[]> => {
    const measured = await inTurn(contenders(cannon, targets, load), quick ? 1 : 5)
    return measured.map((rounds, index) => ({ name: (targets[index] as Target).name, rounds }))
  }

  const guarded = await measure([
    ...[...ours.slice(0, 1), ...theirs].map(server =>
      target(server, '/hello/', ({ access }) => access)
    ),
    ...theirs.map(server =>
      target({ ...server, name: `${server.name}, user looked up` }, '/me/', ({ access }) => access)
    )
  ])
  const refresh = await measure(
    [...ours, ...theirs].map(server =>
      target(server, '/api/token/refresh/', ({ refresh }) => refresh)
    )
  )
  const obtain = await measure(
    [...ours, ...theirs].map(server => target(server, '/api/token/', ({ access }) => access))
  )

  return {
    text: `fastify-simplejwt in one process, and Django with djangorestframework-simplejwt under gunicorn with one worker, ${CONNECTIONS} connections, the same load. Median (least-most) of rounds in turn; CPU is the server's, in microseconds a request.

\`GET /hello/\`, guarded, content with the token (theirs: JWTStatelessUserAuthentication), and with the user looked up, as their default JWTAuthentication does:

${rows(guarded, 'requests/s')}
\`POST /api/token/refresh/\` with rotation (theirs with BLACKLIST_AFTER_ROTATION), each connection a session that brings the token it was given last:

${rows(refresh, 'refreshes/s')}
\`POST /api/token/\`, where passwords cost next to nothing (theirs: the MD5 hasher and a row of the user table; ours: no check at all):

${rows(obtain, 'logins/s')}
Not alike: another language and another framework, so this is what a service gains by the change, not what either package is worth among its kind. Theirs runs with DEBUG off, no middleware but one, a database that stays open, SQLite in WAL mode with synchronous NORMAL: faster than its defaults. Its sync worker, gunicorn's default, ends the connection after each answer, so that there each request is one of a new connection; the gthread worker (4 threads) keeps them. Ours has its cache of verified tokens, as by default; theirs has none. With the default hashers of either side, logins are as slow as these hashers are.
`,
    charts: [{
      file: 'peers.svg',
      title: 'fastify-simplejwt and djangorestframework-simplejwt, one process each',
      unit: `requests per second, ${CONNECTIONS} connections; more is better`,
      bars: [...bars(guarded, 'guarded'), ...bars(refresh, 'refresh'), ...bars(obtain, 'login')]
    }],
    figures: [
      times('guarded requests per second, of those of SimpleJWT', 30, guarded),
      times('refreshes per second in memory, of those of SimpleJWT', 40, refresh)
    ]
  }
}

const target = (
  { name, port, used }: Server, route: Route, token: (pair: TokenPair) => string
): Target => ({
  name,
  port,
  used,
  route,
  tokens: async () => (await logins(port, CONNECTIONS)).map(token)
})

const rows = (measured: Measured[], rate: string): string =>
  table(
    ['server', ...roundHeads(rate)],
    measured.map(({ name, rounds }) => [name, ...roundCells(rounds)])
  )

const ratesOf = ({ rounds }: Measured): number[] => rounds.map(({ rate }) => rate)

const bars = (measured: Measured[], what: string) =>
  measured.map(row => bar(`${what}: ${row.name}`, ratesOf(row), row.name.startsWith(OURS)))

/** Ours, which is first, beside the best of theirs. */
function times (what: string, bound: number, [ours, ...others]: Measured[]): Figure {
  const rate = (row: Measured): number => percentile(ratesOf(row), 0.5)
  const theirs = Math.max(...others.filter(({ name }) => !name.startsWith(OURS)).map(rate))
  return atLeast(what, bound, rate(ours as Measured) / theirs, value => `${fixed(value, 1)} times`)
}
