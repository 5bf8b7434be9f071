import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import pg from 'pg'
import t, { type Test } from 'tap'
import { openStore } from '../../../example/store.ts'
import { NOW, presentation, session } from '../../../plugin/store-contract/case.ts'
import { type TokenClient, createClients } from '../../fixtures/clients/token-client.ts'
import { startDemo } from '../../fixtures/servers/demo.ts'
import { pgbouncerProgram, startPgbouncer } from '../../fixtures/servers/pgbouncer.ts'
import {
  type PostgresServer, postgresProgram, startPostgres
} from '../../fixtures/servers/postgres.ts'
import { skipUnless } from '../../fixtures/servers/programs.ts'

const skip = skipUnless(postgresProgram, 'postgres') || skipUnless(pgbouncerProgram, 'pgbouncer')

async function run ({ url }: PostgresServer, ...statements: string[]): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  for (const statement of statements) await client.query(statement)
  await client.end()
}

/** A database whose role has the timeout that docs/stores.md gives it. */
async function startDatabase (t: Test): Promise<PostgresServer> {
  const server = await startPostgres(t)
  const alter = /ALTER ROLE app .*;/.exec(readFileSync('docs/stores.md', 'utf8'))?.[0] as string
  await run(server, 'CREATE ROLE app LOGIN', 'GRANT CREATE ON SCHEMA public TO app', alter)
  return server
}

async function timeoutOf (config: pg.ClientConfig): Promise<string> {
  const client = new pg.Client(config)
  await client.connect()
  const { rows } = await client.query('SHOW statement_timeout')
  await client.end()
  return rows[0].statement_timeout
}

/** Returns 18 for version 1.18.0. */
function minorVersion (): number {
  const said = execFileSync(pgbouncerProgram as string, ['--version'], { encoding: 'utf8' })
  return Number(/ 1\.(\d+)/.exec(said)?.[1])
}

t.test('the demo runs behind a PgBouncer in session mode', { skip }, async t => {
  const postgres = await startDatabase(t)
  // As docs/stores.md says. PgBouncer waits 15 s by default before it connects again.
  const pgbouncer = await startPgbouncer(t, postgres, { server_login_retry: '1' })
  const { url } = await startDemo(t, { STORE_URL: pgbouncer.url, RATE_LIMIT: 'off' })
  const [client, leaver] = await createClients(url, 2) as [TokenClient, TokenClient]
  t.equal((await client.refresh()).status, 200)
  t.equal((await leaver.logout()).status, 200)
  t.equal((await leaver.refresh()).status, 401)

  await postgres.kill()
  for (let count = 0; count < 3; count++) {
    const { status, took } = await client.refresh()
    t.equal(status, 503)
    t.ok(took <= 1000, `${took} ms`)
  }
  await postgres.start()
  while ((await client.refresh()).status === 503);
  t.equal((await client.refresh()).status, 200, 'the client goes on')
  t.equal((await leaver.refresh()).status, 401, 'the logout stays')
})

t.test('the timeout of the role holds, directly and through PgBouncer', { skip }, async t => {
  const postgres = await startDatabase(t)
  const pgbouncer = await startPgbouncer(t, postgres)
  for (const url of [postgres.url.replace('postgres@', 'app@'), pgbouncer.url]) {
    t.equal(await timeoutOf({ connectionString: url }), '700ms')
  }
})

t.test('PgBouncer refuses the timeout of a pool, or ignores it', { skip }, async t => {
  const postgres = await startPostgres(t)
  await run(postgres, 'CREATE ROLE app LOGIN')
  const strict = await startPgbouncer(t, postgres)
  const lax = await startPgbouncer(t, postgres, { ignore_startup_parameters: 'statement_timeout' })
  await t.rejects(timeoutOf({ connectionString: strict.url, statement_timeout: 700 }), {
    message: 'unsupported startup parameter: statement_timeout'
  })
  t.equal(await timeoutOf({ connectionString: lax.url, statement_timeout: 700 }), '0')
})

t.test('transaction mode needs the prepared statements of version 1.21', { skip }, async t => {
  const keepsStatements = minorVersion() >= 21
  const pgbouncer = await startPgbouncer(t, await startDatabase(t), {
    pool_mode: 'transaction', ...keepsStatements && { max_prepared_statements: '100' }
  })
  const { store, disconnect } = await openStore(pgbouncer.url)
  t.after(disconnect)
  const sids = Array.from({ length: 100 }, (_, index) => `s${index}`)
  const results = await Promise.allSettled(sids.map(async sid => {
    await store.create(session({ sid }))
    return store.rotate(presentation('t0', 't1', NOW, { sid }))
  }))
  const failures = results.flatMap(result => result.status === 'rejected' ? [result.reason] : [])
  if (keepsStatements) t.same(failures, [])
  else t.match(failures[0], /prepared statement "simplejwt_\w+" (already exists|does not exist)/)
})
