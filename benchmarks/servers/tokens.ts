import fastify from 'fastify'
import { checkPassword } from '../../example/users.ts'
import simplejwt, { type SimpleJwtOptions } from '../../plugin/index.ts'
import { createScope } from '../scope.ts'
import { candidates } from './candidates.ts'
import { HELLO, listenWithFastify } from './guarded.ts'
import { warmTicks } from './warm-ticks.ts'

/** Checks of passwords: one that costs nothing, and the Argon2id of the demo. */
const credentials: Record<string, NonNullable<SimpleJwtOptions['verifyCredentials']>> = {
  free: () => ({ id: 1, username: 'vitor' }),
  argon2id: ({ username, password }) => checkPassword(username, password)
}

/** Limits that count as the defaults do, but that no load reaches. */
const HIGH_LIMITS = {
  loginPerAddress: 1_000_000_000,
  loginPerUsername: 1_000_000_000,
  refreshPerAddress: 1_000_000_000,
  refreshPerSession: 1_000_000_000
}

/**
 * The token routes over a store, in their own process. The process and the server of its store end
 * when the parent disconnects.
 */
const scope = createScope()
process.on('disconnect', () => { scope.end().finally(() => process.exit()) })
if (!process.connected) process.exit() // the parent disconnected before there was a listener
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {}) // a Ctrl-C ends the parent

await warmTicks()
const [name, check = '', limits] = process.argv.slice(2)
const candidate = candidates.find(candidate => candidate.name === name)
if (candidate === undefined) throw new Error(`There is no store "${name}".`)
const { store } = await candidate.open(scope)

const app = fastify()
scope.after(() => app.close())
await app.register(simplejwt, {
  secret: 'a secret of 32 bytes or more, for the benchmarks',
  store,
  verifyCredentials: credentials[check] as () => null,
  rateLimit: limits === 'on' ? HIGH_LIMITS : false
})
app.get('/hello/', { onRequest: app.authenticate }, async () => HELLO)
const port = await listenWithFastify(app)

/** With a callback, a parent that is gone is no error, and this process ends in order. */
const say = (message: unknown): void => { process.send?.(message, undefined, undefined, () => {}) }

process.on('message', () => { say(process.cpuUsage()) })
say(port)
