import cluster, { type Worker } from 'node:cluster'
import { setTimeout as delay } from 'node:timers/promises'
import {
  AggregatorRegistry, type MetricObjectWithValues, type MetricValue, type Registry
} from 'prom-client'

type Figures = MetricObjectWithValues<MetricValue<string>>[]

/**
 * Messages between the workers and the primary. A worker requests the text of all metrics, the
 * primary the metrics of each worker.
 */
type Message =
  | { type: 'metrics of all?' }
  | { type: 'metrics of all', text: string | null }
  | { type: 'your metrics?' }
  | { type: 'my metrics', figures: Figures }

/** Milliseconds that the primary waits for a busy worker. Then it uses its last metrics. */
const PATIENCE = 1000

/** Resolves after sending the message: a process that exits earlier would lose it. */
const say = (message: Message): Promise<unknown> =>
  new Promise(resolve => {
    process.send?.(message, resolve)
  })

/** A worker may die while the primary sends. The error would crash the primary without this. */
const unheard = (): void => {}

let asked: Promise<string> | undefined

/**
 * Returns the metrics of all workers as text, from the primary. Returns undefined in a process
 * without a primary.
 */
export async function metricsOfAll (): Promise<string | undefined> {
  if (!cluster.isWorker) return undefined
  // Simultaneous requests share one reply.
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
 * Sends the metrics of a worker to the primary on request. Returns a function that sends them once
 * more, to be called before the worker exits.
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
 * Adds up the metrics of all workers in the primary, and sends them to the worker that requests
 * them. Keeps the counts of exited workers, since a counter must never fall.
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
      // An aggregation error must fail only this request, and not crash the primary.
      textOfAll()
        .catch(() => null)
        .then(text => {
          if (worker.isConnected()) worker.send({ type: 'metrics of all', text }, unheard)
        })
    }
  })
  // The last message of a worker may arrive after its exit event, so this waits for disconnect.
  cluster.on('disconnect', worker => {
    // The counts of an exited worker stay. Its gauges, such as memory, go.
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
