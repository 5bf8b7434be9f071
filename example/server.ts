import cluster from 'node:cluster'
import closeWithGrace from 'close-with-grace'
import type { FastifyInstance } from 'fastify'
import { buildApp } from './app.ts'
import { readKeys } from './keys.ts'
import { type Settings, readSettings } from './settings.ts'
import { runWorkers } from './workers.ts'

/** Answers requests. SIGTERM and SIGINT: clients are asked to hang up, what runs is finished, exit 0. SIGHUP: the keys are read again. */
async function serve (settings: Settings): Promise<void> {
  const building = buildApp(settings)
  process.on('SIGHUP', () => { building.then(app => readKeysAgain(app, settings)) })
  const app = await building
  closeWithGrace({ delay: 20_000, logger: app.log, skip: ['SIGHUP'] }, async ({ err }) => {
    if (err !== undefined) app.log.fatal(err)
    await app.drain()
  })
  await app.listen({ host: settings.host, port: settings.port })
}

/** With keys that are no good it goes on with those that it has. */
async function readKeysAgain (app: FastifyInstance, { keysPath }: Settings): Promise<void> {
  if (keysPath === undefined) return app.log.warn('SIGHUP: without JWT_KEYS there are no keys to read again')
  try {
    await app.tokens.setKeys(readKeys(keysPath))
    app.log.info('SIGHUP: the keys were read again')
  } catch (error) {
    app.log.error(`SIGHUP: the keys stay as they were. ${(error as Error).message}`)
  }
}

try {
  const settings = readSettings(process.env)
  await (settings.workers > 1 && cluster.isPrimary ? runWorkers(settings) : serve(settings))
} catch (error) {
  console.error(`The demo server did not start: ${(error as Error).message.replace('fastify-simplejwt: option "keys', 'JWT_KEYS: "keys')}`)
  process.exit(1)
}
