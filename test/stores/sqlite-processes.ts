import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import t from 'tap'
import { built } from '../fixtures/servers/built.ts'
import { skipUnless } from '../fixtures/servers/programs.ts'
import { drivers, sqliteFolder } from '../fixtures/stores/sqlite-drivers.ts'

/** Is ready, waits for a word, and does what an app does when it starts. */
const app = (store: string): string => `
import { openStore } from './${store}'
process.stdin.once('data', async () => {
  const { store, disconnect } = await openStore(process.argv[1])
  await store.list('7', 0)
  await disconnect()
  process.exit()
})
console.log('ready')`

/** Starts so many apps at once: their exit codes, and what they complained of. */
async function start (
  count: number, program: string, url: string
): Promise<{ codes: unknown[], said: string }> {
  const apps = Array.from({ length: count }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', program, url])
  )
  let said = ''
  for (const app of apps) app.stderr.on('data', text => { said += text })
  await Promise.all(apps.map(app => once(app.stdout, 'data')))
  const exits = apps.map(app => once(app, 'exit'))
  for (const app of apps) app.stdin.write('now')
  return { codes: (await Promise.all(exits)).map(([code]) => code), said }
}

t.test(
  'ten processes at once make the tables of an empty file, and a later one finds them',
  { skip: skipUnless(drivers.size > 0, 'better-sqlite3') },
  async t => {
    const program = app(built('dist/example/store.js'))
    const url = `sqlite:${join(sqliteFolder(t), 'sessions.db')}`
    for (const count of [10, 1]) {
      const { codes, said } = await start(count, program, url)
      t.same(codes, Array.from({ length: count }, () => 0), said)
    }
  }
)
