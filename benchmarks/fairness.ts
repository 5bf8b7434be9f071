import { Agent, request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { TokenPair } from '../plugin/index.ts'
import { type Child, startChild } from './child.ts'
import type { FloodAnswers, FloodOrder } from './flooder.ts'
import { type Settings, fixed, percentile, table } from './harness.ts'
import { type Report, atMost } from './report.ts'
import { type Scope, rowsOf, scoped } from './scope.ts'
import type { BusyOrder } from './servers/busy.ts'
import { candidates } from './servers/candidates.ts'
import type { Busy } from './slow-store.ts'

/** The store under the flood: a pool of 20 connections to a database that takes 40 ms. */
const BUSY: Busy = { ms: 40, atOnce: 20 }
/** Refreshes of the other users in a second. Each is two calls: its counter, and itself. */
const PER_SECOND = 60
/**
 * Over 1,024 sockets with something to read libuv reads them 48 times before it looks at a timer,
 * which would measure that.
 */
const CONNECTIONS = 400
const FLOODER = '198.51.100.1'
/** Logins that are under way at a time. */
const LOGINS_AT_ONCE = 20

/** A user at an address, with the pair that was given last. */
interface Client { address: string, pair: TokenPair }

/** What became of the refreshes of the others. */
interface Outcome { failed: number, times: number[], answers: Record<string, number> }

const agent = new Agent({ keepAlive: true })

/** The status of an answer, and its body. */
function post (
  port: number, path: string, body: Record<string, string>, address: string
): Promise<{ status: number, body: TokenPair }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'x-forwarded-for': address }
    request({ host: '127.0.0.1', port, path, method: 'POST', agent, headers }, reply => {
      let text = ''
      reply.setEncoding('utf8')
        .on('data', (piece: string) => { text += piece })
        .on('end', () => {
          resolve({ status: reply.statusCode as number, body: JSON.parse(text) })
        })
    }).on('error', reject).end(JSON.stringify(body))
  })
}

/** Whether one user's flood delays or fails the refreshes of the others. */
export default async function fairness (
  t: Scope, { quick, count = quick ? 20 : 1000 }: Settings
): Promise<Report> {
  const text = `One user with one pair floods \`/api/token/verify/\`, \`/api/token/sessions/\` and, after a second, \`/api/token/blacklist/\` over ${fixed(CONNECTIONS)} connections, each of which sends again 250 ms after its answer (a flood that takes the whole processor is the work of a proxy). Meanwhile ${fixed(count)} other users refresh once each, ${PER_SECOND} a second. Each call to the store takes ${BUSY.ms} ms longer than it does, and ${BUSY.atOnce} run at a time, as in a pool of ${BUSY.atOnce} connections to a busy database. Milliseconds from the moment at which a refresh was due. The limits are the default ones, or off: then only the share of a user is left. The last column: answers to the flood by their status.\n\n`
  let [measured, failed] = [0, 0]
  const rows = await rowsOf(t, subjects(), async (t, { name }) => {
    const lines: string[][] = []
    for (const limits of ['on', 'off']) {
      await scoped(t, async t => {
        const server = await startChild(t, 'servers/busy.js', [name, limits])
        const flooder = await startChild(t, 'flooder.js')
        const port = server.said as number
        const clients = await loginAll(port, count)
        const [attacker] = await loginAll(port, 1, FLOODER)
        await server.ask({ busy: BUSY } satisfies BusyOrder)
        console.error(`fairness: ${name}, limits ${limits}`)
        if (limits === 'on') lines.push(line('none', await refreshAll(port, clients), {}))
        const { outcome, answers } = await flooded(
          flooder, orderOf(port, attacker as Client), () => refreshAll(port, clients)
        )
        lines.push(line(`limits ${limits}`, outcome, answers))
        console.error(`fairness: the others got ${JSON.stringify(outcome.answers)}`)
        failed += outcome.failed
        measured++
      })
    }
    return lines
  })
  return {
    text: text + table(HEADS, rows),
    figures: [
      atMost(
        `refreshes of ${fixed(count)} other users that one user's flood fails, all stores together`,
        0,
        measured === 0 ? Infinity : failed,
        value => fixed(value)
      )
    ]
  }
}

const HEADS = ['store', 'flood', 'failed', 'p50 ms', 'p99 ms', 'max ms', 'flooder got']

/** One of each kind, SQLite as durable as the others. */
const subjects = () => candidates.filter(({ name }) => !name.includes('NORMAL'))

const line = (flood: string, { failed, times }: Outcome, got: FloodAnswers): string[] => [
  flood,
  `${failed} of ${times.length}`,
  ...[percentile(times, 0.5), percentile(times, 0.99), Math.max(...times)].map(time => fixed(time)),
  Object.entries(got).map(([status, times]) => `${status}: ${fixed(times)}`).join(', ') || '-'
]

/** Logs so many users in, each at an address, or all of them at the one given. */
async function loginAll (port: number, count: number, at?: string): Promise<Client[]> {
  const clients: Client[] = []
  await Promise.all(Array.from({ length: LOGINS_AT_ONCE }, async (_, lane) => {
    for (let user = lane; user < count; user += LOGINS_AT_ONCE) {
      const address = at ?? `10.0.${user >> 8}.${user & 255}`
      const { status, body } = await post(
        port, '/api/token/', { username: `${at ?? ''}user ${user}`, password: 'x' }, address
      )
      if (status !== 200) throw new Error(`the login was answered ${status}`)
      clients.push({ address, pair: body })
    }
  }))
  return clients
}

/** Each client refreshes once, at its time, however late the others are. */
async function refreshAll (port: number, clients: Client[]): Promise<Outcome> {
  const begun = performance.now()
  const times: number[] = []
  const answers: Record<string, number> = {}
  await Promise.all(clients.map(async (client, index) => {
    const due = begun + index * 1000 / PER_SECOND
    await delay(due - performance.now())
    const { status, body } = await post(
      port, '/api/token/refresh/', { refresh: client.pair.refresh }, client.address
    )
    times.push(performance.now() - due)
    answers[status] = (answers[status] ?? 0) + 1
    if (status === 200) client.pair = body
  }))
  return { failed: times.length - (answers['200'] ?? 0), times, answers }
}

/** Does something under a flood. */
async function flooded (
  flooder: Child, order: FloodOrder, work: () => Promise<Outcome>
): Promise<{ outcome: Outcome, answers: FloodAnswers }> {
  await flooder.ask(order)
  const outcome = await work()
  return { outcome, answers: await flooder.ask({ stop: true }) as FloodAnswers }
}

function orderOf (port: number, { pair: { access, refresh } }: Client): FloodOrder {
  const head = (what: string): string =>
    `${what} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-For: ${FLOODER}\r\n`
  const posted = (path: string, body: object): string => {
    const text = JSON.stringify(body)
    return `${head(`POST ${path}`)}Content-Type: application/json\r\n` +
      `Content-Length: ${text.length}\r\n\r\n${text}`
  }
  return {
    port,
    connections: CONNECTIONS,
    requests: [
      posted('/api/token/verify/', { token: refresh }),
      `${head('GET /api/token/sessions/')}Authorization: Bearer ${access}\r\n\r\n`
    ],
    last: posted('/api/token/blacklist/', { refresh })
  }
}
