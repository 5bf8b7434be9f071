import closeWithGrace from 'close-with-grace'
import { buildApp } from './app.ts'
import { type Settings, readSettings } from './settings.ts'

/** Starts the demo. SIGTERM and SIGINT: no new requests, those that run are finished, exit 0. */
async function start (settings: Settings): Promise<void> {
  const app = await buildApp(settings)
  closeWithGrace({ delay: 10_000, logger: app.log }, async ({ err }) => {
    if (err !== undefined) app.log.fatal(err)
    await app.close()
  })
  await app.listen({ host: settings.host, port: settings.port })
}

try {
  await start(readSettings(process.env))
} catch (error) {
  console.error(`The demo server did not start: ${(error as Error).message}`)
  process.exit(1)
}
