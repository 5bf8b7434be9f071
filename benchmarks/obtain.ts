import { type Settings, table } from './harness.ts'
import { type RoundLoad, type Target, contenders, inTurn, startCannon } from './http.ts'
import type { Report } from './report.ts'
import { roundCells, roundHeads } from './round-cells.ts'
import { type Scope, scoped } from './scope.ts'
import { candidates } from './servers/candidates.ts'
import { startTokenServer } from './token-server.ts'

const CONNECTIONS = 20
/**
 * Fewer where passwords are hashed: the demo turns away who comes when 32 wait, those of the round
 * before among them.
 */
const HASHING = 8

/** What a login costs: our route over each store, and then the hash of the password. */
export default async function obtain (t: Scope, { quick }: Settings): Promise<Report> {
  const load = {
    seconds: 2,
    amount: quick ? 2 * CONNECTIONS : undefined,
    connections: CONNECTIONS,
    pipelining: 1
  }
  const rounds = quick ? 1 : 5
  const here = candidates.filter(({ skip }) => !skip)
  const free = await scoped(t, t =>
    measure(t, here.map(({ name }) => ({ store: name, check: 'free' })), load, rounds)
  )
  const hashed = await scoped(t, t =>
    measure(t, [{ store: 'memory', check: 'argon2id' }], { ...load, connections: HASHING }, rounds)
  )
  return {
    text: `\`POST /api/token/\`, one process of ours, ${CONNECTIONS} connections, nothing is limited; each login is a new session. First with a \`verifyCredentials\` that costs nothing: this is what the route and the store cost. Then with that of the demo, which hashes by Argon2id (19 MiB, 2 passes) in the thread pool, on ${HASHING} connections: this is what a login costs, and why logins are limited. Median (least-most) of rounds in turn; CPU is that of the process, in microseconds a login.\n\n${table(
      ['store, password', ...roundHeads('logins/s')],
      [
        ...free,
        ...candidates.flatMap(({ name, skip }) => skip ? [[name, `SKIPPED: ${skip}`]] : []),
        ...hashed
      ]
    )}`
  }
}

/** A store, and what its logins cost besides. */
interface Kind { store: string, check: 'free' | 'argon2id' }

async function measure (
  t: Scope, kinds: Kind[], load: RoundLoad, rounds: number
): Promise<string[][]> {
  const targets = await Promise.all(kinds.map(async ({ store, check }): Promise<Target> => {
    const { port, used } = await startTokenServer(t, store, check)
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
