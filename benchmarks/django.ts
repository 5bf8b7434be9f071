import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { skipUnlessDjango } from '../test/fixtures/servers/django.ts'
import { childrenOf } from '../test/fixtures/servers/processes.ts'
import { findProgram } from '../test/fixtures/servers/programs.ts'
import type { Scope } from './scope.ts'

/** Why Django cannot be measured here, or false. */
export const skipDjango = skipUnlessDjango

/**
 * The only worker of a gunicorn: one that hangs up after each answer, or one whose threads keep
 * connections.
 */
export const workers = {
  sync: [],
  gthread: ['--worker-class', 'gthread', '--threads', '4', '--keep-alive', '60']
}

/**
 * A Django with SimpleJWT that listens, and the processor time that its worker has used until now,
 * in microseconds.
 */
export interface Django { port: number, used (): Promise<number> }

const FILES = ['test/fixtures/servers/django_site.py', 'benchmarks/servers/bench_site.py']
const ENV = {
  SITE_SECRET: 'a secret of 32 bytes or more, for the benchmarks',
  SITE_SIMPLE_JWT: JSON.stringify({ ROTATE_REFRESH_TOKENS: true, BLACKLIST_AFTER_ROTATION: true })
}
/** Milliseconds for a start. */
const PATIENCE = 60_000
/** The kernel counts in ticks of 10 ms. */
const TICK = 10_000

/** Starts Django under gunicorn with one worker, on a database file in a folder of its own. */
export async function startDjango (t: Scope, worker: keyof typeof workers): Promise<Django> {
  const folder = t.testdir()
  for (const file of FILES) copyFileSync(file, join(folder, basename(file)))
  const server = spawn(
    findProgram('gunicorn') as string,
    [
      '--workers', '1', ...workers[worker], '--chdir', folder, '--bind', '127.0.0.1:0',
      'bench_site:application'
    ],
    {
      env: { ...process.env, ...ENV },
      // the site ends itself when its stdin does: this process may be killed
      stdio: ['pipe', 'ignore', 'pipe']
    }
  )
  const exited = once(server, 'exit')
  t.after(() => {
    server.kill('SIGTERM')
    return exited
  })
  const log: string[] = []
  const failed = exited.then(() => { throw new Error(`Django did not start:\n${log.join('\n')}`) })
  const port = await Promise.race([failed, portOf(server.stderr, log)])
  // It says its port before its worker has loaded the site; a request waits for that.
  await Promise.race([
    failed, fetch(`http://127.0.0.1:${port}/hello/`, { signal: AbortSignal.timeout(PATIENCE) })
  ])
  failed.catch(() => {}) // from here on it ends when it is told to
  return {
    port,
    used: async () =>
      childrenOf(server.pid as number).reduce((sum, pid) => sum + processorTimeOf(pid), 0)
  }
}

const portOf = (stderr: NodeJS.ReadableStream, log: string[]): Promise<number> =>
  new Promise(resolve => {
    createInterface(stderr).on('line', line => {
      log.push(line)
      const port = /Listening at: http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1]
      if (port !== undefined) resolve(Number(port))
    })
  })

function processorTimeOf (pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\) /s, '').split(' ')
  const [user, system] = fields.slice(11, 13).map(Number) as [number, number]
  return (user + system) * TICK
}
