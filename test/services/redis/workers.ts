import { once } from 'node:events'
import { type IncomingMessage, get } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { hello, login } from '../../fixtures/clients/demo-client.ts'
import { type Demo, failDemo, startDemo } from '../../fixtures/servers/demo.ts'
import { type Sample, startLoad } from '../../fixtures/load/load.ts'
import { childrenOf, isGone, signal, until } from '../../fixtures/servers/processes.ts'
import { redisProgram, startRedis } from '../../fixtures/servers/redis.ts'
import { skipUnless } from '../../fixtures/servers/programs.ts'
import { openTab } from '../../fixtures/clients/tabs.ts'
import { type TokenClient, createClients } from '../../fixtures/clients/token-client.ts'

const skip = skipUnless(redisProgram, 'redis-server')

/** A demo of two workers, and how to know them. */
async function startPool (t: Test, storeUrl: string) {
  const demo = await startDemo(t, {
    WEB_CONCURRENCY: '2',
    STORE_URL: storeUrl,
    RATE_LIMIT: 'off',
    LOG_LEVEL: 'info'
  })
  const workers = (): number[] => childrenOf(demo.process.pid as number)
  const listening = (): number => demo.log.filter(line => line.includes('listening at')).length
  await until(() => listening() === 2)
  return {
    ...demo,
    workers,
    listening,
    listened: (count: number) => until(() => listening() >= count)
  }
}

/**
 * A machine that has stalled for a second is told so by the store's deadline, and is not what is
 * tested.
 */
const isRefused = ({ status, body }: Sample): boolean =>
  status !== 200 && body.code !== 'store_unavailable' && body.code !== 'too_many_logins'

const says = ({ log }: Pick<Demo, 'log'>, what: string): Promise<void> =>
  until(() => log.some(line => line.includes(what)))

/** Over a connection of its own: one that is kept may be to a worker that has died. */
async function figures (url: string): Promise<Map<string, number>> {
  const [reply] = (await once(get(`${url}/metrics`, { agent: false }), 'response')) as [
    IncomingMessage
  ]
  const lines = (await text(reply)).split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map(line => [
      line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))
    ])
  )
}
const LOGINS = 'simplejwt_events_total{type="login"}'

/** The first client logs out and in, the others refresh. */
const loadOn = (url: string, clients: TokenClient[]) =>
  startLoad(url, clients.slice(1), clients.slice(0, 1), 150)

t.test('a pool of two workers', { skip }, async t => {
  const redis = await startRedis(t)
  const pool = await startPool(t, redis.url)
  const { url, workers } = pool
  const before = workers()

  await t.test('shares a made-up secret, and says once that it was made up', async t => {
    const { access } = await login(url)
    // Each over a connection of its own: they go to the workers in turn.
    const statuses = await Promise.all(Array.from({ length: 8 }, () => hello(url, access)))
    t.strictSame(new Set(statuses), new Set([200]))
    t.equal(pool.log.filter(line => line.includes('using a random secret')).length, 1)
  })

  await t.test('SIGHUP puts a new worker in the place of each, and no request fails', async t => {
    const logins = (await figures(url)).get(LOGINS) as number
    const load = loadOn(url, await createClients(url, 12))
    await delay(300)
    pool.process.kill('SIGHUP')
    await says(pool, 'all workers were replaced')
    await delay(300)
    await load.stop()
    t.strictSame(load.cutOff, [])
    t.strictSame(load.samples.filter(isRefused), [])
    t.ok(load.samples.length > 100, `${load.samples.length} requests`)
    t.equal(workers().length, 2)
    t.notOk(workers().some(pid => before.includes(pid)))

    const loggedIn =
      load.samples.filter(({ what, status }) => what === 'login' && status === 200).length + 12
    t.equal(
      (await figures(url)).get(LOGINS),
      logins + loggedIn,
      'the counts of the old workers are kept'
    )
  })

  await t.test('a killed worker is replaced, and only its requests under way fail', async t => {
    const clients = await createClients(url, 12)
    const load = loadOn(url, clients)
    await delay(300)
    const logins = (await figures(url)).get(LOGINS) as number
    const before = pool.listening()
    const answers: Promise<string>[] = []
    for (let count = 0; count < 200; count++) {
      if (count === 100) signal(workers()[0] as number, 'SIGKILL')
      answers.push(answerTo(url))
      if (count % 5 === 0) await delay(1)
    }
    t.ok(
      ((await figures(url)).get(LOGINS) as number) >= logins,
      'the counts of the dead worker are kept'
    )
    await pool.listened(before + 1)
    await delay(300)
    await load.stop()
    const counted = await Promise.all(answers)
    t.comment(
      `${load.cutOff.length} of ${load.samples.length} requests were cut off, and ` +
        `${counted.filter(answer => answer === '').length} of 200 new connections`
    )
    t.ok(load.cutOff.length <= 12)
    t.notOk(
      counted.includes('hangs'), 'no connection hangs because the worker dies that it was meant for'
    )
    t.strictSame(load.samples.filter(isRefused), [])
    t.strictSame(
      (await Promise.all(clients.slice(1).map(client => client.refresh()))).map(
        ({ status }) => status
      ),
      Array(11).fill(200),
      'every client stays logged in'
    )
    t.ok((await figures(url)).get(LOGINS) as number >= logins)
    t.equal(workers().length, 2)
  })

  await t.test('a worker that dies while all are replaced has one successor, not two', async t => {
    const rolls = (): number =>
      pool.log.filter(line => line.includes('all workers were replaced')).length
    const starts = (): number =>
      pool.log.filter(line => line.includes('replacing all workers')).length
    // The first one dies while its successor starts, the second one while that of the first does.
    for (const index of [0, 1]) {
      const [dying, before] = [workers()[index] as number, { rolls: rolls(), starts: starts() }]
      pool.process.kill('SIGHUP')
      await until(() => starts() > before.starts)
      await delay(100)
      signal(dying, 'SIGKILL')
      await until(() => rolls() > before.rolls)
      await delay(500)
      t.equal(workers().length, 2, `worker ${index}`)
    }
  })

  await t.test('workers that cannot start are tried again, ever more seldom', async t => {
    await redis.stop()
    const before = pool.listening()
    signal(workers()[0] as number, 'SIGKILL')
    await until(() => waits(pool).length >= 4)
    await redis.start()
    await pool.listened(before + 1)
    t.equal(workers().length, 2)
    const [first = 0, ...more] = waits(pool)
    t.ok(first >= 100)
    t.ok(
      more.every((wait, index) => wait === 2 * (waits(pool)[index] as number)), `${first}, ${more}`
    )
  })

  await t.test('SIGTERM ends all, each after what it runs', async t => {
    const { refresh, access } = await login(url)
    const tab = await openTab(Number(new URL(url).port))
    const sendTheRest = tab.hold('/api/token/refresh/', { refresh })
    await delay(50)
    const pids = workers()
    const stopped = pool.stop('SIGTERM')
    await says(pool, 'each after its current requests')
    await delay(100)
    const reply = await fetch(`${url}/hello/`, { headers: { authorization: `Bearer ${access}` } })
    t.equal(reply.status, 200, 'a request during the shutdown is answered')
    t.equal(reply.headers.get('connection'), 'close', 'and the client asked to hang up')
    t.equal((await fetch(`${url}/readyz`)).status, 503)

    await until(() => pids.some(isGone))
    t.equal(
      (await sendTheRest()).status,
      200,
      'a request that had begun to come is answered, though the other worker is gone'
    )
    t.equal(await stopped, 0)
    t.ok(pids.every(isGone))
  })
})

/**
 * What a new connection is answered: nothing if the server hangs up, `hangs` if neither comes for
 * five seconds.
 */
function answerTo (url: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1').setEncoding('latin1')
  let answer = ''
  socket.setTimeout(5000, () => {
    answer = 'hangs'
    socket.destroy()
  }).on('data', (part: string) => { answer += part }).on('error', () => {})
  socket.write('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n')
  return new Promise(resolve => { socket.on('close', () => resolve(answer)) })
}

/** Milliseconds that were waited before another try, as the log has them. */
const waits = ({ log }: Pick<Demo, 'log'>): number[] =>
  log.flatMap(line => /"wait":(\d+)/.exec(line)?.slice(1).map(Number) ?? [])

t.test('workers that do not listen are refused at the start', async t => {
  await t.test('with sessions that each would have for itself', async t => {
    t.strictSame(await failDemo({ WEB_CONCURRENCY: '2' }), {
      code: 1,
      said:
        'The demo server did not start: WEB_CONCURRENCY above 1 needs a STORE_URL that all ' +
        'workers share: sqlite:PATH, redis://... or postgres://...\n'
    })
  })

  await t.test('with a store that is not there', async t => {
    const { code, said } = await failDemo({
      WEB_CONCURRENCY: '2',
      STORE_URL: 'sqlite:/nowhere/sessions.db'
    })
    t.equal(code, 1)
    t.equal(
      said.match(/did not start/g)?.length, 2, 'the worker says why, the primary that it gave up'
    )
  })
})
