import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, readFileSync } from 'node:fs'
import { type Socket, connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import t, { type Test } from 'tap'
import { readSettings } from '../../../example/settings.ts'
import { built } from '../../fixtures/servers/built.ts'
import { hello, login } from '../../fixtures/clients/demo-client.ts'
import { foremanProgram, startForeman, webCommand } from '../../fixtures/servers/foreman.ts'
import { createHome } from '../../fixtures/servers/home.ts'
import {
  type PostgresServer, postgresProgram, serverUser, startPostgres
} from '../../fixtures/servers/postgres.ts'
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

t.test(
  'Procfile, started by foreman with the database of Heroku',
  { skip: skipUnless(foremanProgram, 'foreman') || skipUnless(postgresProgram, 'postgres') },
  async t => {
    const database = await startTlsPostgres(t)
    const port = await freePort()
    // HOST stays as the Procfile sets it: an address that others can reach.
    await startForeman(t, port, 1, {
      DATABASE_URL: `${database.url}?application_name=demo`,
      JWT_SECRET: 'a secret of thirty-two characters',
      TRUST_PROXY: '127.0.0.1',
      LOG_LEVEL: 'info'
    })
    const url = `http://127.0.0.1:${port}`
    t.equal(await hello(url, (await login(url)).access), 200)
    const client = new pg.Client(database.url)
    await client.connect()
    const { rows } = await client.query(
      'SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) ' +
        "WHERE application_name = 'demo'"
    )
    await client.end()
    t.ok(rows.length > 0 && rows.every(({ ssl }) => ssl), 'connected with TLS')

    for (const path of ['/metrics', '/docs', '/docs/json']) {
      t.equal((await fetch(url + path)).status, 404, path)
    }
    const headers = {
      'x-forwarded-for': '192.0.2.7',
      'x-forwarded-host': 'demo.example',
      'x-forwarded-proto': 'http'
    }
    const redirected = await fetch(`${url}/hello/?a=1`, { headers, redirect: 'manual' })
    t.equal(redirected.status, 308)
    t.equal(redirected.headers.get('location'), 'https://demo.example/hello/?a=1')
  }
)

/** A PostgreSQL with TLS and a certificate that no authority signed, as Heroku's. */
async function startTlsPostgres (t: Test): Promise<PostgresServer> {
  const home = createHome(t, 'tls')
  const [key, cert] = ['key.pem', 'cert.pem'].map(name => join(home.folder, name)) as
    [string, string]
  await run('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1',
    '-subj', '/CN=database', '-keyout', key, '-out', cert
  ])
  const user = serverUser()
  if (user !== undefined) {
    for (const path of [home.folder, key, cert]) chownSync(path, user.uid, user.gid)
  }
  return startPostgres(t, { ssl: 'on', ssl_key_file: key, ssl_cert_file: cert })
}

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
  for (const shell of ['sh', 'bash']) {
    t.match(await seen(shell, {}), { HOST: '0.0.0.0', STORE_URL: 'memory:' })
    for (const query of ['', '?application_name=x', '?sslmode=require']) {
      const database = `postgres://user:w$(o)rd;"&'@host:5432/name${query}`
      t.match(await seen(shell, { DATABASE_URL: database, PORT: '5000' }), {
        HOST: '0.0.0.0',
        PORT: '5000',
        STORE_URL: database,
        PGSSLMODE: 'no-verify'
      })
      t.match(
        await seen(shell, { DATABASE_URL: database, STORE_URL: 'redis://host', HOST: '::' }),
        { HOST: '::', STORE_URL: 'redis://host', PGSSLMODE: undefined }
      )
      t.match(
        await seen(shell, { DATABASE_URL: database, PGSSLMODE: 'disable' }),
        { STORE_URL: database, PGSSLMODE: 'disable' }
      )
    }
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
