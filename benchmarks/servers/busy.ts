import type { AddressInfo } from 'node:net'
import fastify from 'fastify'
import simplejwt from '../../plugin/index.ts'
import { createScope } from '../scope.ts'
import { type Busy, slowStore } from '../slow-store.ts'
import { candidates } from './candidates.ts'
import { warmTicks } from './warm-ticks.ts'

/** Makes the store slow, or fast again. */
export interface BusyOrder { busy?: Busy }

/**
 * Our token routes over a store that can be made slow, with the default limits or none. Each client
 * has the address of its X-Forwarded-For. It ends, and the server of its store with it, when its
 * parent hangs up.
 */
const scope = createScope()
process.on('disconnect', () => { scope.end().finally(() => process.exit()) })
if (!process.connected) process.exit() // it hung up before this was listened for
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {}) // a Ctrl-C ends the parent

await warmTicks()
const [name, limits] = process.argv.slice(2)
const candidate = candidates.find(candidate => candidate.name === name)
if (candidate === undefined) throw new Error(`There is no store "${name}".`)
const { store, slow } = slowStore((await candidate.open(scope)).store)

const app = fastify({ trustProxy: '127.0.0.1' })
scope.after(() => app.close())
await app.register(simplejwt, {
  secret: 'a secret of 32 bytes or more, for the benchmarks',
  store,
  verifyCredentials: ({ username }) => ({ id: username }),
  rateLimit: limits === 'on' ? {} : false
})
// A flood opens its connections at once.
await app.listen({ host: '127.0.0.1', port: 0, backlog: 4096 })

/** To a parent that is gone nothing is said. */
const say = (what: unknown): void => { process.send?.(what, undefined, undefined, () => {}) }

process.on('message', ({ busy }: BusyOrder) => {
  slow(busy)
  say('done')
})
say((app.server.address() as AddressInfo).port)
