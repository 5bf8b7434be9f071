import { execFile, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { blockWith, blocks } from '../fixtures/readme.ts'
import { redisProgram, startRedis } from '../fixtures/servers/redis.ts'
import { freePort } from '../fixtures/servers/server-process.ts'
import { findProgram, skipUnless } from '../fixtures/servers/programs.ts'

const run = promisify(execFile)
const skip = skipUnless(findProgram('http'), 'httpie') || skipUnless(findProgram('curl'), 'curl')
// The build is there: what `npm start` does before it would only take time.
const env = { ...process.env, npm_config_ignore_scripts: 'true', LOG_LEVEL: 'warn' }

/** Starts what a line of the README starts, and resolves once it answers. It ends with the test, and all that it has started. */
async function start (t: Test, line: string, port: number, more: Record<string, string> = {}): Promise<void> {
  const child = spawn('sh', ['-c', line], { env: { ...env, PORT: `${port}`, ...more }, detached: true, stdio: 'inherit' })
  t.after(() => { process.kill(-(child.pid as number), 'SIGKILL') })
  while (!await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined)) await delay(50)
}

/** Runs a line as a user does, who puts the tokens that were answered last in their places. */
async function type (line: string, tokens: Record<string, string>): Promise<object> {
  const filled = line.replace(/<(access|refresh) token>/g, (_, kind) => tokens[kind] as string).replace(/^http /, 'http --ignore-stdin ')
  const answer = JSON.parse((await run('sh', ['-c', filled])).stdout)
  Object.assign(tokens, answer)
  return answer
}

const linesOf = (heading: string, text: string): string[] => blockWith(heading, text).code.trimEnd().split('\n')

t.test('the demo starts, and the three commands do what is said of them', { skip }, async t => {
  const port = await freePort()
  await start(t, blockWith('Try the demo', 'npm start').code.replace('npm ci && ', ''), port)
  const [login, refresh, hello] = linesOf('Try the demo', 'http post').map(line => line.replace('127.0.0.1:8000', `127.0.0.1:${port}`)) as [string, string, string]
  const tokens = {}
  t.strictSame(Object.keys(await type(login, tokens)), ['refresh', 'access'])
  t.strictSame(Object.keys(await type(refresh, tokens)), ['access', 'refresh'])
  t.strictSame(await type(hello, tokens), { message: 'Hello, World!' })
})

t.test('two services share one login', { skip }, async t => {
  const [first, second] = [await freePort(), await freePort()]
  const keys = join(t.testdir(), 'keys.json')
  const here = (line: string): string => line.replaceAll('127.0.0.1:8000', `127.0.0.1:${first}`).replaceAll('127.0.0.1:8001', `127.0.0.1:${second}`).replaceAll('keys.json', keys)
  const [keygen, server, resourceServer] = linesOf('Two services, one login', 'keygen').map(here) as [string, string, string]
  await run('sh', ['-c', keygen], { env })
  t.match(JSON.parse(readFileSync(keys, 'utf8')), { kty: 'EC' })
  await start(t, server, first)
  await start(t, resourceServer, second, { JWKS_URL: `http://127.0.0.1:${first}/.well-known/jwks.json` })
  const [login, hello] = linesOf('Two services, one login', 'http post').map(here) as [string, string]
  const tokens = {}
  await type(login, tokens)
  t.strictSame(await type(hello, tokens), { message: 'Hello, user 1!' })
})

t.test('a pool of workers starts', { skip: skip || skipUnless(redisProgram, 'redis-server') }, async t => {
  const port = await freePort()
  const redis = await startRedis(t)
  await start(t, blockWith('In production', 'npm start').code.replace('redis://127.0.0.1:6379', redis.url), port)
  const reply = await fetch(`http://127.0.0.1:${port}/readyz`)
  t.strictSame(await reply.json(), { status: 'ok' })
})

t.test('no other command is in the README but those that other tests run', async t => {
  const elsewhere: Record<string, [file: string, ...texts: string[]]> = {
    'npm install fastify fastify-simplejwt': ['test/integration/package.ts', "'npm', ['install', "],
    'npm pkg set type=module': ['test/integration/package.ts', "'npm', ['pkg', 'set', 'type=module']"],
    'npm ci && npm test': ['.ci/run', 'npm ci', 'npm test']
  }
  const here = ['Try the demo', 'Two services, one login', 'In production']
  const lines = blocks.filter(({ language, heading }) => language === 'sh' && !here.includes(heading)).flatMap(({ code }) => code.trimEnd().split('\n'))
  t.strictSame(lines.sort(), Object.keys(elsewhere).sort())
  for (const [file, ...texts] of Object.values(elsewhere)) {
    for (const text of texts) t.ok(readFileSync(file, 'utf8').includes(text), `${text} in ${file}`)
  }
})
