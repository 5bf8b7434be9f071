import { once } from 'node:events'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { inTime } from '../fixtures/recipes/in-time.ts'
import { type RecipeApp, buildRecipes } from '../fixtures/recipes/recipe-app.ts'

const VITOR = 'vitor@app.example'

/** Opens a socket with sub-protocols. Resolves to the status of a refusal, or to the socket. */
async function connect (
  t: Test, address: string, protocols: string[]
): Promise<WebSocket | number> {
  const socket = new WebSocket(`${address.replace('http', 'ws')}/live`, protocols)
  t.after(() => { socket.terminate() })
  return new Promise((resolve, reject) => {
    socket.on('message', () => { resolve(socket) })
    socket.on('close', code => { resolve(code) })
    socket.on('unexpected-response', (_request, { statusCode = 0 }) => { resolve(statusCode) })
    socket.on('error', reject)
  })
}

const closeOf = (socket: WebSocket) => inTime(once(socket, 'close'))

const listen = ({ app }: RecipeApp): Promise<string> => app.listen({ host: '127.0.0.1', port: 0 })

async function open (t: Test, address: string, access: string) {
  const socket = await connect(t, address, [`bearer.${access}`, 'recipes.v1'])
  if (typeof socket === 'number') throw new Error(`refused: ${socket}`)
  return socket
}

t.test('a socket opens with an access token, and does not echo it', async t => {
  const recipes = await buildRecipes(t)
  const address = await listen(recipes)
  const access = await recipes.accessOf(VITOR)
  const socket = await open(t, address, access)
  t.equal(socket.protocol, 'recipes.v1')
  socket.send('hi')
  const [message] = await once(socket, 'message')
  t.equal(String(message), '1: hi')
  t.notMatch(recipes.log.join(''), access, 'the token is not in the log')
})

t.test('a socket needs an access token of a live session', async t => {
  const recipes = await buildRecipes(t)
  const address = await listen(recipes)
  const { access, refresh } = (await recipes.login(VITOR)).json()
  const statusOf = (...protocols: string[]) => connect(t, address, protocols)
  t.equal(await statusOf('recipes.v1'), 401)
  t.equal(await statusOf('recipes.v1', 'bearer.x.y.z'), 401)
  t.equal(await statusOf('recipes.v1', `bearer.${refresh}`), 401)
  await recipes.post('/api/token/blacklist/', { refresh })
  t.equal(await statusOf('recipes.v1', `bearer.${access}`), 401)
})

t.test('a logout closes the sockets of its session, and no other', async t => {
  const recipes = await buildRecipes(t)
  const address = await listen(recipes)
  const [here, there] = [(await recipes.login(VITOR)).json(), (await recipes.login(VITOR)).json()]
  const sockets = await Promise.all(
    [here, here, there].map(({ access }) => open(t, address, access)))
  const closed = sockets.slice(0, 2).map(closeOf)
  await recipes.post('/api/token/blacklist/', { refresh: here.refresh })
  for (const [code] of await Promise.all(closed)) t.equal(code, 4401)
  t.equal(sockets[2]?.readyState, WebSocket.OPEN)
})

t.test('a logout during the handshake closes the socket', async t => {
  const recipes = await buildRecipes(t)
  const address = await listen(recipes)
  const { access, refresh } = (await recipes.login(VITOR)).json()
  const { verifyAccess } = recipes.app.tokens
  recipes.app.tokens.verifyAccess = async token => {
    const claims = await verifyAccess(token)
    await recipes.post('/api/token/blacklist/', { refresh })
    return claims
  }
  t.equal(await connect(t, address, ['recipes.v1', `bearer.${access}`]), 4401)
})

t.test('a socket closes when its token expires', async t => {
  const recipes = await buildRecipes(t)
  const address = await listen(recipes)
  const { verifyAccess } = recipes.app.tokens
  recipes.app.tokens.verifyAccess = async token =>
    ({ ...await verifyAccess(token), exp: Date.now() / 1000 + 0.2 })
  const socket = await open(t, address, await recipes.accessOf(VITOR))
  const [code, reason] = await closeOf(socket)
  t.equal(code, 4401)
  t.equal(String(reason), 'token expired')
})
