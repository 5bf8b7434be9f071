import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { MINUTE, buildApp } from '../../fixtures/app.ts'
import { fetchBun, fetchDeno, fetchNode } from '../../fixtures/servers/other-node.ts'
import { skipUnless } from '../../fixtures/servers/programs.ts'

const run = promisify(execFile)

const SCRIPT = 'test/fixtures/clients/client-tour.js'
const EXPECTED = {
  wrong: 'no_active_account',
  before: 200,
  calls: [200],
  sessions: 1,
  after: 401,
  token: null,
  seen: ['1', null]
}

const EVENTS = ['login_failed', 'login', 'refreshed', 'revoked']

/** Ends a script that does not end by itself. */
const LIMIT_MS = 30_000

interface Runtime { name: string, program: string | undefined, args?: string[] }

const runtimes: Runtime[] = [
  { name: 'this Node', program: process.execPath },
  ...await Promise.all([22, 24, 26].map(async major =>
    ({ name: `Node ${major}`, program: await fetchNode(major) }))),
  {
    name: 'Deno 2',
    program: await fetchDeno(),
    args: ['run', '--no-config', '--allow-net=127.0.0.1', '--allow-read']
  },
  { name: 'Bun 1', program: await fetchBun(), args: ['run'] }
]

for (const { name, program, args = [] } of runtimes) {
  const skip = skipUnless(program, `${name}, which npx could fetch,`)
  t.test(`the client refreshes once for 20 calls, and lets ${name} exit`, { skip }, async t => {
    const { app, clock, events } = await buildApp(t)
    app.get('/expire/', async () => { clock.advance(6 * MINUTE) })
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    const { stdout } = await run(program as string, [...args, SCRIPT, url], { timeout: LIMIT_MS })
    t.strictSame(JSON.parse(stdout), [EXPECTED, EXPECTED], 'in memory, and in a storage')
    t.strictSame(events.map(({ type }) => type), [...EVENTS, ...EVENTS])
  })
}
