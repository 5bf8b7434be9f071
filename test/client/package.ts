import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import t from 'tap'
import type { Test } from '../fixtures/servers/home.ts'

const run = promisify(execFile)
const MOST_GZIP_BYTES = 3000
const MOST_BROTLI_BYTES = 2750
const NAMES = '[ \'AuthError\', \'createClient\' ]\n'

async function emptyFolder (t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'simplejwt-client-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  return folder
}

/** Returns what the module exports, as Node prints it. */
async function namesOf (folder: string, specifier: string): Promise<string> {
  const code = `import('${specifier}').then(module => console.log(Object.keys(module)))`
  return (await run(process.execPath, ['--eval', code], { cwd: folder })).stdout
}

/** Compiles `app.ts` of a folder. Returns what the compiler says. */
async function compile (folder: string, lib: string[], types: string[]): Promise<string> {
  const project = join(folder, `tsconfig.${types.join('-')}.json`)
  await writeFile(project, JSON.stringify({
    compilerOptions: {
      target: 'es2022', module: 'nodenext', strict: true, noEmit: true, lib, types
    },
    files: ['app.ts']
  }))
  return run(resolve('node_modules/.bin/tsc'), ['-p', project])
    .then(() => '', (error: { stdout: string }) => error.stdout)
}

const APP = `
import { AuthError, createClient } from './client/index.js'
import type { Client, ClientOptions, Session, TokenStorage, User } from './client/index.js'
interface Member extends User { role: 'admin' | 'reader' }
const storage: TokenStorage = { getItem: () => null, setItem () {}, removeItem () {} }
const options: ClientOptions<Member> = { storage, onChange: user => { user?.role } }
export const client: Client<Member> = createClient<Member>(options)
export const role: 'admin' | 'reader' | undefined = client.user?.role
export const sessions: Promise<Session[]> = client.sessions()
export const codeOf = (error: unknown): string => error instanceof AuthError ? error.code : ''
// @ts-expect-error a role is one of two
export const wrong: 'guest' | undefined = client.user?.role
`

t.test('the client is one module without imports', async t => {
  const code = await readFile('dist/client/index.js', 'utf8')
  t.notMatch(code, /^\s*import\b|\bimport\s*\(|\brequire\s*\(|\bfrom\s*['"]/m)
})

t.test('the client is small', async t => {
  const { outputFiles: [file] } = await build({
    entryPoints: ['dist/client/index.js'], bundle: true, minify: true, format: 'esm', write: false
  })
  const content = file?.contents as Uint8Array
  const gzip = gzipSync(content, { level: 9 }).length
  const brotli = brotliCompressSync(content).length
  t.comment(`${content.length} bytes, gzip ${gzip}, brotli ${brotli}`)
  t.ok(gzip <= MOST_GZIP_BYTES, `${gzip} bytes of gzip`)
  t.ok(brotli <= MOST_BROTLI_BYTES, `${brotli} bytes of brotli`)
})

t.test('the package exports the client', async t => {
  t.equal(await namesOf('.', 'fastify-simplejwt/client'), NAMES)
})

t.test('the client needs no Fastify, and its types neither Node nor the DOM', async t => {
  const folder = await emptyFolder(t)
  await cp('dist/client', join(folder, 'client'), { recursive: true })
  t.equal(await namesOf(folder, './client/index.js'), NAMES)

  await writeFile(join(folder, 'app.ts'), APP)
  await mkdir(join(folder, 'node_modules/@types'), { recursive: true })
  for (const name of ['@types/node', 'undici-types']) {
    await symlink(resolve('node_modules', name), join(folder, 'node_modules', name))
  }
  const programs = [
    compile(folder, ['es2022', 'dom'], []),
    compile(folder, ['es2022'], ['node'])
  ]
  t.same(await Promise.all(programs), ['', ''])
})

t.test('fastify-simplejwt-client is the same module, without dependencies', async t => {
  const [folder, app] = [await emptyFolder(t), await emptyFolder(t)]
  for (const name of ['package.json', 'LICENSE', 'README.md']) {
    await cp(join('plugin/client', name), join(folder, name))
  }
  await cp('dist/client', join(folder, 'dist'), { recursive: true })
  const { stdout } = await run(
    'npm', ['pack', '--ignore-scripts', '--json', '--silent', '--pack-destination', app],
    { cwd: folder })
  const [packed] = JSON.parse(stdout)
  const files = packed.files.map(({ path }: { path: string }) => path)
  t.ok(['LICENSE', 'dist/index.js', 'dist/index.d.ts'].every(name => files.includes(name)))
  await run(
    'npm', ['install', '--offline', '--no-audit', '--no-fund', packed.filename], { cwd: app })
  t.equal(await namesOf(app, 'fastify-simplejwt-client'), NAMES)

  const own = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  const root = JSON.parse(await readFile('package.json', 'utf8'))
  t.equal(own.version, root.version)
  t.same([own.dependencies, own.peerDependencies], [undefined, undefined])
})
