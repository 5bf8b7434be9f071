import { type Settings, table } from './harness.ts'
import { type RoundLoad, type Target, contenders, inTurn, startCannon } from './http.ts'
import { postCost } from './post-cost.ts'
import type { Report } from './report.ts'
import { roundCells, roundHeads } from './round-cells.ts'
import { type Scope, scoped } from './scope.ts'
import { candidates } from './servers/candidates.ts'
import { startTokenServer } from './token-server.ts'

const CONNECTIONS = 20
/** Fewer for Argon2id. The demo refuses a login while 32 wait, also those of the round before. */
const HASHING = 8

/** What a login costs: beside a plain POST, over each store, and with a hashed password. */
export default async function obtain (t: Scope, settings: Settings): Promise<Report> {
  const cost = await postCost(t, { what: 'login', route: '/api/token/', bound: 4.2 }, settings)
  if (settings.boundsOnly) return cost
  const { quick } = settings
  const load = {
    seconds: 0.5,
    amount: quick ? 2 * CONNECTIONS : undefined,
    connections: CONNECTIONS,
    pipelining: 1,
    spins: false
  }
  const rounds = quick ? 1 : 9
  const here = candidates.filter(({ skip }) => !skip)
  const free = await scoped(t, t =>
    measure(t, here.map(({ name }) => ({ store: name, check: 'free' })), load, rounds)
  )
  const hashed = await scoped(t, t =>
    measure(
      t, [{ store: 'memory', check: 'argon2id' }], { ...load, connections: HASHING, seconds: 1 },
      quick ? 1 : 5
    )
  )
  return {
    ...cost,
    text: `${cost.text}Each store, with limits off and a \`verifyCredentials\` that costs nothing: the cost of the route and the store. Then with the Argon2id of the demo (19 MiB, 2 passes, in the thread pool) on ${HASHING} connections: the cost of a real login. Each login starts a session.

${table(
  ['store, password', ...roundHeads('logins/s')],
  [
    ...free,
    ...candidates.flatMap(({ name, skip }) => skip ? [[name, `SKIPPED: ${skip}`]] : []),
    ...hashed
  ]
)}`
  }
}

/** A store, and the check of its passwords. */
interface Kind { store: string, check: 'free' | 'argon2id' }

async function measure (
  t: Scope, kinds: Kind[], load: RoundLoad, rounds: number
): Promise<string[][]> {
  const targets = await Promise.all(kinds.map(async ({ store, check }): Promise<Target> => {
    const { port, used } = await startTokenServer(t, store, { check })
    return {
      name: check === 'free' ? store : `${store}, ${check}`,
      port,
      used,
      route: '/api/token/',
      tokens: () => []
    }
  }))
  const measured = await inTurn(contenders(await startCannon(t), targets, load), rounds)
  return measured.map((rounds, index) => [(targets[index] as Target).name, ...roundCells(rounds)])
}
