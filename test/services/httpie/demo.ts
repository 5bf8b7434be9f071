import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { startDemo } from '../../fixtures/servers/demo.ts'
import { findProgram, skipUnless } from '../../fixtures/servers/programs.ts'

const run = promisify(execFile)
const http = findProgram('http')
const curl = findProgram('curl')
const skip = skipUnless(http, 'httpie') || skipUnless(curl, 'curl')

interface Pair { access: string, refresh: string, detail?: string }

t.test('the demo takes the commands of a SimpleJWT tutorial', { skip }, async t => {
  const { url } = await startDemo(t)
  const httpie = async (...args: string[]): Promise<Pair> =>
    JSON.parse((await run(http as string, ['--ignore-stdin', ...args])).stdout)
  const hello = async (access: string): Promise<string> =>
    (await run(curl as string, ['-s', `${url}/hello/`, '-H', `Authorization: Bearer ${access}`]))
      .stdout

  for (const form of [[], ['--form']]) {
    const login = ['post', `${url}/api/token/`, 'username=vitor', 'password=123']
    const { access, refresh } = await httpie(...form, ...login)
    t.equal(await hello(access), '{"message":"Hello, World!"}')
    const post = (route: string, field: string) =>
      httpie(...form, 'post', `${url}/api/token/${route}/`, field)
    const next = await post('refresh', `refresh=${refresh}`)
    t.equal(await hello(next.access), '{"message":"Hello, World!"}')
    t.strictSame(await post('verify', `token=${next.access}`), {})
    t.strictSame(await post('blacklist', `refresh=${next.refresh}`), {})
    t.match(await hello(next.access), 'Token is blacklisted')
  }
  t.strictSame(await httpie('post', `${url}/api/token/`, 'username=inactive', 'password=123'), {
    detail: 'No active account found with the given credentials', code: 'no_active_account'
  })
})
