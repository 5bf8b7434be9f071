import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { hello, login, post } from '../fixtures/clients/demo-client.ts'
import { type Demo, startDemo } from '../fixtures/servers/demo.ts'
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
