import t from 'tap'
import type { User } from '../../plugin/client/index.ts'
import { openWorld } from '../fixtures/client/world.ts'

const VITOR = { username: 'vitor', password: '123' }
const MARIA = { username: 'maria', password: '456' }

t.test('onChange: is called after each login and logout', async t => {
  const { connect, expire } = await openWorld(t)
  const heard: (string | null)[] = []
  const client = connect({ onChange: user => { heard.push(user && user.user_id) } })
  t.same(heard, [])
  await client.login(VITOR)
  t.same(heard, ['1'])
  await client.fetch('/hello/')
  expire()
  await client.fetch('/hello/')
  await client.token()
  t.same(heard, ['1'], 'a refresh changes nothing')
  await client.login(MARIA)
  await client.logout()
  t.same(heard, ['1', '3', null])
})

t.test('onChange: is called once the session has been revoked', async t => {
  const { connect, app } = await openWorld(t)
  const heard: (User | null)[] = []
  const client = connect({ onChange: user => { heard.push(user) } })
  const user = await client.login(VITOR)
  await app.tokens.revokeUser(1)
  await Promise.all([client.fetch('/hello/'), client.fetch('/hello/')])
  t.same(heard, [user, null])
  t.equal(heard[0], client.user ?? user)
})

t.test('onChange: a listener may wait for calls of the client', { timeout: 20_000 }, async t => {
  const { connect, expire, refreshes } = await openWorld(t)
  const client = connect()
  const done = new Promise<number[]>(resolve => {
    client.onChange(async user => {
      if (!user) return
      expire()
      const { status } = await client.fetch('/hello/')
      await client.token()
      await client.logout()
      resolve([status, (await client.fetch('/hello/')).status])
    })
  })
  await client.login(VITOR)
  t.same(await done, [200, 401])
  t.same(refreshes(), ['200'])
})

t.test('onChange: a listener is not called in the midst of a change', async t => {
  const { connect } = await openWorld(t)
  const client = connect()
  const seen: unknown[] = []
  client.onChange(user => { seen.push(user === client.user, client.user?.user_id) })
  client.onChange(() => { client.login(MARIA).catch(() => {}) })
  await client.login(VITOR)
  await client.token()
  t.same(seen.slice(0, 2), [true, '1'])
})

t.test('onChange: returns a function that removes the listener', async t => {
  const { connect } = await openWorld(t)
  const client = connect()
  const heard: unknown[] = []
  const stop = client.onChange(user => { heard.push(user?.user_id) })
  client.onChange(user => { heard.push(`also ${user?.user_id}`) })
  await client.login(VITOR)
  stop()
  stop()
  await client.login(MARIA)
  t.same(heard, ['1', 'also 1', 'also 3'])
})

t.test('user: is the same object until a claim changes', async t => {
  let role = 'reader'
  const { connect, expire } = await openWorld(t, {
    findUser: id => ({ id: Number(id) }), claims: () => ({ role, groups: ['a', 'b'] })
  })
  const heard: unknown[] = []
  const client = connect({ onChange: user => { heard.push(user?.role) } })
  const user = await client.login(VITOR)
  for (let round = 0; round < 3; round++) {
    expire()
    await client.fetch('/hello/')
    t.equal(client.user, user)
  }
  role = 'writer'
  expire()
  await client.fetch('/hello/')
  t.same(client.user, { ...user, role: 'writer' })
  t.equal(user.role, 'reader')
  t.same(heard, ['reader', 'writer'])
})

t.test('close: removes the listeners, twice', async t => {
  const { connect, call, expire } = await openWorld(t)
  const heard: unknown[] = []
  const client = connect({ onChange: user => { heard.push(user) } })
  client.close()
  client.close()
  await client.login(VITOR)
  expire()
  t.same(await call(client, 5), { 200: 5 }, 'its methods still work')
  await client.logout()
  t.same(heard, [])
})
