import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { section } from '../fixtures/markdown.ts'

/** Debian installs them. */
const OF_DEBIAN = ['requests', 'PyJWT', 'Authlib', 'requests-oauthlib', 'mod_auth_openidc']

t.test('other-plugins.md: names the versions of the clients that the tests run', async t => {
  const table = section(readFileSync('docs/other-plugins.md', 'utf8'), 'Clients')
  const rows = [...table.matchAll(/^\| (\S+) \| ([\d.]+) \|/gm)]
  t.ok(rows.length > 10)
  for (const [, name = '', documented = ''] of rows) {
    const file = `node_modules/${name}/package.json`
    if (!OF_DEBIAN.includes(name)) t.ok(existsSync(file), name)
    if (!existsSync(file)) continue
    const { version } = JSON.parse(readFileSync(file, 'utf8'))
    t.ok(version.startsWith(`${documented}.`), `${name} ${documented} is ${version}`)
  }
})
