import { createHistogram } from 'node:perf_hooks'
import type { Answer } from './answers.ts'
import { type Door, type Talk, converse } from './connection.ts'
import { type NextRequest, type Route, requestsOf } from './requests.ts'

/** A round of requests. Each connection has its own part of the tokens, and begins at the first. */
export interface Load extends Door {
  route: Route
  tokens: string[]
  connections: number
  /** Requests that each connection has under way. */
  pipelining: number
  seconds: number
  /** A number of requests, instead of seconds. */
  amount?: number | undefined
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
  /** Answers that are not 2xx. */
  failures: number
  p50?: number
  p99?: number
}

async function fire (load: Load): Promise<LoadResult> {
  const { connections, pipelining, spins = true } = load
  const round = createRound(load)
  const stop = spins ? spin() : undefined
  await Promise.all(Array.from({ length: connections }, (_, index) =>
    converse(load, {
      pipelining,
      ...round.connection(requestsOf(load.route, part(load.tokens, index, connections)))
    })
  ))
  stop?.()
  return round.result()
}

/** Polls without sleeping until the returned function is called. */
function spin (): () => void {
  let isSpinning = true
  const turn = (): void => { if (isSpinning) setImmediate(turn) }
  turn()
  return () => { isSpinning = false }
}

/** The part of the tokens that is one connection's. */
function part (tokens: string[], index: number, connections: number): string[] {
  const share = Math.max(1, Math.floor(tokens.length / connections))
  const start = (index * share) % tokens.length
  return tokens.slice(start, start + share)
}

function createRound ({ pipelining, seconds, amount = Infinity }: Load) {
  const begun = performance.now()
  const end = amount === Infinity ? begun + seconds * 1000 : Infinity
  let [sent, requests, failures, last] = [0, 0, 0, begun]
  const microseconds = createHistogram()
  return {
    connection (nextRequest: NextRequest): Omit<Talk, 'pipelining'> {
      let sentAt = 0
      return {
        next (answer) {
          sentAt = performance.now()
          if (sent >= amount || sentAt >= end) return undefined
          sent++
          return nextRequest(answer)
        },
        heard ({ isGood }: Answer) {
          last = performance.now()
          if (isGood) requests++
          else failures++
          if (pipelining === 1) microseconds.record(Math.max(1, Math.round((last - sentAt) * 1000)))
        }
      }
    },
    result: (): LoadResult => ({
      requests,
      failures,
      seconds: (last - begun) / 1000,
      ...(pipelining === 1 && {
        p50: microseconds.percentile(50) / 1000,
        p99: microseconds.percentile(99) / 1000
      })
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
