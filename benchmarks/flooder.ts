import { once } from 'node:events'
import { type Socket, connect } from 'node:net'

/** A flood of one client: its requests go over its connections, one after the other on each. */
export interface FloodOrder {
  port: number
  connections: number
  requests: string[]
  /** A request that comes in after a second, since it ends the session. */
  last: string
}

/** Answers by their status. */
export type FloodAnswers = Record<string, number>

const LAST_AFTER_MS = 1000
/** Between an answer and the next request. Without it the flood takes the processor itself. */
const PAUSE_MS = 250

/** Sends from a process whose work costs the clients that are measured no time. */
async function flood (
  { port, connections, requests, last }: FloodOrder
): Promise<() => FloodAnswers> {
  const answers: FloodAnswers = {}
  const sockets: Socket[] = []
  for (let index = 0; index < connections; index++) {
    const socket = connect(port, '127.0.0.1').setNoDelay().setEncoding('latin1')
    socket.on('error', () => {})
    await once(socket, 'connect')
    sockets.push(socket)
  }
  const sent = [...requests]
  const timers = new Set([setTimeout(() => { sent.push(last) }, LAST_AFTER_MS)])
  for (const [index, socket] of sockets.entries()) {
    let next = index
    const send = (): void => { socket.write(sent[next++ % sent.length] as string) }
    socket.on('data', (answer: string) => {
      if (!answer.startsWith('HTTP/1.1 ')) return
      const status = answer.slice(9, 12)
      answers[status] = (answers[status] ?? 0) + 1
      const timer = setTimeout(() => {
        timers.delete(timer)
        send()
      }, PAUSE_MS)
      timers.add(timer)
    })
    send()
  }
  return () => {
    for (const timer of timers) clearTimeout(timer)
    for (const socket of sockets) socket.destroy()
    return answers
  }
}

let stop: (() => FloodAnswers) | undefined

process.on('message', async (order: FloodOrder | { stop: true }) => {
  if ('stop' in order) {
    process.send?.(stop?.())
    return
  }
  stop = await flood(order)
  process.send?.('flooding')
})
process.on('disconnect', () => process.exit())
process.send?.('ready')
