import cluster from 'node:cluster'
import closeWithGrace from 'close-with-grace'
import type { FastifyInstance } from 'fastify'
import { buildApp } from './app.ts'
import { readKeys } from './keys.ts'
import type { Settings } from './settings.ts'

const ENDING = ['SIGTERM', 'SIGINT'] as const

/**
 * Serves requests. SIGTERM and SIGINT drain the app, then exit with 0. SIGHUP reloads the keys.
 */
export async function serve (settings: Settings): Promise<void> {
  const building = buildApp(settings)
  process.on('SIGHUP', () => { building.then(app => readKeysAgain(app, settings)) })
  const app = await building
  const { close } = closeWithGrace(
    { delay: 20_000, logger: app.log, skip: cluster.isWorker ? ['SIGHUP', ...ENDING] : ['SIGHUP'] },
    async ({ err }) => {
      if (err !== undefined) app.log.fatal(err)
      await app.drain()
    }
  )
  // Heroku and Ctrl-C signal all processes, and the primary signals its workers too. The second
  // signal must not force an exit.
  let told = false
  const end = (): void => {
    if (!told) close()
    told = true
  }
  if (cluster.isWorker) for (const signal of ENDING) process.on(signal, end)
  await app.listen({ host: settings.host, port: settings.port })
}

/** Reloads the keys. Keeps the current ones if the new ones are bad. */
async function readKeysAgain (app: FastifyInstance, { keysPath }: Settings): Promise<void> {
  if (keysPath === undefined) {
    return app.log.warn('SIGHUP: no keys to reload. Set JWT_KEYS to use a key file.')
  }
  try {
    await app.tokens.setKeys(readKeys(keysPath))
    app.log.info('SIGHUP: the keys were reloaded')
  } catch (error) {
    app.log.error(`SIGHUP: keeping the current keys. ${(error as Error).message}`)
  }
}
