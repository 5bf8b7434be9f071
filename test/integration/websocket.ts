import websocket from '@fastify/websocket'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import t from 'tap'
import WebSocket from 'ws'
import type { SimpleJwtOptions, TokenPair } from '../../plugin/index.ts'
import { type Host, buildHost } from '../fixtures/host.ts'
import type { Test } from '../fixtures/servers/home.ts'

/** Names the sub-protocol after which a browser sends its access token. */
const PROTOCOL = 'access-token'
/** The close code for a socket without a good access token: 4000 to 4999 are free for apps. */
const UNAUTHORIZED = 4401

interface Served extends Host { url: string }

/** A host with @fastify/websocket, and routes that a test adds. */
async function serveSockets (
  t: Test, routes: (app: FastifyInstance) => void, options: Partial<SimpleJwtOptions> = {}
): Promise<Served> {
  const host = await buildHost(t, {
    options,
    before: app => app.register(websocket, {
      options: { handleProtocols: names => names.has(PROTOCOL) && PROTOCOL }
    }),
    after: routes
  })
  const url = await host.app.listen({ port: 0, host: '127.0.0.1' })
  return { ...host, url: url.replace('http', 'ws') }
}

/** A refused handshake. */
interface Refused { status: number | undefined, challenge: string | undefined }

const greet = (socket: WebSocket, { user }: FastifyRequest): void => socket.send(user.user_id)

/** Resolves to the first message, or to the status and the challenge of a refused handshake. */
async function connect (
  t: Test, url: string, protocols: string[] = [], headers: Record<string, string> = {}
): Promise<{ said: string, protocol: string } | Refused> {
  const socket = new WebSocket(url, protocols, { headers })
  t.after(() => socket.terminate())
  return new Promise((resolve, reject) => {
    socket.on('message', data => resolve({ said: String(data), protocol: socket.protocol }))
    socket.on('unexpected-response', (_request, response: IncomingMessage) => resolve({
      status: response.statusCode, challenge: response.headers['www-authenticate']
    }))
    socket.on('error', reject)
  })
}

/** A refresh token of a session, an access token of an ended one, and others that are no good. */
async function badTokens ({ app, login }: Host, { refresh }: TokenPair): Promise<string[]> {
  const ended = await login()
  await app.tokens.revoke(ended.refresh)
  return [refresh, ended.access, `${ended.access}x`, 'x']
}

t.test('a guarded socket takes the Authorization header', async t => {
  const served = await serveSockets(t, app => {
    app.get('/feed', { websocket: true, onRequest: app.authenticate }, greet)
  })
  const pair = await served.login()
  const open = (token: string) =>
    connect(t, `${served.url}/feed`, [], { authorization: `Bearer ${token}` })
  t.same(await open(pair.access), { said: '1', protocol: '' })
  for (const token of await badTokens(served, pair)) {
    t.match(await open(token), { status: 401, challenge: /error="invalid_token"/ })
  }
  t.match(await connect(t, `${served.url}/feed`), {
    status: 401, challenge: 'Bearer realm="api"'
  })
})

t.test('extractToken: a guarded socket takes the token from a sub-protocol', async t => {
  const extractToken = ({ headers }: FastifyRequest): string | undefined => {
    const [name, token] = headers['sec-websocket-protocol']?.split(/, ?/) ?? []
    return name === PROTOCOL ? token : undefined
  }
  const served = await serveSockets(t, app => {
    app.get('/feed', { websocket: true, onRequest: app.authenticate }, greet)
  }, { extractToken })
  const pair = await served.login()
  const open = (token: string) => connect(t, `${served.url}/feed`, [PROTOCOL, token])
  t.same(await open(pair.access), { said: '1', protocol: PROTOCOL }, 'the token is not repeated')
  for (const token of await badTokens(served, pair)) {
    t.match(await open(token), { status: 401 })
  }
  t.match(await connect(t, `${served.url}/feed`), { status: 401 })
  t.match(await connect(t, `${served.url}/feed`, [], {
    authorization: `Bearer ${pair.access}`
  }), { status: 401 }, 'the option replaces the header')
})

t.test('verifyAccess: a socket takes the token from its first message', async t => {
  const served = await serveSockets(t, app => {
    app.get('/feed', { websocket: true }, socket => {
      socket.once('message', async data => {
        try {
          const { user_id: userId } = await app.tokens.verifyAccess(String(data))
          socket.send(userId)
        } catch {
          socket.close(UNAUTHORIZED)
        }
      })
    })
  })
  const pair = await served.login()
  const open = async (token: string): Promise<string | number> => {
    const socket = new WebSocket(`${served.url}/feed`)
    t.after(() => socket.terminate())
    await once(socket, 'open')
    socket.send(token)
    return new Promise(resolve => {
      socket.on('message', data => resolve(String(data)))
      socket.on('close', code => resolve(code))
    })
  }
  t.equal(await open(pair.access), '1')
  for (const token of await badTokens(served, pair)) t.equal(await open(token), UNAUTHORIZED)
  t.ok(await served.app.tokens.verify(pair.refresh), 'verify takes a refresh token')
})
