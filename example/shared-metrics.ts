import cluster, { type Worker } from 'node:cluster'
import { setTimeout as delay } from 'node:timers/promises'
import {
  AggregatorRegistry, type MetricObjectWithValues, type MetricValue, type Registry
} from 'prom-client'

type Figures = MetricObjectWithValues<MetricValue<string>>[]

/**
 * What workers and their primary say to each other. A worker asks for the text of all, the primary
 * for the figures of each.
 */
type Message =
  | { type: 'metrics of all?' }
  | { type: 'metrics of all', text: string | null }
  | { type: 'your metrics?' }
  | { type: 'my metrics', figures: Figures }

/**
 * Milliseconds that the primary waits for a worker that is busy. Then it goes by what that one said
 * last.
 */
const PATIENCE = 1000

/** Resolves once it has been sent: a process that ends at once would take it along. */
const say = (message: Message): Promise<unknown> =>
  new Promise(resolve => {
    process.send?.(message, resolve)
  })

/**
 * A worker may die while it is spoken to. Without this that would be an error that ends the
 * primary.
 */
const unheard = (): void => {}

let asked: Promise<string> | undefined

/**
 * In a worker: the figures of all workers as text, from the primary. Undefined in a process that
 * has no primary.
 */
export async function metricsOfAll (): Promise<string | undefined> {
  if (!cluster.isWorker) return undefined
  // However many ask at a time, one answer is for all.
  asked ??= new Promise<string>((resolve, reject) => {
    process.on('message', function listen (message: Message) {
      if (message.type !== 'metrics of all') return
      process.off('message', listen)
      if (message.text === null) reject(new Error('the metrics of the workers do not aggregate'))
      else resolve(message.text)
    })
    say({ type: 'metrics of all?' })
  }).finally(() => { asked = undefined })
  return asked
}

/**
 * In a worker: tells the primary its figures whenever it asks. What this gives tells them for the
 * last time, before the worker ends.
 */
export function tellPrimary (registry: Registry): () => Promise<void> {
  if (!cluster.isWorker) return async () => {}
  const tell = async (): Promise<void> => {
    await say({ type: 'my metrics', figures: (await registry.getMetricsAsJSON()) as Figures })
  }
  process.on('message', ({ type }: Message) => {
    if (type === 'your metrics?') tell().catch(unheard)
  })
  return tell
}

/**
 * In the primary: adds up the figures of all workers for the one that asks, those of workers that
 * have ended too: a count never falls.
 */
export function addUpMetrics (): void {
  const latest = new Map<number, Figures>()
  let ended: Promise<Figures> = Promise.resolve([])

  async function figuresOf (worker: Worker): Promise<void> {
    const told = new Promise<void>(resolve => {
      worker.on('message', function listen ({ type }: Message) {
        if (type !== 'my metrics') return
        worker.off('message', listen)
        resolve()
      })
    })
    worker.send({ type: 'your metrics?' }, unheard)
    await Promise.race([told, delay(PATIENCE)])
  }

  async function textOfAll (): Promise<string> {
    await Promise.all(
      Object.values(cluster.workers ?? {})
        .filter(worker => worker?.isConnected())
        .map(worker => figuresOf(worker as Worker))
    )
    return AggregatorRegistry.aggregate([await ended, ...latest.values()]).metrics()
  }

  cluster.on('message', (worker: Worker, message: Message) => {
    if (message.type === 'my metrics') latest.set(worker.id, message.figures)
    if (message.type === 'metrics of all?') {
      // Figures that do not fit together are an answer that fails, and not the end of the primary
      // and all that it looks after.
      textOfAll()
        .catch(() => null)
        .then(text => {
          if (worker.isConnected()) worker.send({ type: 'metrics of all', text }, unheard)
        })
    }
  })
  // Not at its exit: its last words may come after that.
  cluster.on('disconnect', worker => {
    // What a worker has counted stays; how much memory it takes is nobody's now.
    const counts = (latest.get(worker.id) ?? []).filter(({ type }) =>
      ['counter', 'histogram'].includes(String(type))
    )
    latest.delete(worker.id)
    const before = ended
    ended = before
      .then(
        async sum =>
          (await AggregatorRegistry.aggregate([sum, counts]).getMetricsAsJSON()) as Figures
      )
      .catch(() => before)
  })
}
