import { once } from 'node:events'
import net from 'node:net'
import t, { type Test } from 'tap'
import { converse } from '../../benchmarks/connection.ts'

const answer = (body: string, head = ''): string =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${head}\r\n${body}`

/** Listens, and hands each request (a line) to `serve`. */
async function listen (t: Test, serve: (socket: net.Socket, line: string) => void) {
  const seen = { connections: 0, most: 0 }
  const server = net.createServer(socket => {
    seen.connections++
    socket.setEncoding('latin1').on('error', () => {}).on('data', text => {
      const lines = `${text}`.trimEnd().split('\n')
      seen.most = Math.max(seen.most, lines.length)
      for (const line of lines) serve(socket, line)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.close() })
  return { seen, port: (server.address() as net.AddressInfo).port }
}

/** Asks a number of times, and returns the bodies of the answers. */
async function ask (port: number, count: number, pipelining = 1): Promise<string[]> {
  const [bodies, before]: [string[], string[]] = [[], []]
  await converse({ port }, {
    pipelining,
    next (last) {
      if (before.length === count) return undefined
      before.push(last)
      return `${before.length}\n`
    },
    heard: ({ text }) => { bodies.push(text.slice(text.indexOf('\r\n\r\n') + 4)) }
  })
  t.equal(before[0], '')
  if (pipelining === 1) t.match(before.slice(1), bodies.slice(0, -1).map(body => RegExp(`${body}$`)))
  return bodies
}

t.test('converse: sends each request after the answer before it', async t => {
  const { port, seen } = await listen(t, (socket, line) => { socket.write(answer(`a${line}`)) })
  t.same(await ask(port, 3), ['a1', 'a2', 'a3'])
  t.same(seen, { connections: 1, most: 1 })
})

t.test('converse: keeps the asked number of requests under way', async t => {
  const { port, seen } = await listen(t, (socket, line) => { socket.write(answer(line)) })
  t.same(await ask(port, 7, 3), ['1', '2', '3', '4', '5', '6', '7'])
  t.equal(seen.connections, 1)
  t.equal(seen.most, 3)
})

t.test('converse: connects again after an answer that ends the connection', async t => {
  const { port, seen } = await listen(t, (socket, line) => {
    socket.end(line === '2' ? 'HTTP/1.1 200 OK\r\n\r\n2' : answer(line, 'Connection: close\r\n'))
  })
  t.same(await ask(port, 3), ['1', '2', '3'])
  t.equal(seen.connections, 3)
})

t.test('converse: rejects if the server ends a connection without an answer', async t => {
  const { port } = await listen(t, socket => { socket.end() })
  const message = 'The server ended a connection without an answer.'
  await t.rejects(ask(port, 1), { message })
  const half = await listen(t, socket => { socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n') })
  await t.rejects(ask(half.port, 1), { message })
})
