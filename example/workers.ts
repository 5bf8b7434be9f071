import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import closeWithGrace from 'close-with-grace'
import { pino } from 'pino'
import { addUpMetrics } from './shared-metrics.ts'
import type { Settings } from './settings.ts'

/** In milliseconds. A worker that lived longer than this did not crash at startup. */
const CALM = 10_000
/** Milliseconds before replacing a worker that died early. Doubles each time up to the maximum. */
const FIRST_WAIT = 100
const LONGEST_WAIT = 10_000
/** Milliseconds for a worker to finish its requests. Heroku allows 30 s for all processes. */
const PATIENCE = 25_000

/**
 * Runs the primary of several workers, which share the port. Replaces a worker that dies. SIGTERM
 * and SIGINT stop all workers after their current requests. SIGHUP replaces the workers one by one,
 * so that some always serve.
 * @throws Error if the first worker exits before it listens. The worker prints the reason
 */
export async function runWorkers ({
  workers: count, secret, secretIsMadeUp, logLevel
}: Settings): Promise<void> {
  const log = pino({ level: logLevel })
  if (secretIsMadeUp) {
    log.warn('JWT_SECRET is not set: using a random secret. Tokens expire with this process.')
  }
  const env = secretIsMadeUp ? { JWT_SECRET: secret } : {}
  // Workers accept connections themselves. With round robin by the primary, a connection on its way
  // to a dying worker would hang forever.
  cluster.schedulingPolicy = cluster.SCHED_NONE
  /** The listening workers that no SIGHUP has replaced. */
  const pool = new Set<Worker>()
  let starting = 0
  let earlyDeaths = 0
  let ending = false

  async function fork (): Promise<void> {
    const since = Date.now()
    const worker = cluster.fork(env)
    starting++
    const died = once(worker, 'exit').then(() => {
      throw new Error('a worker exited before it listened')
    })
    await Promise.race([once(worker, 'listening'), died]).finally(() => { starting-- })
    pool.add(worker)
    worker.once('exit', (code, signal) => {
      if (!pool.delete(worker) || ending) return
      log.error({ worker: worker.process.pid, code, signal }, 'a worker died')
      earlyDeaths = Date.now() - since < CALM ? earlyDeaths + 1 : 0
      fill()
    })
  }

  /** Starts one more worker unless there are enough. Retries until one listens. */
  async function fill (): Promise<void> {
    const wait = earlyDeaths === 0 ? 0 : Math.min(FIRST_WAIT * 2 ** (earlyDeaths - 1), LONGEST_WAIT)
    if (wait > 0) log.warn({ wait }, 'workers die early: delaying the next one')
    await delay(wait)
    if (ending || pool.size + starting >= count) return
    await fork().catch(error => {
      earlyDeaths++
      log.error((error as Error).message)
      return fill()
    })
  }

  /** Replaces all workers. Stops a worker only after its successor listens. */
  async function roll (): Promise<void> {
    log.info('SIGHUP: replacing all workers, one by one')
    for (const worker of [...pool]) {
      if (ending) return
      if (!pool.has(worker)) continue
      await fork()
      if (pool.delete(worker)) await end(worker)
    }
    // A worker that died while the successor of another was starting has none.
    for (let running = pool.size + starting; running < count; running++) {
      if (ending) return
      await fork()
    }
    log.info('SIGHUP: all workers were replaced')
  }

  addUpMetrics()
  await fork()
  for (let more = 1; more < count; more++) fill()

  let rolling = Promise.resolve()
  process.on('SIGHUP', () => {
    rolling = rolling.then(roll).catch(error => {
      log.error(`SIGHUP: keeping the other workers. ${(error as Error).message}`)
      fill()
    })
  })
  closeWithGrace(
    { delay: PATIENCE + 1000, logger: log, skip: ['SIGHUP'] },
    async ({ signal, err }) => {
      ending = true
      if (err !== undefined) log.fatal(err)
      log.info({ signal }, 'stopping the workers, each after its current requests')
      await Promise.all(Object.values(cluster.workers ?? {}).map(worker => end(worker as Worker)))
    }
  )
}

/** Stops a worker after its current requests. Kills it after the timeout. */
async function end (worker: Worker): Promise<void> {
  if (worker.isDead()) return
  const exited = once(worker, 'exit')
  worker.process.kill('SIGTERM')
  const patience = setTimeout(() => { worker.process.kill('SIGKILL') }, PATIENCE)
  await exited
  clearTimeout(patience)
}
