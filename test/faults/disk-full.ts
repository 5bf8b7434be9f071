import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { appendFile, rm, stat, truncate } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { sqliteStore } from '../../plugin/stores/sqlite.ts'
import { buildApp } from '../fixtures/app.ts'
import { type Demo, startDemo } from '../fixtures/servers/demo.ts'
import { withstandRefusal } from '../fixtures/load/refusing.ts'
import { rounds } from '../fixtures/load/rounds.ts'
import { findProgram, skipUnless } from '../fixtures/servers/programs.ts'
import { drivers, sqliteFolder } from '../fixtures/stores/sqlite-drivers.ts'
import { countStandings } from '../fixtures/load/standing.ts'
import { createClients } from '../fixtures/clients/token-client.ts'

const CLIENTS = 10
const TIMES = rounds(1, 10)
const skip = skipUnless(drivers.size > 0, 'better-sqlite3')
/**
 * Node ignores SIGXFSZ. In the processes of a test tap takes it for the end, unless somebody else
 * listens too.
 */
const NODE_OPTIONS = '--import=data:text/javascript,process.on(`SIGXFSZ`,()=>{})'
const start = (t: Test, path: string): Promise<Demo> =>
  startDemo(t, { STORE_URL: `sqlite:${path}`, RATE_LIMIT: 'off', LOG_LEVEL: 'info', NODE_OPTIONS })

/** A disk of 16 MB, if this user may mount one. */
function smallDisk (t: Test): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'simplejwt-disk-'))
  const mounted =
    spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', folder]).status === 0
  t.after(() => {
    if (mounted) spawnSync('umount', [folder])
    rmSync(folder, { recursive: true })
  })
  return mounted ? folder : undefined
}

/** Writes until there is no room, and leaves so many bytes. */
async function fill (path: string, room = 0): Promise<void> {
  try {
    for (;;) await appendFile(path, Buffer.alloc(65_536))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
  await truncate(path, (await stat(path)).size - room)
}

t.test('SQLite on a disk that is full is a 503, until there is room', { skip }, async t => {
  const disk = smallDisk(t)
  if (disk === undefined) return t.pass('a small disk', { skip: 'this user may not mount one' })
  const path = join(disk, 'sessions.db')
  const { url } = await start(t, path)
  await withstandRefusal(t, url, `sqlite:${path}`, {
    refuse: () => fill(join(disk, 'filler')),
    relent: () => rm(join(disk, 'filler'))
  })
})

t.test('SQLite on a disk that fills up answers only pairs that it stored', { skip }, async t => {
  const disk = smallDisk(t)
  if (disk === undefined) return t.pass('a small disk', { skip: 'this user may not mount one' })
  const path = join(disk, 'sessions.db')
  const { url } = await start(t, path)
  const clients = await createClients(url, CLIENTS)
  const statuses = { 200: 0, 503: 0 }
  for (let time = 0; time < TIMES; time++) {
    await fill(join(disk, 'filler'), 200_000)
    await Promise.all(clients.map(async client => {
      for (let index = 0; index < 40; index++) {
        statuses[(await client.refresh()).status as 200 | 503]++
      }
    }))
    await rm(join(disk, 'filler'))
    t.same(await countStandings(`sqlite:${path}`, clients), {
      current: CLIENTS,
      'answer lost': 0,
      'pair lost': 0,
      ended: 0
    })
  }
  t.comment(`${TIMES} times: ${JSON.stringify(statuses)}`)
  t.same(Object.keys(statuses), ['200', '503'], 'nothing else was answered')
  t.ok(statuses[200] > 0 && statuses[503] > 0, 'the disk was full in the middle of it')
})

const prlimit = findProgram('prlimit')

t.test(
  'SQLite in files that may not grow is a 503, until they may',
  { skip: skip || skipUnless(prlimit, 'prlimit') },
  async t => {
    const path = join(sqliteFolder(t), 'sessions.db')
    const { url, process } = await start(t, path)
    const limit = (bytes: number | string): void => {
      const { status, stderr } = spawnSync(prlimit as string, [
        '--pid', `${process.pid}`, `--fsize=${bytes}:`
      ])
      if (status !== 0) throw new Error(String(stderr))
    }
    await withstandRefusal(t, url, `sqlite:${path}`, {
      refuse: () => limit(statSync(`${path}-wal`).size + 2000), // half a page
      relent: () => limit('unlimited')
    })
  }
)

t.test('SQLite with a read-only handle is a 503, until it may write', { skip }, async t => {
  const path = join(sqliteFolder(t), 'sessions.db')
  const [[, open] = []] = drivers
  const handle = open?.(path) as NonNullable<ReturnType<NonNullable<typeof open>>>
  const store = sqliteStore(handle)
  await store.migrate?.()
  t.after(() => handle.close())
  const { app } = await buildApp(t, { store, now: Date.now })
  await app.listen({ host: '127.0.0.1', port: 0 })
  await withstandRefusal(
    t,
    `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`,
    `sqlite:${path}`,
    {
      refuse: () => { handle.exec('PRAGMA query_only = ON') },
      relent: () => { handle.exec('PRAGMA query_only = OFF') }
    }
  )
})
