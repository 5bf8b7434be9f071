import t from 'tap'
import { post } from '../fixtures/clients/demo-client.ts'
import { type Demo, startDemo } from '../fixtures/servers/demo.ts'
import { sharedStores } from '../fixtures/servers/store-urls.ts'

const guess = async (demo: Demo, username: string): Promise<number> => {
  const reply = await post(`${demo.url}/api/token/`, { username, password: 'wrong' })
  await reply.arrayBuffer()
  return reply.status
}

for (const { name, skip, start } of sharedStores) {
  t.test(`${name}: two processes`, { skip }, async t => {
    const env = {
      JWT_SECRET: 'a secret that both processes know',
      STORE_URL: await start(t),
      TRUST_PROXY: '127.0.0.1'
    }
    const demos = await Promise.all([startDemo(t, env), startDemo(t, env)])

    await t.test('five tries are five over all processes, not five each', async t => {
      const statuses: number[] = []
      for (let count = 0; count < 8; count++) {
        statuses.push(await guess(demos[count % 2] as Demo, 'vitor'))
      }
      t.same(statuses, [401, 401, 401, 401, 401, 429, 429, 429])
      t.equal(await guess(demos[0] as Demo, 'somebody else'), 401)
    })

    await t.test('200 guesses at once use 200 tries, and five are checked', async t => {
      const statuses = await Promise.all(Array.from({ length: 200 }, async (_, index) => {
        const reply = await fetch(`${(demos[index % 2] as Demo).url}/api/token/`, {
          method: 'POST',
          // Each from an address of its own, so that only the limit of the user name counts.
          headers: { 'content-type': 'application/json', 'x-forwarded-for': `203.0.113.${index}` },
          body: JSON.stringify({ username: 'inactive', password: 'wrong' })
        })
        await reply.arrayBuffer()
        return reply.status
      }))
      t.equal(statuses.filter(status => status === 401).length, 5)
      t.equal(statuses.filter(status => status === 429).length, 195)
    })
  })
}
