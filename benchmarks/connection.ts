import net from 'node:net'
import tls from 'node:tls'
import { type Answer, firstAnswer } from './answers.ts'

/** A port of this machine. TLS if the server has a certificate. */
export interface Door { port: number, certificate?: string | undefined }

/** Both sides of a conversation. `next` returns undefined when there is nothing more to ask. */
export interface Talk {
  /** Requests that are under way at the same time. */
  pipelining: number
  next(answer: string): string | undefined
  heard(answer: Answer): void
}

/**
 * Sends requests until `next` has no more and all are answered. Connects again when the server ends
 * a connection after an answer, as gunicorn's sync worker does each time, and nginx after 1000.
 * @throws Error if a connection ends before its answers are there
 */
export async function converse (door: Door, talk: Talk): Promise<void> {
  let answer = ''
  while (true) {
    const first = talk.next(answer)
    if (first === undefined) return
    const last = await onConnection(door, talk, first)
    if (last === undefined) return
    answer = last
  }
}

/**
 * Resolves with the last answer if the server ended the connection after it, or undefined when
 * there are no more requests.
 */
function onConnection (
  door: Door, { pipelining, next, heard }: Talk, first: string
): Promise<string | undefined> {
  const socket = connect(door)
  return new Promise((resolve, reject) => {
    let [rest, underWay, isClosed] = ['', 1, false]

    /** Asks on after an answer, and returns what to send. */
    function take (answer: Answer): string {
      heard(answer)
      underWay--
      if (answer.endsConnection || isClosed) {
        socket.destroy()
        if (underWay > 0) reject(new Error('The server ended a connection with requests on it.'))
        resolve(answer.text)
        return ''
      }
      const request = next(answer.text)
      if (request === undefined) return ''
      underWay++
      return request
    }

    function read (): void {
      let requests = ''
      for (let answer = firstAnswer(rest, isClosed); answer !== undefined;) {
        rest = rest.slice(answer.text.length)
        requests += take(answer)
        answer = rest === '' ? undefined : firstAnswer(rest, isClosed)
      }
      if (requests !== '') socket.write(requests, 'latin1')
      if (underWay > 0) return
      socket.destroy()
      resolve(undefined)
    }

    socket.on('data', (chunk: string) => {
      rest += chunk
      read()
    })
    socket.on('end', () => {
      isClosed = true
      read()
      reject(new Error('The server ended a connection without an answer.'))
    })
    socket.on('error', reject)
    let requests = first
    for (; underWay < pipelining; underWay++) {
      const request = next('')
      if (request === undefined) break
      requests += request
    }
    socket.write(requests, 'latin1')
  })
}

function connect ({ port, certificate }: Door): net.Socket {
  const door = { host: '127.0.0.1', port }
  const socket = certificate === undefined
    ? net.connect(door)
    : tls.connect({ ...door, ca: certificate })
  return socket.setNoDelay().setEncoding('latin1')
}
