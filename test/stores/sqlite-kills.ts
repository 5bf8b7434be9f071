import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { presentation, session } from '../../plugin/store-contract/case.ts'
import { sqliteStore } from '../../plugin/stores/sqlite.ts'
import type { SessionStore } from '../../plugin/stores/store.ts'
import { skipUnless } from '../fixtures/servers/programs.ts'
import { type OpenHandle, drivers, sqliteFolder } from '../fixtures/stores/sqlite-drivers.ts'

const COUNT = 20
const sids = Array.from({ length: COUNT }, (_, index) => `sid-${index}`)
const rotationOf = (sid: string) => ({ ...presentation('t0', 't1'), sid })

/**
 * Rotates, revokes and creates sessions in one turn, in a file that kills the process at the
 * commit. Writes the number of calls that settled.
 */
const PROGRAM = `
import { writeSync } from 'node:fs'
import Database from 'better-sqlite3'
import { sqliteStore } from './plugin/stores/sqlite.ts'
const [path, moment, given] = process.argv.slice(1)
const { rotations, revoked, created } = JSON.parse(given)
const handle = new Database(path)
handle.pragma('synchronous = FULL')
const die = () => process.kill(process.pid, 'SIGKILL')
const store = sqliteStore({
  prepare: sql => handle.prepare(sql),
  exec: sql => {
    if (sql === 'COMMIT' && moment === 'before') die()
    handle.exec(sql)
    if (sql === 'COMMIT' && moment === 'after') die()
  }
})
const settled = () => writeSync(1, 'settled ')
const calls = [
  ...rotations.map(rotation => store.rotate({ ...rotation, deadline: Infinity })),
  ...revoked.map(sid => store.revoke(sid, Date.now())),
  ...created.map(session => store.create(session))
]
for (const call of calls) call.then(settled, settled)
await Promise.all(calls)
writeSync(1, 'all')`

async function crash (t: { after(close: () => unknown): void }, moment: string) {
  const path = join(sqliteFolder(t), 'sessions.db')
  const handle = (drivers.get('better-sqlite3') as OpenHandle)(path)
  t.after(() => handle.close())
  const store = sqliteStore(handle)
  await store.migrate?.()
  for (const sid of [...sids, 'revoked']) await store.create(session({ sid }))
  const app = spawn(process.execPath, [
    ...process.execArgv, '--input-type=module', '-e', PROGRAM, path, moment,
    JSON.stringify({
      rotations: sids.map(rotationOf), revoked: ['revoked'], created: [session({ sid: 'created' })]
    })
  ])
  const [said, complaint, [, signal]] = await Promise.all(
    [text(app.stdout), text(app.stderr), once(app, 'exit')])
  return { store, said, complaint, signal }
}

/** The current token of each session, or null. */
const tokensOf = (store: SessionStore): Promise<(string | undefined)[]> =>
  Promise.all(sids.map(async sid => (await store.find(sid))?.jti))

const skip = skipUnless(drivers.has('better-sqlite3'), 'better-sqlite3')

t.test('a process that dies before the commit has changed nothing', { skip }, async t => {
  const { store, said, complaint, signal } = await crash(t, 'before')
  t.same([said, complaint, signal], ['', '', 'SIGKILL'], 'no promise had settled')
  t.same(await tokensOf(store), sids.map(() => 't0'))
  t.equal((await store.find('revoked'))?.revokedAt, null)
  t.equal(await store.find('created'), null)
})

t.test('a client whose server dies after the commit gets the same successor', { skip }, async t => {
  const { store, said, complaint, signal } = await crash(t, 'after')
  t.same([said, complaint, signal], ['', '', 'SIGKILL'])
  t.same(await tokensOf(store), sids.map(() => 't1'))
  t.type((await store.find('revoked'))?.revokedAt, 'number')
  t.type(await store.find('created'), 'object')
  const again = await Promise.all(sids.map(sid => store.rotate(rotationOf(sid))))
  t.same(again.map(({ outcome }) => outcome), sids.map(() => 'rotated'))
})

t.test('a process that lives commits all, and then says so', { skip }, async t => {
  const { store, said, complaint, signal } = await crash(t, 'never')
  t.same([said, complaint, signal], [`${'settled '.repeat(COUNT + 2)}all`, '', null])
  t.same(await tokensOf(store), sids.map(() => 't1'))
})
