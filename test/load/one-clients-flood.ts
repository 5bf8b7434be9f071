import { Agent, request } from 'node:http'
import t, { type Test } from 'tap'
import type { TokenPair } from '../../plugin/index.ts'
import { type FloodRequest, floodConnections } from '../fixtures/load/connections.ts'
import { startFloodedApp } from '../fixtures/load/flooded-app.ts'
import { sharedPostgres } from '../fixtures/servers/store-urls.ts'

const CONNECTIONS = 2300
const USERS = 40
const REFRESHES = 1000
const WARM_UP = 800
const FLOODER = '198.51.100.1'
/** A machine that stalls is late for everybody, so a flood with failures is repeated. */
const ATTEMPTS = 3

const agent = new Agent({ keepAlive: true })
t.after(() => { agent.destroy() })

/** Posts to the app from an address. */
const post = (
  port: number, path: string, body: Record<string, string>, address: string
): Promise<{ status: number, body: TokenPair }> =>
  new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'x-forwarded-for': address }
    request({ host: '127.0.0.1', port, path, method: 'POST', agent, headers }, reply => {
      let text = ''
      reply.setEncoding('utf8').on('data', (chunk: string) => { text += chunk }).on('end', () => {
        resolve({ status: reply.statusCode as number, body: JSON.parse(text) })
      })
    }).on('error', reject).end(JSON.stringify(body))
  })

interface LoggedIn { pair: TokenPair, address: string }

let logins = 0

/** Logs in a new user, at a new address. */
async function login (port: number): Promise<LoggedIn> {
  const user = ++logins
  const address = `10.0.${user >> 8}.${user & 255}`
  const reply = await post(
    port, '/api/token/', { username: `user ${user}`, password: 'x' }, address)
  if (reply.status !== 200) throw new Error(`the login was answered ${reply.status}`)
  return { pair: reply.body, address }
}

/** Refreshes many sessions, one refresh after the other each. Returns how many failed. */
async function refreshAll (port: number, users: LoggedIn[], times: number): Promise<number> {
  let failed = 0
  await Promise.all(users.map(async user => {
    for (let count = 0; count < times / users.length; count++) {
      const { status, body } = await post(
        port, '/api/token/refresh/', { refresh: user.pair.refresh }, user.address)
      if (status === 200) user.pair = body
      else failed++
    }
  }))
  return failed
}

const FLOODS: Record<string, (pair: TokenPair) => FloodRequest> = {
  verify: ({ refresh }) => ({
    method: 'POST', path: '/api/token/verify/', address: FLOODER, body: { token: refresh }
  }),
  blacklist: ({ refresh }) => ({
    method: 'POST', path: '/api/token/blacklist/', address: FLOODER, body: { refresh }
  }),
  sessions: ({ access }) => ({
    method: 'GET', path: '/api/token/sessions/', address: FLOODER, access
  })
}

t.test('PostgreSQL: a flood of one client', { skip: sharedPostgres.skip }, async t => {
  const url = await sharedPostgres.start(t)

  /** Floods while 40 others refresh a thousand times. Returns how many of these failed. */
  async function floodOnce (
    t: Test, name: keyof typeof FLOODS, sessions: number, limits: 'limits' | 'no limits'
  ): Promise<number> {
    const port = await startFloodedApp(t, url, limits)
    const loginsOf = (count: number): Promise<LoggedIn[]> =>
      Promise.all(Array.from({ length: count }, () => login(port)))
    const others = await loginsOf(USERS)
    const requestOf = FLOODS[name] as typeof FLOODS[string]
    const requests = (await loginsOf(sessions)).map(({ pair }) => requestOf(pair))
    // The first requests of a process are slow, and a server under attack has been running.
    await refreshAll(port, others, WARM_UP)
    const { stop } = await floodConnections(port, CONNECTIONS, requests)
    const failed = await refreshAll(port, others, REFRESHES)
    const answers = stop()
    t.comment(`of ${REFRESHES} refreshes ${failed} failed; ${JSON.stringify(answers)}`)
    // Without limits, or with many sessions, most requests of the flood wait for their share.
    const isRefused = sessions === 1 && limits === 'limits'
    t.ok((answers[isRefused ? 429 : 200] ?? 0) > 100, 'the flood reaches the app')
    return failed
  }

  async function flood (
    t: Test, name: keyof typeof FLOODS, sessions: number, limits: 'limits' | 'no limits'
  ): Promise<void> {
    let least = Infinity
    for (let attempt = 0; attempt < ATTEMPTS && least > 0; attempt++) {
      least = Math.min(least, await floodOnce(t, name, sessions, limits))
    }
    t.equal(least, 0, `failed refreshes, the least of ${ATTEMPTS} attempts`)
  }

  for (const name of Object.keys(FLOODS)) {
    await t.test(`of ${CONNECTIONS} connections at ${name} fails no refresh of others`, async t => {
      await flood(t, name, 1, 'limits')
    })
  }

  await t.test('with many sessions of one address fails no refresh of others', async t => {
    await flood(t, 'verify', 300, 'limits')
  })

  await t.test('fails no refresh of others without limits: its share is enough', async t => {
    await flood(t, 'verify', 1, 'no limits')
  })
})
