import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type Socket, connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import t from 'tap'
import { readSettings } from '../../../example/settings.ts'
import { built } from '../../fixtures/servers/built.ts'
import { hello, login } from '../../fixtures/clients/demo-client.ts'
import { foremanProgram, startForeman, webCommand } from '../../fixtures/servers/foreman.ts'
import { isGone, signal } from '../../fixtures/servers/processes.ts'
import { freePort } from '../../fixtures/servers/server-process.ts'
import { skipUnless } from '../../fixtures/servers/programs.ts'

const run = promisify(execFile)
const SERVER = built('dist/example/server.js')
const LOGIN = '{"username":"vitor","password":"123"}'

t.test('Procfile, started by foreman', { skip: skipUnless(foremanProgram, 'foreman') }, async t => {
  const start = async () => {
    const port = await freePort()
    const storeUrl = `sqlite:${join(t.testdir(), 'sessions.db')}`
    const foreman = await startForeman(t, port, 2, {
      HOST: '127.0.0.1',
      WEB_CONCURRENCY: '2',
      STORE_URL: storeUrl,
      LOG_LEVEL: 'info'
    })
    return { ...foreman, port, url: `http://127.0.0.1:${port}` }
  }

  await t.test('serves on the port that it is given, by a server that signals reach', async t => {
    const { url, pid, servers, ended } = await start()
    t.equal(await hello(url, (await login(url)).access), 200)
    const all = servers()
    t.equal(all.length, 3, 'no shell between foreman and the server, and two workers')
    const since = Date.now()
    signal(pid, 'SIGTERM')
    t.equal(await ended, 0)
    t.ok(Date.now() - since < 30_000, 'within the time that Heroku gives')
    t.ok(all.every(isGone), 'nothing is left')
  })

  await t.test('SIGTERM to every process of a dyno: requests under way are finished', async t => {
    const { port, servers, ended } = await start()
    const client = connect(port, '127.0.0.1')
    const reply = heard(client)
    client.write(
      `POST /api/token/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${LOGIN.length}\r\n\r\n${LOGIN.slice(0, 9)}`
    )
    await delay(200) // the server has nothing to say yet that one could wait for
    const all = servers()
    for (const pid of all) signal(pid, 'SIGTERM')
    await delay(500)
    client.write(LOGIN.slice(9))
    t.match(await reply, /^HTTP\/1.1 200 /)
    await ended
    t.ok(all.every(isGone), 'nothing is left')
  })
})

async function heard (socket: Socket): Promise<string> {
  let said = ''
  socket.setEncoding('latin1').on('data', (text: string) => { said += text }).on('error', () => {})
  await once(socket, 'close')
  return said
}

t.test('Procfile takes what Heroku sets', async t => {
  /** What the server would find in its environment. */
  const seen = async (
    shell: string, env: Record<string, string>
  ): Promise<Record<string, string | undefined>> => {
    const { stdout } = await run(shell, ['-c', webCommand().replace(`node ${SERVER}`, 'env')], {
      env: { PATH: process.env.PATH, ...env }
    })
    return Object.fromEntries(
      stdout
        .trimEnd()
        .split('\n')
        .map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)])
    )
  }
  const database = 'postgres://user:word@host:5432/name'
  for (const shell of ['sh', 'bash']) {
    t.match(await seen(shell, {}), { HOST: '0.0.0.0', STORE_URL: 'memory:' })
    t.match(await seen(shell, { DATABASE_URL: database, PORT: '5000' }), {
      HOST: '0.0.0.0',
      PORT: '5000',
      STORE_URL: `${database}?sslmode=no-verify`
    })
    t.match(await seen(shell, { DATABASE_URL: database, STORE_URL: 'redis://host', HOST: '::' }), {
      HOST: '::',
      STORE_URL: 'redis://host'
    })
  }
})

t.test('app.json sets only variables that the demo reads, to valid values', async t => {
  const { env } = JSON.parse(readFileSync('app.json', 'utf8')) as {
    env: Record<string, { value?: string, generator?: string, description: string }>
  }
  const names = Object.keys(env)
  t.ok(names.includes('JWT_SECRET') && names.includes('TRUST_PROXY'))
  t.equal(env.JWT_SECRET?.generator, 'secret')
  t.doesNotThrow(() =>
    readSettings({
      JWT_SECRET: 'a'.repeat(64),
      ...Object.fromEntries(
        names.flatMap(name => env[name]?.value === undefined ? [] : [[name, env[name].value]])
      )
    })
  )
  for (const name of names) {
    t.throws(() => readSettings({ [name]: 'no' }), { message: new RegExp(name) }, name)
  }
})
