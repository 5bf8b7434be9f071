import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { createClient } from '../../plugin/client/index.ts'
import { createPageFetch } from '../fixtures/client/page-fetch.ts'
import { openWorld } from '../fixtures/client/world.ts'

const run = promisify(execFile)
const VITOR = { username: 'vitor', password: '123' }

t.test('client: throws a TypeError at once without "baseUrl" and a page', async t => {
  const client = createClient()
  t.equal(client.user, undefined)
  for (const call of [
    () => client.login(VITOR), () => client.fetch('/hello/'), () => client.logout(),
    () => client.token(), () => client.sessions(), () => client.endSession('s')
  ]) {
    const started = Date.now()
    const error = await call().then(() => undefined, error => error)
    t.match(error.cause ?? error, { name: 'TypeError', message: /"baseUrl"/ }, String(call))
    t.ok(Date.now() - started < 2000, 'and not when its patience ends')
  }
  t.throws(() => createClient({ baseUrl: '/api' }), { code: 'ERR_INVALID_URL' })
})

t.test('client: renders on a server as long as it makes no call', async t => {
  const client = createClient({ onChange: () => {} })
  const stop = client.onChange(() => {})
  t.equal(client.user, undefined)
  stop()
  client.close()
})

t.test('client: needs no options in a page', async t => {
  const { url } = await openWorld(t, { cookie: true })
  const before = globalThis.fetch
  Object.assign(globalThis, { location: new URL(url), fetch: createPageFetch().fetch })
  t.after(() => {
    Reflect.deleteProperty(globalThis, 'location')
    globalThis.fetch = before
  })
  const client = createClient()
  t.after(client.close)
  t.equal(client.user, undefined)
  await client.login(VITOR)
  t.equal((await client.fetch('/hello/')).status, 200)
  const elsewhere = createClient({ baseUrl: 'https://api.example' })
  t.equal(elsewhere.user, undefined, 'nor is another server asked before the first call')
  elsewhere.close()
})

t.test('client: keeps no process alive', async t => {
  const { url, proxy } = await openWorld(t)
  const storages = {
    memory: '"memory"',
    storage: '{ getItem: () => held, setItem: (_key, token) => { held = token }, removeItem () {} }'
  }
  for (const [name, storage] of Object.entries(storages)) {
    proxy.log.length = 0
    const { stdout } = await run(process.execPath, [
      '--import=./test/strip-types.js', '--input-type=module', '--eval', `
        import { createClient } from './plugin/client/index.ts'
        let held = null
        const client = createClient({ baseUrl: '${url}', storage: ${storage} })
        client.onChange(() => {})
        await client.login({ username: 'vitor', password: '123' })
        console.log((await client.fetch('/hello/')).status)`
    ], { timeout: 20_000 })
    t.equal(stdout, '200\n', name)
    t.equal(proxy.log.length, 2)
  }
})
