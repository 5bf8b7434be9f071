import { once } from 'node:events'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { buildGraphqlApp } from '../../../example/recipes/graphql/app.ts'
import { SECRET, bearer } from '../../fixtures/recipes/bearer.ts'
import { inTime } from '../../fixtures/recipes/in-time.ts'

async function start (t: Test) {
  const app = await buildGraphqlApp({
    secret: SECRET,
    verifyCredentials: ({ username }) => ({ id: username }),
    claims: ({ id }) => ({ role: id === 'ada' ? 'admin' : 'user' })
  })
  t.after(() => app.close())
  const address = await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    app,
    address,
    login: async (username: string): Promise<{ access: string, refresh: string }> =>
      (await app.inject(
        { method: 'POST', url: '/api/token/', payload: { username, password: 'x' } })).json(),
    ask: (query: string, access?: string) => app.inject({
      method: 'POST',
      url: '/graphql',
      payload: { query },
      headers: access === undefined ? {} : bearer(access)
    })
  }
}

type Message = { type: string, payload?: { data?: { said: string } } }

/** Sends the first message, and returns a function that waits for the next one. */
async function connect (t: Test, address: string, payload: unknown) {
  const socket = new WebSocket(`${address.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
  t.after(() => { socket.terminate() })
  const messages: Message[] = []
  socket.on('message', text => { messages.push(JSON.parse(String(text))) })
  await once(socket, 'open')
  const send = (message: object) => { socket.send(JSON.stringify(message)) }
  const next = async (): Promise<Message | undefined> => {
    if (messages.length === 0) await inTime(once(socket, 'message'))
    return messages.shift()
  }
  send({ type: 'connection_init', payload })
  return { socket, send, next, closed: once(socket, 'close') }
}

const SUBSCRIBE = { id: '1', type: 'subscribe', payload: { query: 'subscription { said }' } }

t.test('a query needs an access token', async t => {
  const { ask, app, login } = await start(t)
  const { access, refresh } = await login('vitor')
  t.same((await ask('{ me { id } }', access)).json(), { data: { me: { id: 'vitor' } } })
  for (const token of [undefined, 'x.y.z', refresh]) {
    const reply = await ask('{ me { id } }', token)
    t.equal(reply.statusCode, 401)
    t.match(reply.headers['www-authenticate'], 'Bearer')
    t.notMatch(reply.body, '"me"')
  }
  t.equal((await app.inject('/graphql?query={__typename}')).statusCode, 401)
})

t.test('a field may need a role', async t => {
  const { ask, login } = await start(t)
  t.match((await ask('{ secret }', (await login('vitor')).access)).json(),
    { data: null, errors: [{ extensions: { code: 'FORBIDDEN' } }] })
  t.match((await ask('{ secret }', (await login('ada')).access)).json(),
    { data: { secret: 'for administrators' } })
})

t.test('a subscription needs an access token in the first message', async t => {
  const { address, login } = await start(t)
  const { access, refresh } = await login('vitor')
  for (const payload of [undefined, null, {}, { access: 1 }, { access: refresh }]) {
    const { next, closed } = await connect(t, address, payload)
    t.match(await next(), { type: 'connection_error' })
    await inTime(closed)
  }
  const { next } = await connect(t, address, { access })
  t.match(await next(), { type: 'connection_ack' })
})

t.test('a subscription without a first message is refused', async t => {
  const { address, app } = await start(t)
  const socket = new WebSocket(`${address.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
  await once(socket, 'open')
  socket.send(JSON.stringify(SUBSCRIBE))
  await inTime(once(socket, 'close'))
  t.ok(app)
})

t.test('a subscription ends at logout, and no other', async t => {
  const { address, ask, login, app } = await start(t)
  const [here, there] = [await login('vitor'), await login('vitor')]
  const subscribe = async ({ access }: { access: string }) => {
    const client = await connect(t, address, { access })
    t.match(await client.next(), { type: 'connection_ack' })
    client.send(SUBSCRIBE)
    return client
  }
  const [mine, other] = [await subscribe(here), await subscribe(there)]
  await heard(ask, there.access, [mine, other])
  await app.inject({
    method: 'POST', url: '/api/token/blacklist/', payload: { refresh: here.refresh }
  })
  const [code] = await inTime(mine.closed)
  t.equal(code, 4401)
  await heard(ask, there.access, [other])
  t.equal(other.socket.readyState, WebSocket.OPEN)
})

/** Says something until all clients have heard it: a subscription begins without an answer. */
async function heard (
  ask: (query: string, access: string) => Promise<unknown>,
  access: string,
  clients: { next(): Promise<Message | undefined> }[]
): Promise<void> {
  const all = Promise.all(clients.map(({ next }) => next()))
  const once = async (): Promise<undefined> => {
    await ask('mutation { say (text: "hi") }', access)
  }
  let messages
  while (messages === undefined) messages = await Promise.race([all, once()])
  for (const message of messages) {
    if (message?.payload?.data?.said !== 'hi') throw new Error(JSON.stringify(message))
  }
}

t.test('a token of a session that has ended meanwhile starts no subscription', async t => {
  const { address, login, app } = await start(t)
  const { access, refresh } = await login('vitor')
  const { next, send } = await connect(t, address, { access })
  t.match(await next(), { type: 'connection_ack' })
  await app.inject({ method: 'POST', url: '/api/token/blacklist/', payload: { refresh } })
  send(SUBSCRIBE)
  t.match(await next(), { type: 'error' })
})

t.test('a token of one subscription alone ends it too', async t => {
  const { address, ask, login, app } = await start(t)
  const [first, second] = [await login('vitor'), await login('maria')]
  const client = await connect(t, address, { access: first.access })
  await client.next()
  client.send({
    ...SUBSCRIBE, extensions: [{ type: 'connectionInit', payload: { access: second.access } }]
  })
  await heard(ask, first.access, [client])
  await app.inject({
    method: 'POST', url: '/api/token/blacklist/', payload: { refresh: second.refresh }
  })
  const [code] = await inTime(client.closed)
  t.equal(code, 4401)
})
