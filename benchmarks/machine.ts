import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir, totalmem } from 'node:os'
import { djangoPython } from '../test/fixtures/servers/django.ts'
import { postgresProgram } from '../test/fixtures/servers/postgres.ts'
import { redisProgram } from '../test/fixtures/servers/redis.ts'
import { drivers } from '../test/fixtures/stores/sqlite-drivers.ts'
import { fixed, table } from './harness.ts'

const ABSENT = 'not here'

/** The packages that are measured. */
const PACKAGES = [
  'fastify', '@fastify/jwt', 'fast-jwt', 'fastify-jwt-jwks', 'express', 'express-jwt',
  'passport-jwt', 'koa', 'koa-jwt', 'hono', '@hono/node-server', 'jose', 'jsonwebtoken',
  'autocannon'
]
const PYTHON_VERSIONS =
  "from importlib.metadata import version; print(', '.join(f'{name} {version(name)}' for name " +
  "in ['django', 'djangorestframework-simplejwt', 'gunicorn']))"

/** The machine and the versions, as a table and a list. */
export function machine (): string {
  return `${hardware()}\n${PACKAGES.map(name => `- ${name} ${versionOf(name)}\n`).join('')}`
}

function hardware (): string {
  return table(['machine', ''], [
    ['CPU', `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores`],
    ['memory', `${fixed(totalmem() / 2 ** 30)} GiB`],
    ['load average before', fixed(loadavg()[0] as number, 2)],
    ['files', `${tmpdir()}, ${said(/\n(\S+)/, 'df', '--output=fstype', tmpdir())}`],
    ['Node', process.version],
    ['SQLite', [...drivers.keys()].map(sqlite).join(', ') || ABSENT],
    ['Redis', `${said(/v=(\S+)/, redisProgram, '--version')}, ioredis ${versionOf('ioredis')}`],
    ['PostgreSQL', `${said(/\) (\S+)/, postgresProgram, '--version')}, pg ${versionOf('pg')}`],
    ['Django', said(/(.+)/, djangoPython, '-c', PYTHON_VERSIONS)]
  ])
}

/** The part of a program's output that a pattern captures. */
function said (what: RegExp, program: string | undefined, ...args: string[]): string {
  if (program === undefined) return ABSENT
  try {
    return what.exec(execFileSync(program, args, { encoding: 'utf8' }))?.[1] ?? 'unknown'
  } catch {
    return 'unknown'
  }
}

function sqlite (driver: string): string {
  const handle = drivers.get(driver)?.(':memory:')
  const [row] = handle?.prepare('SELECT sqlite_version() AS version').all({}) as {
    version: string
  }[]
  handle?.close()
  return `${row?.version} in ${driver}${driver.startsWith('node:') ? '' : ` ${versionOf(driver)}`}`
}

const versionOf = (name: string): string =>
  (JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')) as { version: string })
    .version
