import { createHistogram } from 'node:perf_hooks'
import autocannon from 'autocannon'
import { type Route, guarded, prepare } from './requests.ts'

/**
 * What is sent: each connection goes through a part of the tokens of its own, so that none of them
 * is brought twice before all were.
 */
export interface Load {
  port: number
  route: Route
  tokens: string[]
  connections: number
  pipelining: number
  seconds: number
  /** So many requests, however long they take. */
  amount?: number | undefined
  /**
   * Whether the server ends the connection after each answer, so that each request is one of a new
   * connection.
   */
  hangsUp?: boolean | undefined
  /** By TLS, of a server with this certificate. */
  certificate?: string | undefined
}

/**
 * What came back. Latencies in milliseconds; without them where a request waits for those before
 * it.
 */
export interface LoadResult {
  requests: number
  seconds: number
  failures: number
  p50?: number
  p99?: number
}

/** Milliseconds after which autocannon looks whether it is at its end. */
const LOOK = 50

async function fire ({
  port, route, tokens, connections, pipelining, seconds, amount, hangsUp = false, certificate
}: Load): Promise<LoadResult> {
  const watch = createWatch()
  const secure = certificate !== undefined
  const options = {
    url: `http${secure ? 's' : ''}://127.0.0.1:${port}${route}`,
    sampleInt: LOOK,
    ...(hangsUp && { reconnectRate: 1 }),
    ...(secure && { tlsOptions: { ca: certificate } })
  }

  if (pipelining > 1) {
    // Autocannon gives a connection requests of its own only while it has one of them under way at
    // a time. And it is at the end of an amount once all is sent, so that there must be more than
    // is under way.
    const until =
      amount === undefined
        ? { duration: seconds }
        : { amount: Math.max(2 * pipelining, Math.ceil(amount / connections)) }
    const results = await Promise.all(
      Array.from({ length: connections }, (_, index) =>
        autocannon({
          ...options,
          ...until,
          connections: 1,
          pipelining,
          requests: guarded(route, part(tokens, index, connections)),
          setupClient: watch.look
        })
      )
    )
    return watch.result(results)
  }
  let next = 0
  const result = await autocannon({
    ...options,
    ...(amount === undefined ? { duration: seconds } : { amount }),
    connections,
    setupClient (client) {
      prepare(client, route, part(tokens, next++, connections))
      watch.look(client)
      watch.time(client)
    }
  })
  return { ...watch.result([result]), ...watch.latencies() }
}

/** The part of the tokens that is one connection's. */
function part (tokens: string[], index: number, connections: number): string[] {
  const share = Math.max(1, Math.floor(tokens.length / connections))
  const start = (index * share) % tokens.length
  return tokens.slice(start, start + share)
}

/**
 * Counts the answers by itself: autocannon counts none where servers hang up, and knows latencies
 * in whole milliseconds.
 */
function createWatch () {
  let [requests, refused, begun, last] = [0, 0, Infinity, 0]
  const microseconds = createHistogram()
  return {
    look (client: autocannon.Client): void {
      // Of these events its types know but the latter. What comes before the first request is work
      // of the load's own.
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
