import t from 'tap'
import { hello, login, post } from '../fixtures/clients/demo-client.ts'
import { startDemo } from '../fixtures/servers/demo.ts'
import { isLong } from '../fixtures/load/rounds.ts'
import { sharedStores } from '../fixtures/servers/store-urls.ts'

const ENV = {
  JWT_SECRET: 'a secret that both processes know',
  RATE_LIMIT: 'off',
  LOG_LEVEL: 'info'
}

/** SQLite alone: killed-app.ts restarts servers over all stores. `npm run test:faults` has all. */
const stores = isLong ? sharedStores : sharedStores.filter(({ skip }) => !skip).slice(0, 1)

for (const { name, skip, start } of stores) {
  t.test(`${name}: processes share sessions and reuse, over restarts too`, { skip }, async t => {
    const env = { ...ENV, STORE_URL: await start(t), REUSE_INTERVAL: '0' }
    const [one, other] = await Promise.all([startDemo(t, env), startDemo(t, env)])
    const first = await login(one.url)
    const second = (await (
      await post(`${other.url}/api/token/refresh/`, { refresh: first.refresh })
    ).json()) as typeof first
    t.equal(await hello(one.url, second.access), 200)
    await Promise.all([one.stop(), other.stop()])

    const again = await startDemo(t, env)
    const third = (await (
      await post(`${again.url}/api/token/refresh/`, { refresh: second.refresh })
    ).json()) as typeof first
    t.equal(await hello(again.url, third.access), 200)
    t.equal(
      (await post(`${again.url}/api/token/refresh/`, { refresh: first.refresh })).status,
      401,
      'a token that was spent before the restart is known as spent'
    )
    t.equal(
      (await post(`${again.url}/api/token/refresh/`, { refresh: third.refresh })).status,
      401,
      'and its session has ended'
    )
    t.equal(await hello(again.url, third.access), 401)

    await again.stop()
    const once = await startDemo(t, env)
    t.equal(await hello(once.url, third.access), 401, 'also after the next restart')
  })
}
