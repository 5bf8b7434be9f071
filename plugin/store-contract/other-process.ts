import { setTimeout as delay } from 'node:timers/promises'
import type { SessionStore } from '../stores/store.ts'
import type { Call, Work } from './processes.ts'

// Entry point of the other process. It opens the store `name` with `module`, and makes the calls
// that the test sends.
process.on('disconnect', () => { process.exit() })

const [module, name] = process.argv.slice(2) as [string, string]
const { default: open } = await import(module) as { default(name: string): Promise<SessionStore> }
const store = await open(name)

async function work ({ at, calls }: Work): Promise<void> {
  await delay(at - Date.now())
  const results = await Promise.all(
    calls.map(({ verb, given }: Call) =>
      (store[verb] as (...given: unknown[]) => Promise<unknown>)(...given)
    )
  )
  process.send?.(results)
}

process.on('message', (message: Work) => {
  work(message).catch((error: Error) => { process.send?.({ failed: error.message }) })
})
process.send?.('ready')
