import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { hello, login, post } from '../fixtures/clients/demo-client.ts'
import { type Demo, startDemo } from '../fixtures/servers/demo.ts'
import { halt, signal } from '../fixtures/servers/processes.ts'
import { sharedStores } from '../fixtures/servers/store-urls.ts'

const ENV = {
  JWT_SECRET: 'a secret that both processes know',
  RATE_LIMIT: 'off',
  LOG_LEVEL: 'info'
}

/**
 * Logs in at one process, out there too, and gives the milliseconds after which the other refuses
 * the access token.
 */
async function reach (here: Demo, there: Demo): Promise<number> {
  const { access, refresh } = await login(here.url)
  if ((await hello(there.url, access)) !== 200) {
    throw new Error('the other process does not know the login')
  }
  await (await post(`${here.url}/api/token/blacklist/`, { refresh })).arrayBuffer()
  const loggedOutAt = performance.now()
  if ((await hello(here.url, access)) !== 401) {
    throw new Error('the process itself must refuse the token at once')
  }
  while (await hello(there.url, access) !== 401) await delay(2)
  return performance.now() - loggedOutAt
}

for (const { name, skip, start } of sharedStores) {
  t.test(`${name}: a logout reaches the other process within a second`, { skip }, async t => {
    const env = { ...ENV, STORE_URL: await start(t) }
    const [one, other] = await Promise.all([startDemo(t, env), startDemo(t, env)])
    const times: number[] = []
    for (let round = 0; round < 5; round++) {
      times.push(await reach(round % 2 === 0 ? one : other, round % 2 === 0 ? other : one))
    }
    t.comment(`${name}: ${times.map(Math.round).join(', ')} ms`)
    t.ok(Math.max(...times) < 1000, `${Math.max(...times)} ms`)
  })
}

/**
 * Logs out at one process while the other is frozen. Returns the statuses of the first requests
 * that the other answers after the freeze.
 */
async function afterFreeze (
  t: { equal(found: number, wanted: number, message: string): unknown }, here: Demo, there: Demo
): Promise<number[]> {
  const { access, refresh } = await login(here.url)
  t.equal(await hello(there.url, access), 200, 'and opens a connection')
  const pid = there.process.pid as number
  await halt(pid)
  const frozenAt = performance.now()
  await (await post(`${here.url}/api/token/blacklist/`, { refresh })).arrayBuffer()
  // The requests wait in the sockets: the process reads them before its timers run.
  const statuses = Promise.all(Array.from({ length: 20 }, () => hello(there.url, access)))
  await delay(1500 - (performance.now() - frozenAt))
  signal(pid, 'SIGCONT')
  return statuses
}

for (const { name, skip, start } of sharedStores) {
  t.test(`${name}: a thawed process refuses a logged-out token at once`, { skip }, async t => {
    const env = { ...ENV, STORE_URL: await start(t) }
    const [one, other] = await Promise.all([startDemo(t, env), startDemo(t, env)])
    for (let round = 0; round < 3; round++) {
      t.same(new Set(await afterFreeze(t, one, other)), new Set([401]))
    }
  })
}
