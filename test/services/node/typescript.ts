import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'

const run = promisify(execFile)

// An app that takes the plugin and each sub-path, its types and its values.
const CONSUMER = `
import fastify from 'fastify'
import simplejwt, {
  type AccessClaims, type SimpleJwtOptions, type User, memoryStore
} from 'fastify-simplejwt'
import oauth, { type OAuthOptions } from 'fastify-simplejwt/oauth'
import { storeContract } from 'fastify-simplejwt/store-contract'
import { memoryStore as again } from 'fastify-simplejwt/stores/memory'
import { postgresStore } from 'fastify-simplejwt/stores/postgres'
import { redisStore } from 'fastify-simplejwt/stores/redis'
import { type Session, isLive } from 'fastify-simplejwt/stores/session'
import { sqliteStore } from 'fastify-simplejwt/stores/sqlite'
import type { SessionStore } from 'fastify-simplejwt/stores/store'

const store: SessionStore = again()
const options: SimpleJwtOptions = { secret: 'x'.repeat(32), store, rateLimit: false }

interface Member extends User { id: number, roles: string[] }
const oauthOptions: OAuthOptions = {
  interactionUrl: '/connect',
  scopes: { 'photos:read': 'See your photos' },
  clients: [{ id: 'printer', name: 'Printer', redirectUris: ['https://print.example/'] }],
  claims: (member: Member, { client, scopes }) =>
    ({ roles: member.roles, app: client.name.trim(), few: scopes.length })
}
// @ts-expect-error
export const wrongOAuth: OAuthOptions = { ...oauthOptions, scopes: ['photos:read'] }
// @ts-expect-error the types are there, and not any
export const wrong: SimpleJwtOptions = { secret: 1 }
// @ts-expect-error
export const wrongStore: SessionStore = 1
// @ts-expect-error
export const wrongSession: Session = 1
// @ts-expect-error
export const wrongPool: Parameters<typeof postgresStore>[0] = 1

export async function decide (text: string, member: Member): Promise<string[]> {
  const app = fastify()
  await app.register(oauth, oauthOptions)
  const { redirectHost } = await app.oauth.read(text)
  return [redirectHost, await app.oauth.approve(text, member, { authTime: Date.now() })]
}

async function main (): Promise<void> {
  const app = fastify()
  await app.register(simplejwt, options)
  app.get('/hello/', { onRequest: app.authenticate }, async ({ user }) => {
    const claims: AccessClaims = user
    return claims.user_id
  })
  const { access } = await app.tokens.issue({ id: 1 })
  const headers = { authorization: 'Bearer ' + access }
  const reply = await app.inject({ url: '/hello/', headers })
  const stores = [memoryStore, storeContract, postgresStore, redisStore, isLive, sqliteStore]
  console.log(reply.body, [...stores, oauth].map(value => typeof value).join())
  await app.close()
}
void main()
`

const COMPILERS = {
  5.8: 'test/fixtures/old-typescript/node_modules/typescript', 6: 'node_modules/typescript'
}

/** A folder with the app as an ES module, a CommonJS module, and one of the kind of its folder. */
async function consumer (type: 'module' | 'commonjs'): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'fastify-simplejwt-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await symlink(resolve('node_modules'), join(folder, 'node_modules'))
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type }))
  await mkdir(join(folder, 'out'))
  for (const name of ['app.ts', 'app.mts', 'app.cts']) {
    await writeFile(join(folder, name), CONSUMER)
  }
  return folder
}

const FLAGS = [
  '--strict', '--exactOptionalPropertyTypes', '--skipLibCheck', '--target', 'es2022',
  '--types', 'node', '--outDir', 'out', '--pretty', 'false'
]

/** Returns what the compiler says, which is nothing for a good program. */
async function compile (
  folder: string, version: keyof typeof COMPILERS, files: string[], flags: string[]
): Promise<string> {
  const compiler = resolve(COMPILERS[version], 'bin/tsc')
  try {
    await run(process.execPath, [compiler, ...FLAGS, ...flags, ...files], { cwd: folder })
    return ''
  } catch (error) {
    return (error as { stdout: string }).stdout
  }
}

const RUNS = '1 function,function,function,function,function,function,function\n'

const CASES: [
  version: keyof typeof COMPILERS,
  type: 'module' | 'commonjs',
  resolution: string,
  files: string[],
  flags: string[]
][] = [
  [5.8, 'commonjs', 'node10', ['app.ts'], [
    '--module', 'commonjs', '--moduleResolution', 'node10', '--esModuleInterop']],
  [5.8, 'module', 'node16', ['app.mts'], ['--module', 'node16']],
  [5.8, 'module', 'nodenext', ['app.mts', 'app.cts'], ['--module', 'nodenext']],
  [5.8, 'module', 'bundler', ['app.ts'], [
    '--module', 'es2022', '--moduleResolution', 'bundler']],
  [6, 'module', 'node16', ['app.mts'], ['--module', 'node16']],
  [6, 'module', 'nodenext', ['app.mts', 'app.cts'], ['--module', 'nodenext']],
  [6, 'commonjs', 'bundler', ['app.ts'], [
    '--module', 'commonjs', '--moduleResolution', 'bundler']]
]

for (const [version, type, resolution, files, flags] of CASES) {
  t.test(`TypeScript ${version} with ${resolution} compiles ${type} that runs`, async t => {
    const folder = await consumer(type)
    t.equal(await compile(folder, version, files, flags), '')
    for (const file of files) {
      const script = join('out', file.replace(/ts$/, 'js'))
      const { stdout } = await run(process.execPath, [script], { cwd: folder })
      t.equal(stdout, RUNS, script)
    }
  })
}

t.test('TypeScript with node16 refuses require() of the package in CommonJS', async t => {
  const folder = await consumer('commonjs')
  const said = await compile(folder, 5.8, ['app.cts'], ['--module', 'node16'])
  t.match(said, /error TS1479: .*CommonJS/)
})
