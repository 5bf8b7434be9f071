import type { TokenPair } from '../plugin/index.ts'
import { type Django, skipDjango, startDjango } from './django.ts'
import { type Settings, bar, fixed, median, table } from './harness.ts'
import { type Round, type Target, contenders, inTurn, startCannon } from './http.ts'
import { type Figure, type Report, atLeast, sameRatio } from './report.ts'
import type { Route } from './requests.ts'
import { roundCells, roundHeads } from './round-cells.ts'
import type { Scope } from './scope.ts'
import { memory, sqlite } from './stores.ts'
import { logins, startTokenServer } from './token-server.ts'

const CONNECTIONS = 20
const OURS = 'fastify-simplejwt'
const AGAIN = `${OURS}, memory, again`

/** A server of this package or of Django. */
interface Server extends Django { name: string, hangsUp?: boolean }

/** A row of a table, with its rounds. */
interface Measured { name: string, rounds: Round[] }

/** This package beside Django with djangorestframework-simplejwt, each in one process. */
export default async function peers (
  t: Scope, { quick, boundsOnly }: Settings
): Promise<Report> {
  const skip = skipDjango()
  if (skip) return { text: `SKIPPED: ${skip}.\n` }

  const stores = [memory, memory, ...sqlite('NORMAL').slice(0, 1)].filter(({ skip }) => !skip)
  const [ours, theirs] = await Promise.all([
    Promise.all(
      stores.map(async ({ name }, index): Promise<Server> => ({
        name: index === 1 ? AGAIN : `${OURS}, ${name}`,
        ...(await startTokenServer(t, name))
      }))
    ),
    Promise.all([
      startDjango(t, 'sync').then(django => ({
        name: 'SimpleJWT, sync worker',
        hangsUp: true,
        ...django
      })),
      startDjango(t, 'gthread').then(django => ({
        name: 'SimpleJWT, gthread worker',
        ...django
      }))
    ])
  ])
  const load = {
    seconds: 1,
    amount: quick ? 2 * CONNECTIONS : undefined,
    connections: CONNECTIONS,
    pipelining: 1,
    // The rates are compared, and a load that polls takes time from the server on few cores.
    spins: false
  }
  const cannon = await startCannon(t)
  const measure = async (targets: Target[]): Promise<Measured[]> => {
    const measured = await inTurn(contenders(cannon, targets, load), quick ? 1 : 7)
    return measured.map((rounds, index) => ({ name: (targets[index] as Target).name, rounds }))
  }

  const guarded = await measure([
    ...[...ours.slice(0, 2), ...theirs].map(server =>
      target(server, '/hello/', ({ access }) => access)
    ),
    ...boundsOnly
      ? []
      : theirs.map(server => target(
        { ...server, name: `${server.name}, user looked up` }, '/me/', ({ access }) => access
      ))
  ])
  const refresh = await measure(
    [...ours, ...theirs].map(server =>
      target(server, '/api/token/refresh/', ({ refresh }) => refresh)
    )
  )
  const obtain = boundsOnly
    ? []
    : await measure(
      [...ours, ...theirs].map(server => target(server, '/api/token/', ({ access }) => access))
    )

  return {
    text: `This package in one process, and Django with djangorestframework-simplejwt under gunicorn with one worker, ${CONNECTIONS} connections, the same load. CPU is that of the server, in microseconds a request.

\`GET /hello/\`, guarded. SimpleJWT trusts the token (JWTStatelessUserAuthentication), or looks up the user as its default JWTAuthentication does:

${rows(guarded, 'requests/s')}
\`POST /api/token/refresh/\` with rotation, on the other side with BLACKLIST_AFTER_ROTATION:

${rows(refresh, 'refreshes/s')}
${boundsOnly
? ''
: `\`POST /api/token/\`, with the MD5 hasher and a row of the user table on the other side, and without a check of passwords on this one:

${rows(obtain, 'logins/s')}
`}Language and framework differ too, so this shows what a service gains by the change. Django runs faster than by default: DEBUG off, one middleware, a database that stays open, SQLite in WAL mode with synchronous NORMAL. The sync worker of gunicorn, its default, ends the connection after each answer. The gthread worker (4 threads) keeps connections. This package caches verified tokens, by default. With the default password hashers, logins are as slow as the hashers.
`,
    charts: [{
      file: 'peers.svg',
      title: 'fastify-simplejwt and Django with SimpleJWT, one process each',
      unit: `requests per second, ${CONNECTIONS} connections; more is better`,
      bars: [...bars(guarded, 'guarded'), ...bars(refresh, 'refresh'), ...bars(obtain, 'login')]
    }],
    figures: [
      times('guarded requests/s, of SimpleJWT in Django', 40, guarded),
      times('refreshes/s in memory, of SimpleJWT in Django', 60, refresh)
    ]
  }
}

const target = (
  { name, port, used, hangsUp = false }: Server, route: Route, token: (pair: TokenPair) => string
): Target => ({
  name,
  port,
  used,
  hangsUp,
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
  measured
    .filter(({ name }) => name !== AGAIN)
    .map(row => bar(`${what}: ${row.name}`, ratesOf(row), row.name.startsWith(OURS)))

/** The first, which is this package in memory, beside the fastest of the others. */
function times (what: string, bound: number, measured: Measured[]): Figure {
  const [ours = 0, again = 0] = measured.map(row => median(ratesOf(row)))
  const theirs = measured.filter(({ name }) => !name.startsWith(OURS))
  const best = Math.max(...theirs.map(row => median(ratesOf(row))))
  return atLeast(what, bound, ours / best, inTimes, { same: sameRatio(again / ours, inTimes) })
}

const inTimes = (value: number): string => `${fixed(value, 2)} times`
