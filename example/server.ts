import cluster from 'node:cluster'
import { readSettings } from './settings.ts'

// The primary of several workers serves no request, so it does not load the app.
try {
  const settings = readSettings(process.env)
  if (settings.workers > 1 && cluster.isPrimary) {
    await (await import('./workers.ts')).runWorkers(settings)
  } else await (await import('./serve.ts')).serve(settings)
} catch (error) {
  console.error(
    'The demo server did not start: ' +
      `${(error as Error).message.replace('fastify-simplejwt: option "keys', 'JWT_KEYS: "keys')}`
  )
  process.exit(1)
}
