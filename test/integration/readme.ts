import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { readSettings } from '../../example/settings.ts'
import { tables } from '../../plugin/stores/sql/statements.ts'

const readme = readFileSync('README.md', 'utf8')
const security = readFileSync('SECURITY.md', 'utf8')
const source = (file: string): string => readFileSync(`plugin/${file}`, 'utf8')

/** The names between backticks in the first cells of the table that follows a heading. */
function firstCells (heading: string): string[] {
  const section = readme.split(/^##+ /m).find(section => section.startsWith(heading)) ?? ''
  const cells = section.split('\n').filter(line => line.startsWith('| `')).map(line => line.split('|')[1] ?? '')
  return cells.flatMap(cell => [...cell.matchAll(/`([\w.]+)/g)].map(match => match[1] as string))
}

t.test('the README has every option, and no other', async t => {
  const options = /export interface SimpleJwtOptions \{([^]*?)\n\}/.exec(source('options.ts'))?.[1] ?? ''
  const names = [...options.matchAll(/^ {2}(\w+)\??[:(]/gm)].map(match => match[1] as string)
  t.ok(names.length > 20)
  t.strictSame(firstCells('Options').sort(), names.sort())
})

t.test('the README has every method of app.tokens', async t => {
  const methods = /export interface TokenService \{([^]*?)\n\}/.exec(source('service/token-service.ts'))?.[1] ?? ''
  t.strictSame(firstCells('app.tokens').sort(), [...methods.matchAll(/^ {2}(\w+)\(/gm)].map(match => match[1] as string).sort())
})

t.test('the README has every code of the catalogue of errors', async t => {
  const codes = new Set([...source('errors.ts').matchAll(/(?:SimpleJwtError\(\d+, |refuse\(|tokenNotValid = .*refuse\()'([a-z_]+)'/g)].map(match => match[1] as string))
  for (const code of codes) t.ok(readme.includes(`\`${code}\``), code)
  t.ok(codes.size > 8)
})

t.test('the README has every event', async t => {
  const types = [.../type: ('[a-z_' |]+)/.exec(source('events.ts'))?.[1]?.matchAll(/'([a-z_]+)'/g) ?? []].map(match => match[1] as string)
  t.ok(types.length > 5)
  for (const type of types) t.ok(readme.includes(`\`${type}\``), type)
})

t.test('the variables of the demo that the README names are read', async t => {
  for (const name of firstCells('Try the demo').filter(name => !['HOST', 'ISSUER', 'AUDIENCE', 'JWT_KEYS'].includes(name))) {
    t.throws(() => readSettings({ [name]: '?' }), { message: new RegExp(`^${name} `) }, name)
  }
})

t.test('the SQL in the README is what migrate() runs', async t => {
  t.ok(readme.includes(`\`\`\`sql\n${tables('simplejwt_', 'UNLOGGED ')}\`\`\``))
})

t.test('every file that README and SECURITY link to is there', async t => {
  const links = [...(readme + security).matchAll(/\]\(([^)#:]+)\)/g)].map(match => match[1] as string)
  t.ok(links.length > 10)
  for (const link of links) t.ok(existsSync(link), link)
})
