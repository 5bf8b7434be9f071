import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { built } from '../fixtures/servers/built.ts'
import type { Test } from '../fixtures/servers/home.ts'
import { freePort } from '../fixtures/servers/server-process.ts'

built('dist/plugin/index.js')

interface CommonJsApp {
  url: string
  /** Resolves to the exit code, and the text on stderr. */
  ended: Promise<{ code: number | null, said: string }>
  /** Resolves once the app says that it listens. */
  listening: Promise<unknown>
}

/** Starts one of the apps of test/fixtures/commonjs, which load the built package by `require`. */
async function startCommonJs (t: Test, file: string, options = {}): Promise<CommonJsApp> {
  const port = await freePort()
  const child = spawn(process.execPath, [
    `test/fixtures/commonjs/${file}.cjs`, String(port), JSON.stringify(options)
  ], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => { said += text })
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, said }))
  t.after(() => {
    child.kill('SIGKILL')
    return ended
  })
  return { url: `http://127.0.0.1:${port}`, ended, listening: once(child.stdout, 'data') }
}

const statusOf = async (url: string, access?: string): Promise<number> =>
  (await fetch(url, {
    headers: access === undefined ? {} : { authorization: `Bearer ${access}` }
  })).status

/** Asks again and again, from before the server listens, until it has answered so often. */
async function pollEarly (url: string, answers: number): Promise<number[]> {
  const found: number[] = []
  while (found.length < answers) {
    await statusOf(url).then(status => found.push(status), () => delay(10))
  }
  return found
}

const GUARDED = ['/guarded', '/account', '/admin', '/scope']

t.test('CommonJS: the exported guards close a route from the first request on', async t => {
  const { url } = await startCommonJs(t, 'guarded')
  const early = await Promise.all(GUARDED.map(path => pollEarly(url + path, 20)))
  t.same([...new Set(early.flat())], [401])

  const { access, refresh } = await (await fetch(`${url}/api/token/`, {
    method: 'POST', body: new URLSearchParams({ username: 'vitor', password: '123' })
  })).json() as { access: string, refresh: string }
  const rows: [path: string, none: number, access: number, refresh: number][] = [
    ['/guarded', 401, 200, 401],
    ['/account', 401, 200, 401],
    ['/admin', 401, 403, 401],
    ['/optional', 200, 200, 401],
    ['/scope', 401, 200, 401]
  ]
  for (const [path, ...expected] of rows) {
    const found = [undefined, access, refresh].map(token => statusOf(url + path, token))
    t.same(await Promise.all(found), expected, path)
  }
})

t.test('CommonJS: a decorator before the registration leaves the route open', async t => {
  const { url, listening } = await startCommonJs(t, 'decorator')
  await listening
  t.equal(await statusOf(`${url}/early`), 200)
})

t.test('CommonJS: guardByDefault closes that route, from the first request on', async t => {
  const { url } = await startCommonJs(t, 'decorator', { guardByDefault: true })
  t.same([...new Set(await pollEarly(`${url}/early`, 20))], [401])
})

t.test('CommonJS: a guard without the plugin stops the start, and names the route', async t => {
  const { ended } = await startCommonJs(t, 'no-plugin')
  const { code, said } = await ended
  t.equal(code, 1)
  t.match(said, /fastify-simplejwt: .*authenticate.*GET \/orders/)
})
