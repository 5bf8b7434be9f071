import { createHistogram } from 'node:perf_hooks'
import autocannon from 'autocannon'
import { type Route, guarded, prepare } from './requests.ts'

/** A round of requests. Each connection has its own part of the tokens, and begins at the first. */
export interface Load {
  port: number
  route: Route
  tokens: string[]
  connections: number
  /** Requests that each connection has under way. */
  pipelining: number
  seconds: number
  /** A number of requests, instead of seconds. */
  amount?: number | undefined
  /** True for a server that ends the connection after each answer. */
  hangsUp?: boolean | undefined
  /** The certificate of a server with TLS. */
  certificate?: string | undefined
  /**
   * False to sleep between answers. By default the load polls: to wake a load that sleeps costs the
   * server 12 to 28 us a request, more if it is slow.
   */
  spins?: boolean | undefined
}

/**
 * The answers of a round. Latencies are in milliseconds, and absent if requests wait for each other
 * on a connection.
 */
export interface LoadResult {
  requests: number
  seconds: number
  /** Answers that are not 2xx, and requests without an answer. */
  failures: number
  p50?: number
  p99?: number
}

/** In milliseconds. autocannon checks at this interval for the end of a round. */
const SAMPLE_INTERVAL_MS = 50

async function fire (load: Load): Promise<LoadResult> {
  const stop = load.spins === false ? undefined : spin()
  try {
    return await (load.pipelining > 1 ? pipelined(load) : oneAtATime(load))
  } finally {
    stop?.()
  }
}

/** Polls without sleeping until the returned function is called. */
function spin (): () => void {
  let isSpinning = true
  const turn = (): void => { if (isSpinning) setImmediate(turn) }
  turn()
  return () => { isSpinning = false }
}

async function oneAtATime (load: Load): Promise<LoadResult> {
  const { route, tokens, connections, seconds, amount } = load
  const watch = createWatch()
  let next = 0
  const result = await autocannon({
    ...doorOf(load),
    ...(amount === undefined ? { duration: seconds } : { amount }),
    connections,
    setupClient (client) {
      prepare(client, route, part(tokens, next++, connections))
      watch.count(client)
      watch.time(client)
    }
  })
  return { ...watch.result([result]), ...watch.latencies() }
}

// autocannon ignores the requests of a connection that has several under way, unless it is the only
// one. It stops at an amount once all are sent, so the amount must exceed the requests under way.
async function pipelined (load: Load): Promise<LoadResult> {
  const { route, tokens, connections, pipelining, seconds, amount } = load
  const watch = createWatch()
  const until = amount === undefined
    ? { duration: seconds }
    : { amount: Math.max(2 * pipelining, Math.ceil(amount / connections)) }
  return watch.result(await Promise.all(Array.from({ length: connections }, (_, index) =>
    autocannon({
      ...doorOf(load),
      ...until,
      connections: 1,
      pipelining,
      requests: guarded(route, part(tokens, index, connections)),
      setupClient: watch.count
    })
  )))
}

const doorOf = ({ port, route, hangsUp, certificate }: Load) => ({
  url: `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${port}${route}`,
  sampleInt: SAMPLE_INTERVAL_MS,
  ...(hangsUp === true && { reconnectRate: 1 }),
  ...(certificate !== undefined && { tlsOptions: { ca: certificate } })
})

/** The part of the tokens that is one connection's. */
function part (tokens: string[], index: number, connections: number): string[] {
  const share = Math.max(1, Math.floor(tokens.length / connections))
  const start = (index * share) % tokens.length
  return tokens.slice(start, start + share)
}

/**
 * Counts the answers. autocannon counts none of a server that ends its connections, and measures
 * latencies in whole milliseconds.
 */
function createWatch () {
  let [requests, refused, begun, last] = [0, 0, Infinity, 0]
  const microseconds = createHistogram()
  return {
    count (client: autocannon.Client): void {
      // The types of autocannon lack the event `headers`.
      const emitter: NodeJS.EventEmitter = client
      emitter.once('request', () => { begun = Math.min(begun, performance.now()) })
      emitter.on('headers', headers => {
        const { statusCode } = headers as unknown as { statusCode: number }
        if (statusCode >= 200 && statusCode < 300) requests++
        else refused++
        last = performance.now()
      })
    },
    time (client: autocannon.Client): void {
      let sentAt = 0
      const emitter: NodeJS.EventEmitter = client
      emitter.on('request', () => { sentAt = performance.now() })
      emitter.on('headers', () =>
        microseconds.record(Math.max(1, Math.round((performance.now() - sentAt) * 1000)))
      )
    },
    latencies: () => ({
      p50: microseconds.percentile(50) / 1000,
      p99: microseconds.percentile(99) / 1000
    }),
    result: (results: autocannon.Result[]): LoadResult => ({
      requests,
      seconds: (last - begun) / 1000,
      failures: results.reduce((sum, { errors, timeouts }) => sum + errors + timeouts, refused)
    })
  }
}

process.on('message', (load: Load) => {
  fire(load).then(
    result => process.send?.(result),
    error => {
      throw error
    }
  )
})
process.on('disconnect', () => process.exit())
process.send?.('ready')
