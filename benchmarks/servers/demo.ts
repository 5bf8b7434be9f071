import { monitorEventLoopDelay } from 'node:perf_hooks'
import { buildApp } from '../../example/app.ts'
import { readSettings } from '../../example/settings.ts'
import { listenWithFastify } from './guarded.ts'
import { warmTicks } from './warm-ticks.ts'

/**
 * The demo in a process of its own: it says its port once it listens, and whenever it is asked how
 * late its event loop has been since.
 */
await warmTicks()
const app = await buildApp(readSettings({ RATE_LIMIT: 'off', LOG_LEVEL: 'silent' }))
const port = await listenWithFastify(app)
const delays = monitorEventLoopDelay({ resolution: 1 })
delays.enable()

process.on('message', () => {
  process.send?.(delays.percentile(99) / 1_000_000)
  delays.reset()
})
process.on('disconnect', () => process.exit())
process.send?.(port)
