import { execFile, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { generateKey } from '../../../plugin/keys/generate-key.ts'
import { login } from '../../fixtures/clients/demo-client.ts'
import { appTokens, codeFor, exchange } from '../../fixtures/clients/photo-printer.ts'
import { blockWith, blocks, linesWith, pages } from '../../fixtures/docs.ts'
import { redisProgram, startRedis } from '../../fixtures/servers/redis.ts'
import { freePort } from '../../fixtures/servers/server-process.ts'
import { findProgram, skipUnless } from '../../fixtures/servers/programs.ts'
import { asJavaScript } from '../../fixtures/type-check.ts'

const run = promisify(execFile)
const skip = skipUnless(findProgram('http'), 'httpie') || skipUnless(findProgram('curl'), 'curl')
const skipQuickStart = skip || skipUnless(findProgram('openssl'), 'openssl')
// The build exists, so `npm start` does not build again.
const env = { ...process.env, npm_config_ignore_scripts: 'true', LOG_LEVEL: 'warn' }

type Tokens = Record<string, string>

/** Runs a command until the test ends, and resolves once `url` answers. */
async function start (t: Test, line: string, url: string, more: Tokens = {}): Promise<void> {
  const child = spawn('sh', ['-c', line], {
    env: { ...env, ...more }, detached: true, stdio: 'inherit'
  })
  t.after(() => { process.kill(-(child.pid as number), 'SIGKILL') })
  while (!await fetch(url).catch(() => undefined)) await delay(50)
}

/** Starts the demo by a command of the docs. */
const startDemo = (t: Test, line: string, port: number, more: Tokens = {}): Promise<void> =>
  start(t, line, `http://127.0.0.1:${port}/healthz`, { PORT: `${port}`, ...more })

/** Runs a command with the last tokens in place of the placeholders, and keeps the new ones. */
async function type (line: string, tokens: Tokens): Promise<object> {
  const filled = line
    .replace(/<(access|refresh) token>/g, (_, kind) => tokens[kind] as string)
    .replace(/^http /, 'http --ignore-stdin ').replace(/^curl /, 'curl --silent ')
  const answer = JSON.parse((await run('sh', ['-c', filled])).stdout)
  Object.assign(tokens, answer)
  return answer
}

/** Replaces the tokens of an answer by the text that the docs show. */
const shortened = (answer: object): string =>
  JSON.stringify(answer).replace(/"eyJ[\w.-]+"/g, '"eyJ..."')

/** Runs commands one after another, and returns what they answer as the docs show it. */
async function answersTo (lines: string[]): Promise<string[]> {
  const tokens = {}
  const answers = []
  for (const line of lines) answers.push(shortened(await type(line, tokens)))
  return answers
}

const replaceAll = (text: string, replacements: Record<string, string>): string =>
  Object.entries(replacements).reduce((text, [from, to]) => text.replaceAll(from, to), text)

t.test('README.md: the quick start answers as shown', { skip: skipQuickStart }, async t => {
  const port = await freePort()
  const code = blockWith('README.md', 'await app.listen').code.replace('8000', `${port}`)
  const file = join(t.testdir({ 'app.js': asJavaScript(code) }), 'app.js')
  const command = blockWith('README.md', 'node app.js').code.replace('app.js', file)
  await start(t, command, `http://localhost:${port}`)
  const lines = linesWith('README.md', 'curl').map(line => line.replace('8000', `${port}`))
  t.strictSame(await answersTo(lines), linesWith('README.md', '{"hello"'))
})

t.test('README.md: the demo starts', async t => {
  const port = await freePort()
  const { code } = blockWith('README.md', 'npm start')
  t.equal(code, 'npm ci && npm start\n')
  await startDemo(t, code.replace('npm ci && ', ''), port)
  t.match(await (await fetch(`http://127.0.0.1:${port}/`)).text(), '<!doctype html>')
})

t.test('example/README.md: the demo answers as shown', { skip }, async t => {
  const port = await freePort()
  const page = 'example/README.md'
  await startDemo(t, blockWith(page, 'npm ci').code.replace('npm ci && ', ''), port)
  const lines = linesWith(page, 'refresh=<refresh token>\ncurl')
    .map(line => line.replace('8000', `${port}`))
  t.strictSame(await answersTo(lines), linesWith(page, '"Hello, World!"'))
})

t.test('example/README.md: two services share one login', { skip }, async t => {
  const page = 'example/README.md'
  const [first, second] = [await freePort(), await freePort()]
  const keys = join(t.testdir(), 'keys.json')
  const places = { 8000: `${first}`, 8001: `${second}`, 'keys.json': keys }
  const here = (line: string): string => replaceAll(line, places)
  const lines = linesWith(page, 'keygen').map(here)
  const [keygen, server, resourceServer] = lines as [string, string, string]
  await run('sh', ['-c', keygen], { env })
  t.match(JSON.parse(readFileSync(keys, 'utf8')), { kty: 'EC' })
  await startDemo(t, server, first)
  const JWKS_URL = `http://127.0.0.1:${first}/.well-known/jwks.json`
  await startDemo(t, resourceServer, second, { JWKS_URL })
  const answers = await answersTo(linesWith(page, '8001').map(here))
  t.equal(answers[1], '{"message":"Hello, user 1!"}')
  t.match(pages.find(({ file }) => file === page)?.text, answers[1] as string)
})

/** The blocks of commands that README.md has for apps, by a text of each. */
const FOR_APPS = ['/photos/ -H', '/sessions/<sid>/', '/reports/ -H', '/.well-known/oauth', ':wrong']

/** Runs a command, and returns what it prints as the docs show it. */
async function printed (line: string, values: Tokens): Promise<string> {
  const filled = line
    .replace(/<([a-z ]+)>/g, (_, name) => values[name] as string)
    .replace(/^http /, 'http --ignore-stdin ').replace(/^curl /, 'curl --silent ')
  return (await run('sh', ['-c', filled])).stdout.trim()
}

t.test('example/README.md: apps get tokens, and commands answer as shown', { skip }, async t => {
  const page = 'example/README.md'
  const [first, second] = [await freePort(), await freePort()]
  const keys = join(t.testdir(), 'keys.json')
  writeFileSync(keys, JSON.stringify(generateKey('ES256')))
  const places = { 8000: `${first}`, 8002: `${second}`, 'keys.json': keys }
  const here = (line: string): string => replaceAll(line, places)
  const [server, printer] = linesWith(page, 'npm run printer').map(here) as [string, string]
  await startDemo(t, server, first)
  const url = `http://127.0.0.1:${first}`
  const env = { PRINTER_PORT: `${second}`, ISSUER: url }
  await start(t, printer, `http://127.0.0.1:${second}`, env)

  const [app, sessions, report, metadata, wrong] =
    FOR_APPS.map(text => linesWith(page, text).map(here)) as string[][]
  const { access } = await login(url)
  const tokens = await appTokens(url, access)
  const ofApp = { 'access token': tokens.access_token, 'refresh token': tokens.refresh_token }
  const answers = await Promise.all((app as string[]).map(line => printed(line, ofApp)))
  t.strictSame(answers, linesWith(page, '[{"title"'))

  const [logIn, list, end] = sessions as [string, string, string]
  const own = { 'access token': JSON.parse(await printed(logIn, {})).access }
  const listed = JSON.parse(await printed(list, own)) as { sid: string, client_id: string }[]
  const sid = listed.find(({ client_id: id }) => id === 'photo-printer')?.sid as string
  t.equal(await printed(end, { ...own, sid }), '')
  t.match(await printed((app as string[])[0] as string, ofApp), 'Given token not valid')

  const [forToken, ...calls] = report as [string, ...string[]]
  const answer = await printed(forToken, {})
  const ofReport = { 'access token': JSON.parse(answer).access_token }
  t.strictSame(
    [
      answer.replace(/eyJ[\w.-]+/, 'eyJ...'),
      ...await Promise.all(calls.map(line => printed(line, ofReport)))
    ],
    linesWith(page, '"accepted_from"')
  )
  t.match(JSON.parse(await printed((metadata as string[])[0] as string, {})), { issuer: url })
  t.strictSame(
    await Promise.all((wrong as string[]).map(line => printed(line, {}))),
    linesWith(page, '"invalid_client"').map(here)
  )

  const code = await codeFor(url, access)
  await exchange(url, code)
  t.strictSame([await (await exchange(url, code)).text()], linesWith(page, 'The code was used'))
})

/** Replaces the members of an answer that differ each time, as the docs show it. */
const withoutValues = (answer: string): string => answer
  .replace(/"(exp|iat|auth_time)":\d+/g, '"$1":...').replace(/"(jti|sid)":"\w+"/g, '"$1":"..."')

t.test('oauth.md: a resource server introspects, and an app revokes', { skip }, async t => {
  const [first, second] = [await freePort(), await freePort()]
  const keys = join(t.testdir(), 'keys.json')
  writeFileSync(keys, JSON.stringify(generateKey('ES256')))
  const places = { 8000: `${first}`, 8002: `${second}`, 'keys.json': keys }
  const here = (line: string): string => replaceAll(line, places)
  await startDemo(t, here(linesWith('example/README.md', 'npm run printer')[0] as string), first)
  const url = `http://127.0.0.1:${first}`
  const tokens = await appTokens(url, (await login(url)).access)
  const values = { 'access token': tokens.access_token, 'refresh token': tokens.refresh_token }
  const answers = []
  for (const line of linesWith('oauth.md', '/oauth/introspect\n')) {
    answers.push(withoutValues(await printed(here(line), values)))
  }
  t.strictSame(answers, linesWith('oauth.md', '{"active":true').map(here))
})

const skipPool = skip || skipUnless(redisProgram, 'redis-server')

t.test('production.md: a pool of workers starts', { skip: skipPool }, async t => {
  const port = await freePort()
  const redis = await startRedis(t)
  const { code } = blockWith('production.md', 'npm start')
  await startDemo(t, code.replace('redis://127.0.0.1:6379', redis.url), port)
  const reply = await fetch(`http://127.0.0.1:${port}/readyz`)
  t.strictSame(await reply.json(), { status: 'ok' })
})

/** Blocks that the tests above run: page and text. */
const RUN_HERE = [
  ['README.md', 'node app.js'], ['README.md', 'curl'], ['README.md', 'npm start'],
  ['example/README.md', 'npm ci'], ['example/README.md', 'refresh=<refresh token>\ncurl'],
  ['example/README.md', 'npm run printer'],
  ...FOR_APPS.map(text => ['example/README.md', text] as const),
  ['example/README.md', 'keygen'], ['example/README.md', '8001'],
  ['oauth.md', '/oauth/introspect\n'],
  ['production.md', 'npm start']
] as const

/** Lines that another file runs: the file, and the texts by which it does. */
const RUN_ELSEWHERE: Record<string, [file: string, ...texts: string[]]> = {
  'npm install fastify fastify-simplejwt':
    ['test/integration/package.ts', "'npm'", "'install'", 'fastify@${'],
  'npm install fastify-simplejwt-client':
    ['test/client/package.ts', "'npm', ['install'", "'fastify-simplejwt-client'), NAMES"],
  'npm pkg set type=module':
    ['test/integration/package.ts', "'npm', ['pkg', 'set', 'type=module']"],
  'npm ci && npm test': ['.ci/run', 'npm ci', 'run_tests npm test'],
  'npx fastify-simplejwt client photo-printer':
    ['test/cli/client.ts', "cli(['client', 'photo-printer'])"],
  'npx fastify-simplejwt keygen ES256 --out key.json':
    ['test/cli/keygen.ts', "cli(['keygen', 'EdDSA', '--out', file])"],
  // The two commands of .ci/run contain these files.
  'REQUIRE_SERVICES=1 npx tap --disable-coverage test/clients/oauth-*.ts \\':
    ['.ci/run', 'run_tests npm test'],
  '  test/services/apache/oauth-*.ts test/services/python/oauth-*.ts \\':
    ['.ci/run', 'REQUIRE_SERVICES=1 npm run test:services'],
  '  test/services/browser/oidc-client-ts.ts':
    ['.ci/run', 'REQUIRE_SERVICES=1 npm run test:services']
}

t.test('every command of the docs is run by a test', async t => {
  const here = RUN_HERE.map(([page, text]) => blockWith(page, text))
  const others = blocks.filter(block => block.language === 'sh' && !here.includes(block))
  const lines = new Set(others.flatMap(({ code }) => code.trimEnd().split('\n')))
  t.strictSame([...lines].sort(), Object.keys(RUN_ELSEWHERE).sort())
  for (const [file, ...texts] of Object.values(RUN_ELSEWHERE)) {
    const source = readFileSync(file, 'utf8')
    for (const text of texts) t.ok(source.includes(text), `${text} in ${file}`)
  }
})

t.test('every npm script that the docs name exists', async t => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'))
  const named = pages.flatMap(({ file, text }) =>
    [...text.matchAll(/\bnpm run ([\w:-]+)/g)].map(match => [file, match[1] as string] as const))
  t.ok(named.length > 8)
  for (const [file, name] of named) {
    t.ok(name in scripts, `${name} in ${file}`)
  }
})
