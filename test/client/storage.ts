import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import type { TokenStorage } from '../../plugin/client/index.ts'
import { tokenOf } from '../fixtures/client/fake-server.ts'
import { createAsyncStorage, createStorage } from '../fixtures/client/storages.ts'
import { openWorld } from '../fixtures/client/world.ts'

const MARIA = { username: 'maria', password: '456' }
const isRefresh = ({ url }: { url: string }): boolean => url === '/api/token/refresh/'
const STORAGES = { sync: createStorage, async: createAsyncStorage }

for (const [kind, create] of Object.entries(STORAGES)) {
  t.test(`storage: keeps the login over a reload (${kind})`, async t => {
    const { logIn, connect, call, refreshes, url } = await openWorld(t)
    const storage = create()
    const before = await logIn({ storage })
    before.close()
    t.same([...storage.keys], [`fastify-simplejwt ${url}/api/token`])
    const after = connect({ storage })
    t.equal(after.user, undefined, 'not known before the first call')
    t.same(await call(after, 20), { 200: 20 })
    t.same(after.user, before.user)
    t.same(refreshes(), ['200'])
    await after.logout()
    t.equal(storage.token, null)
  })

  t.test(`storage: has only the refresh token, and the last one (${kind})`, async t => {
    const { logIn, expire, app, call } = await openWorld(t)
    const storage = create()
    const client = await logIn({ storage })
    const seen = new Set<string | null>()
    for (let round = 0; round < 3; round++) {
      seen.add(storage.token)
      t.match(await app.tokens.verify(storage.token as string), { token_type: 'refresh' })
      expire()
      t.same(await call(client, 5), { 200: 5 })
    }
    t.equal(seen.size, 3)
  })

  t.test(`storage: a reply does not overwrite a token of another session (${kind})`, async t => {
    const { logIn, expire, proxy, login, app } = await openWorld(t)
    const storage = create()
    const client = await logIn({ storage })
    const other = await login('maria', '456')
    expire()
    proxy.delayAfter = passing => {
      if (isRefresh(passing) && passing.status === 200) storage.token = other.refresh
      return 0
    }
    await t.rejects(client.fetch('/who/'), { code: 'user_changed' })
    const claims = await app.tokens.verify(storage.token as string)
    t.match(claims, { user_id: '3' }, 'the login of another tab stays')
    proxy.reset()
    t.match(await (await client.fetch('/who/')).json(), { user_id: '3' }, 'the client follows it')
  })

  t.test(`storage: a reply does not overwrite a later token of the session (${kind})`, async t => {
    const { logIn, expire, proxy, post, clock, call } = await openWorld(t)
    const storage = create()
    const client = await logIn({ storage })
    expire()
    const sent = storage.token
    const renew = async (refresh: string | null): Promise<string> => {
      clock.advance(1000)
      const headers = { 'user-agent': 'node' }
      return (await post('/api/token/refresh/', { refresh }, { headers })).json().refresh
    }
    let later: string | undefined
    proxy.delayAfter = passing => {
      // Another tab refreshes twice before the reply arrives.
      if (isRefresh(passing)) {
        renew(sent).then(renew).then(refresh => { storage.token = later = refresh })
      }
      return 100
    }
    t.equal((await client.fetch('/hello/')).status, 200)
    t.type(later, 'string')
    t.equal(storage.token, later)
    proxy.reset()
    expire()
    t.same(await call(client, 5), { 200: 5 })
  })

  t.test(`storage: a reply puts nothing back once the storage is cleared (${kind})`, async t => {
    const { logIn, expire, proxy, call } = await openWorld(t)
    const storage = create()
    const client = await logIn({ storage })
    expire()
    proxy.lose = passing => {
      if (isRefresh(passing)) storage.token = null
      return false
    }
    t.equal((await client.fetch('/hello/')).status, 401)
    t.equal(storage.token, null)
    t.same(await call(client, 5), { 401: 5 })
    t.equal(client.user, null)
  })

  t.test(`storage: goes on with the token of another tab after a 401 (${kind})`, async t => {
    const { logIn, expire, proxy, login, app, refreshes } = await openWorld(t)
    const storage = create()
    const client = await logIn({ storage })
    const other = await login()
    await app.tokens.revoke(storage.token as string)
    expire()
    proxy.lose = passing => {
      if (isRefresh(passing) && passing.status === 401) storage.token = other.refresh
      return false
    }
    t.equal((await client.fetch('/hello/')).status, 200)
    t.same(refreshes(), ['401', '200'])
    t.not(storage.token, null)
  })

  t.test(`storage: clears a token that the server has refused (${kind})`, async t => {
    const { logIn, app } = await openWorld(t)
    const storage = create()
    const client = await logIn({ storage })
    await app.tokens.revokeUser(1)
    t.equal((await client.fetch('/hello/')).status, 401)
    t.same([storage.token, client.user], [null, null])
  })
}

const BROKEN: Record<string, Partial<Record<keyof TokenStorage, true>>> = {
  getItem: { getItem: true },
  setItem: { setItem: true },
  removeItem: { removeItem: true },
  'each method': { getItem: true, setItem: true, removeItem: true }
}

for (const [name, broken] of Object.entries(BROKEN)) {
  for (const isAsync of [false, true]) {
    const title = `${name}${isAsync ? ', async' : ''}`
    t.test(`storage: the login lives on in memory if a method throws: ${title}`, async t => {
      const { logIn, connect, expire, call, app } = await openWorld(t)
      const storage = createStorage()
      const fail = (): never => { throw new DOMException('The quota is exceeded.') }
      for (const method of Object.keys(broken)) {
        Object.assign(storage, { [method]: isAsync ? async () => fail() : fail })
      }
      const client = await logIn({ storage })
      for (let round = 0; round < 2; round++) {
        expire()
        t.same(await call(client, 5), { 200: 5 })
      }
      await client.logout()
      t.equal(client.user, null)
      t.same(await app.tokens.sessions(1), [])
      t.same(await call(client, 5), { 401: 5 })
      await client.login(MARIA)
      t.same(await call(client, 5), { 200: 5 })
      t.equal((await connect({ storage }).fetch('/hello/')).status,
        broken.getItem || broken.setItem ? 401 : 200)
    })
  }
}

t.test('storage: a token that cannot be read at the start is not removed', async t => {
  const { logIn, connect, call } = await openWorld(t)
  const storage = createStorage()
  const before = await logIn({ storage })
  before.close()
  const { getItem } = storage
  let failures = 2
  storage.getItem = key => {
    if (failures-- > 0) throw new DOMException('The device is locked.')
    return getItem(key)
  }
  t.equal((await connect({ storage }).fetch('/hello/')).status, 401)
  t.same(await call(connect({ storage }), 5), { 200: 5 }, 'the next start is logged in')
})

t.test('storage: an unreadable text is a login that has ended', async t => {
  const { connect, call } = await openWorld(t)
  for (const text of ['', 'text', 'a.b.c', '{"refresh":1}', tokenOf({}), '日本', 'null']) {
    const storage = createStorage()
    storage.token = text
    const client = connect({ storage })
    const outcome = await client.fetch('/public/').catch(error => error)
    t.equal(outcome.status, 200, JSON.stringify(text))
    t.same(await call(client, 3), { 401: 3 })
    t.equal(client.user, null)
    await client.login(MARIA)
    t.same(await call(client, 3), { 200: 3 })
  }
})

t.test('storage: is missing where a browser gives null', async t => {
  const { logIn, expire, call } = await openWorld(t)
  const client = await logIn({ storage: null as never })
  expire()
  t.same(await call(client, 5), { 200: 5 })
})

t.test('storage: nothing comes between the look and the write', async t => {
  const { logIn, connect, expire, app } = await openWorld(t)
  for (let round = 0; round < 20; round++) {
    const storage = createAsyncStorage(5)
    const [here, there] = [await logIn({ storage }), connect({ storage })]
    await there.token()
    expire()
    const call = there.fetch('/hello/')
    await delay(Math.random() * 40)
    await here.login(MARIA)
    await call.catch(() => {})
    for (let waits = 0; there.user?.user_id !== '3' && waits < 100; waits++) await delay(20)
    const claims = await app.tokens.verify(storage.token as string)
    t.match(claims, { user_id: '3' }, 'the login of another tab is not overwritten')
    t.match(await (await there.fetch('/who/')).json(), { user_id: '3' })
    t.match(await (await here.fetch('/who/')).json(), { user_id: '3' })
    here.close()
    there.close()
  }
})
