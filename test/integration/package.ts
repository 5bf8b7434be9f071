import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import t from 'tap'

const run = promisify(execFile)

/** An empty folder with the packed package in it, and what an app needs besides. */
async function emptyProject (t: { teardown(undo: () => unknown): void }): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'fastify-simplejwt-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const [packed] = JSON.parse(
    (
      await run('npm', [
        'pack', '--ignore-scripts', '--json', '--silent', '--pack-destination', folder
      ])
    ).stdout
  ) as { filename: string }[]
  const { devDependencies: own } = JSON.parse(await readFile('package.json', 'utf8'))
  await writeFile(join(folder, 'package.json'), '{}')
  await run('npm', ['pkg', 'set', 'type=module'], { cwd: folder })
  await run(
    'npm',
    [
      'install',
      '--prefer-offline',
      '--no-audit',
      '--no-fund',
      packed?.filename as string,
      `fastify@${own.fastify}`
    ],
    { cwd: folder }
  )
  // What checks the types need not be fetched once more.
  await mkdir(join(folder, 'node_modules/@types'))
  await symlink(resolve('node_modules/@types/node'), join(folder, 'node_modules/@types/node'))
  return folder
}

/** The first block of a language in the README. */
async function readmeBlock (language: string): Promise<string> {
  return new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(
    await readFile('README.md', 'utf8')
  )?.[1] as string
}

t.test('the example of the README runs and type-checks on the packed package', async t => {
  const folder = await emptyProject(t)
  const example = await readmeBlock('ts')
  t.equal(example.trim().split('\n').length, 10, 'ten lines')

  await writeFile(join(folder, 'app.ts'), example)
  await writeFile(join(folder, 'user.ts'), [
    "import type { FastifyRequest } from 'fastify'",
    "import 'fastify-simplejwt'",
    'export const id = (request: FastifyRequest): string => request.user.user_id',
    '// @ts-expect-error a claim is not just anything',
    'export const wrong = (request: FastifyRequest): number => request.user.user_id'
  ].join('\n'))
  await run(
    resolve('node_modules/.bin/tsc'),
    [
      '--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2022', '--skipLibCheck',
      'false', 'app.ts', 'user.ts'
    ],
    { cwd: folder }
  ).catch((error: { stdout: string }) => t.fail(error.stdout))

  // What has no types in it is JavaScript as it stands.
  const port = 'console.log(app.server.address().port)'
  await writeFile(join(folder, 'app.js'), `${example.replace('8000', '0')}\n${port}`)
  const app = spawn(process.execPath, ['app.js'], {
    cwd: folder,
    env: { ...process.env, JWT_SECRET: 'x'.repeat(32) },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  t.teardown(() => app.kill())
  const [line] = await once(createInterface(app.stdout), 'line') as [string]
  const url = `http://127.0.0.1:${line}`

  const login = await fetch(`${url}/api/token/`, {
    method: 'POST',
    body: new URLSearchParams({ username: 'vitor', password: '123' })
  })
  const { access } = await login.json() as { access: string }
  const hello = await fetch(`${url}/hello/`, { headers: { authorization: `Bearer ${access}` } })
  t.strictSame(await hello.json(), { hello: '1' })

  await writeFile(join(folder, 'exports.js'), `
    import { createRequire } from 'node:module'
    import simplejwt, { simplejwt as named, memoryStore, SimpleJwtError } from 'fastify-simplejwt'
    import { storeContract } from 'fastify-simplejwt/store-contract'
    import oauth, { oauth as namedOAuth } from 'fastify-simplejwt/oauth'
    import { memoryStore as again } from 'fastify-simplejwt/stores/memory'
    const required = createRequire(import.meta.url)('fastify-simplejwt/oauth')
    console.log([simplejwt === named, memoryStore === again, typeof SimpleJwtError,
      typeof storeContract, oauth === namedOAuth, required.oauth === oauth].join())`)
  t.equal(
    (await run(process.execPath, ['exports.js'], { cwd: folder })).stdout,
    'true,true,function,function,true,true\n',
    'the package has its exports'
  )
})
