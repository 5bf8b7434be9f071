import fastify from 'fastify'
import { checkPassword } from '../../example/users.ts'
import simplejwt, { type SimpleJwtOptions } from '../../plugin/index.ts'
import { interleaved } from '../harness.ts'
import { createScope } from '../scope.ts'
import { candidates } from './candidates.ts'
import { HELLO, listenWithFastify } from './guarded.ts'
import { warmTicks } from './warm-ticks.ts'

/**
 * What this process is asked: the rate of the store's bare driver, or else what processor time it
 * has used.
 */
export interface Question { bare?: { inFlight: number, ms: number } }

/** How logins are checked: not at all, which costs nothing, or by the demo's Argon2id. */
const credentials: Record<string, NonNullable<SimpleJwtOptions['verifyCredentials']>> = {
  free: () => ({ id: 1, username: 'vitor' }),
  argon2id: ({ username, password }) => checkPassword(username, password)
}

/**
 * Our token routes over a store, in a process of its own. It ends, and the server of its store with
 * it, when its parent hangs up.
 */
const scope = createScope()
process.on('disconnect', () => { scope.end().finally(() => process.exit()) })
if (!process.connected) process.exit() // it hung up before this was listened for
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {}) // a Ctrl-C ends the parent

await warmTicks()
const [name, check = ''] = process.argv.slice(2)
const candidate = candidates.find(candidate => candidate.name === name)
if (candidate === undefined) throw new Error(`There is no store "${name}".`)
const { store, bare } = await candidate.open(scope)

const app = fastify()
scope.after(() => app.close())
await app.register(simplejwt, {
  secret: 'a secret of 32 bytes or more, for the benchmarks',
  store,
  verifyCredentials: credentials[check] as () => null,
  rateLimit: false
})
app.get('/hello/', { onRequest: app.authenticate }, async () => HELLO)
const port = await listenWithFastify(app)

async function answer ({ bare: asked }: Question): Promise<unknown> {
  if (asked === undefined || bare === undefined) return process.cpuUsage()
  const [[rate] = []] = await interleaved([bare], { ...asked, rounds: 1 })
  return rate
}

/**
 * To a parent that is gone nothing is said: with a callback that is no error, and this process ends
 * as it should.
 */
const say = (what: unknown): void => { process.send?.(what, undefined, undefined, () => {}) }

process.on('message', (question: Question) => {
  answer(question).then(say, error => {
    throw error
  })
})
say(port)
