import { createHistogram } from 'node:perf_hooks'
import autocannon from 'autocannon'

/** What is sent: each connection goes through a part of the tokens of its own, so that none of them is brought twice before all were. */
export interface Load { port: number, tokens: string[], connections: number, seconds: number, pipelining: number }

/** What came back. Latencies in milliseconds; without them where a request waits for those before it. */
export interface LoadResult { requests: number, seconds: number, failures: number, p50?: number, p99?: number }

/** Autocannon gives a connection requests of its own only while it has one of them under way at a time. */
const fire = ({ pipelining, ...load }: Load): Promise<LoadResult> => pipelining === 1 ? fireOneByOne(load) : firePipelined(load, pipelining)

async function fireOneByOne ({ port, tokens, connections, seconds }: Omit<Load, 'pipelining'>): Promise<LoadResult> {
  let next = 0
  // Microseconds: those of autocannon are whole milliseconds.
  const latencies = createHistogram()
  const result = await autocannon({
    url: urlOf(port),
    connections,
    duration: seconds,
    setupClient (client) {
      client.setRequests(requests(tokens, next++, connections))
      client.on('response', (_status, _bytes, milliseconds) => latencies.record(Math.max(1, Math.round(milliseconds * 1000))))
    }
  })
  const percentile = (percent: number): number => latencies.percentile(percent) / 1000
  return { requests: result['2xx'], seconds: result.duration, failures: failuresOf(result), p50: percentile(50), p99: percentile(99) }
}

async function firePipelined ({ port, tokens, connections, seconds }: Omit<Load, 'pipelining'>, pipelining: number): Promise<LoadResult> {
  const results = await Promise.all(Array.from({ length: connections }, (_, index) =>
    autocannon({ url: urlOf(port), connections: 1, duration: seconds, pipelining, requests: requests(tokens, index, connections) })))
  return {
    requests: results.reduce((sum, result) => sum + result['2xx'], 0),
    seconds: Math.max(...results.map(({ duration }) => duration)),
    failures: results.reduce((sum, result) => sum + failuresOf(result), 0)
  }
}

const urlOf = (port: number): string => `http://127.0.0.1:${port}/hello/`
const failuresOf = ({ non2xx, errors, timeouts }: autocannon.Result): number => non2xx + errors + timeouts

/** The part of the tokens that is one connection's. */
function requests (tokens: string[], index: number, connections: number): autocannon.Request[] {
  const share = Math.max(1, Math.floor(tokens.length / connections))
  const start = (index * share) % tokens.length
  return tokens.slice(start, start + share).map(token => ({ method: 'GET', path: '/hello/', headers: { authorization: `Bearer ${token}` } }))
}

process.on('message', (load: Load) => { fire(load).then(result => process.send?.(result), error => { throw error }) })
process.on('disconnect', () => process.exit())
process.send?.('ready')
