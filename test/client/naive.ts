import t from 'tap'
import { createPageFetch } from '../fixtures/client/page-fetch.ts'
import { type World, openWorld } from '../fixtures/client/world.ts'
import { createNaiveClient } from '../fixtures/naive/client.ts'
import type { Test } from '../fixtures/servers/home.ts'

type Call = (path: string) => Promise<Response>

/** Opens a world in cookie mode, with a client of each kind that is logged in. */
async function openBoth (t: Test): Promise<World & { clients: Record<string, Call> }> {
  const world = await openWorld(t, { cookie: true })
  const naive = createNaiveClient(world.url, createPageFetch().fetch)
  await naive.login('vitor', '123')
  const ours = await world.logIn({ storage: 'cookie', fetch: createPageFetch().fetch })
  return { ...world, clients: { naive: naive.fetch, ours: ours.fetch } }
}

async function statusesOf (call: Call, path: string): Promise<number[]> {
  const replies = await Promise.all(Array.from({ length: 10 }, () => call(path)))
  return replies.map(({ status }) => status)
}

const ten = (status: number): number[] => Array(10).fill(status)

t.test('one refresh by hand: ten calls are answered 401 while the store is away', async t => {
  const { clients, expire, proxy } = await openBoth(t)
  for (const [name, expected] of [['naive', 401], ['ours', 200]] as const) {
    expire()
    let isBack: boolean | undefined
    proxy.answer = ({ url }) => {
      if (isBack || url !== '/api/token/refresh/') return undefined
      if (isBack === undefined) setTimeout(() => { isBack = true }, 1500)
      isBack = false
      return { status: 503 }
    }
    t.same(await statusesOf(clients[name] as Call, '/hello/'), ten(expected), name)
  }
})

t.test('one refresh by hand: a 401 for another reason makes ten refreshes', async t => {
  const { clients, refreshes, proxy } = await openBoth(t)
  for (const [name, isHasty] of [['naive', true], ['ours', false]] as const) {
    proxy.log.length = 0
    const call = clients[name] as Call
    for (let count = 0; count < 10; count++) t.equal((await call('/own/')).status, 401)
    t.equal(refreshes().length, isHasty ? 10 : 0, name)
  }
})

t.test('one refresh by hand: each call is sent twice', async t => {
  const { clients, expire, proxy } = await openBoth(t)
  for (const [name, requests] of [['naive', 20], ['ours', 10]] as const) {
    expire()
    proxy.log.length = 0
    t.same(await statusesOf(clients[name] as Call, '/hello/'), ten(200), name)
    t.equal(proxy.statusesOf('/hello/').length, requests)
  }
})
