import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { readSettings } from '../../example/settings.ts'
import { tables } from '../../plugin/stores/sql/tables.ts'
import { blocks, pageNamed, pages } from '../fixtures/docs.ts'
import { firstCells, longLines, section } from '../fixtures/markdown.ts'

const SOURCE = {
  options: 'plugin/options.ts',
  tokenService: 'plugin/service/token-service.ts',
  client: 'plugin/client/client.ts',
  oauth: 'plugin/oauth/options.ts',
  errors: 'plugin/errors.ts',
  events: 'plugin/events.ts',
  oauthErrors: 'plugin/oauth/errors.ts',
  settings: 'example/settings.ts'
}

/** Returns the first group of each match. */
const namesIn = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(match => match[1] as string)

/** Returns the members of an interface, from its source. */
function membersOf (file: string, name: string, pattern: RegExp): string[] {
  const source = readFileSync(file, 'utf8')
  const body = new RegExp(`export interface ${name} \\{([^]*?)\\n\\}`).exec(source)?.[1] ?? ''
  return namesIn(body, pattern)
}

/** Returns the rows of a table: the cells of each line that starts with a name. */
const rowsOf = (text: string): string[][] =>
  text.split('\n').filter(line => /^\| \[?`/.test(line))
    .map(line => line.split('|').slice(1, -1).map(cell => cell.trim()))

const optionTable = pageNamed('options.md').text.split(/^## /m)[0] as string

t.test('options.md lists every option, and no other', async t => {
  const names = membersOf(SOURCE.options, 'SimpleJwtOptions', /^ {2}(\w+)\??[:(]/gm)
  t.ok(names.length > 20)
  t.strictSame(firstCells(optionTable).sort(), names.sort())
})

t.test('README.md gives options the defaults that options.md gives them', async t => {
  const rows = rowsOf(section(pageNamed('README.md').text, 'Options'))
  t.ok(rows.length > 5)
  const nameOf = (cell = ''): string => /\w+/.exec(cell)?.[0] ?? ''
  const defaults = new Map(rowsOf(optionTable).map(([name, value]) => [nameOf(name), value]))
  for (const [name, value] of rows) t.equal(defaults.get(nameOf(name)), value, nameOf(name))
})

t.test('app-tokens.md lists every method of app.tokens', async t => {
  const methods = membersOf(SOURCE.tokenService, 'TokenService', /^ {2}(\w+)[(<]/gm)
  t.ok(methods.length > 8)
  t.strictSame(firstCells(pageNamed('app-tokens.md').text).sort(), methods.sort())
})

t.test('oauth.md lists every option and every member of a client, and no other', async t => {
  const { text } = pageNamed('oauth.md')
  for (const [title, name] of [['Options', 'OAuthOptions'], ['Apps', 'OAuthClient']] as const) {
    const names = membersOf(SOURCE.oauth, name, /^ {2}(\w+)\??:/gm)
    t.ok(names.length > 7)
    t.strictSame(firstCells(section(text, title)).sort(), names.sort())
  }
})

t.test('client.md lists every option and every member of the client, and no other', async t => {
  const { text } = pageNamed('client.md')
  const optionNames = membersOf(SOURCE.client, 'ClientOptions<.*>', /^ {2}(\w+)\?:/gm)
  t.ok(optionNames.length > 8)
  t.strictSame(firstCells(section(text, 'Options')).sort(), optionNames.sort())
  const members = membersOf(SOURCE.client, 'Client<.*>', /^ {2}(?:readonly )?(\w+)[(:]/gm)
  t.ok(members.length > 7)
  t.strictSame(firstCells(section(text, 'Methods')).sort(), members.sort())
})

t.test('client.md names codes of the client and of the server only', async t => {
  const sources = ['client/answer', 'client/authorized-fetch', 'client/login', 'errors']
    .map(name => readFileSync(`plugin/${name}.ts`, 'utf8')).join('')
  const codes = firstCells(section(pageNamed('client.md').text, 'Errors'))
  for (const code of ['unavailable', 'user_changed']) t.ok(codes.includes(code), code)
  for (const code of codes) t.match(sources, `'${code}'`, code)
})

t.test('client.md gives options the defaults of the source', async t => {
  const defaults = readFileSync(SOURCE.client, 'utf8')
  const rows = rowsOf(section(pageNamed('client.md').text, 'Options'))
  const plain = rows.filter(([, value = '']) => /^(\d+|`'[^']+'`)$/.test(value))
  t.ok(plain.length > 3)
  for (const [name = '', value = ''] of plain) {
    const member = name.replaceAll('`', '')
    const comment = defaults.split(`  ${member}?:`)[0]?.split('/**').at(-1)
    t.match(comment?.replaceAll('`', ''), `Default ${value.replaceAll('`', '')}`, member)
  }
})

t.test('errors-and-events.md lists every code of the catalogue', async t => {
  const errors = readFileSync(SOURCE.errors, 'utf8')
  const thrown = /(?:SimpleJwtError\(\d+, |refuse\(|tokenNotValid = .*refuse\()'([a-z_]+)'/g
  const codes = new Set(namesIn(errors, thrown))
  const table = section(pageNamed('errors-and-events.md').text, 'Errors')
  t.ok(codes.size > 8)
  for (const code of codes) t.match(table, `\`${code}\``, code)
})

t.test('errors-and-events.md lists every OAuth error, and no other', async t => {
  const types = readFileSync(SOURCE.oauthErrors, 'utf8').split('An expected refusal')[0] as string
  const codes = namesIn(types, /^ {2}\| '([a-z_]+)'/gm)
  t.ok(codes.length > 10)
  const tables = section(pageNamed('errors-and-events.md').text, 'OAuth').split('The routes of')[0]
  const cells = (tables as string).split('\n').filter(line => line.startsWith('| '))
    .map(line => line.split('|').find(cell => cell.startsWith(' `')) ?? '')
  const listed = cells.flatMap(cell => namesIn(cell, /`([a-z_]+)`/g)).filter(name => name !== 'error')
  t.strictSame([...new Set(listed)].sort(), codes.sort())
})

t.test('architecture.md names only files that exist', async t => {
  const files = namesIn(pageNamed('architecture.md').text, /`([a-z-/]+\.ts)`/g)
  t.ok(files.length > 30)
  const isHere = (file: string): boolean => existsSync(file) || existsSync(`plugin/${file}`)
  t.same(files.filter(file => !isHere(file)), [])
})

t.test('errors-and-events.md lists every event, and no other', async t => {
  const types = /type:([a-z_'|\s]+)/.exec(readFileSync(SOURCE.events, 'utf8'))?.[1] ?? ''
  const names = namesIn(types, /'([a-z_]+)'/g)
  t.ok(names.length > 5)
  const table = section(pageNamed('errors-and-events.md').text, 'Events')
  t.strictSame(firstCells(table).sort(), names.sort())
})

t.test('example/README.md lists every variable of the demo, and no other', async t => {
  const schema = namesIn(readFileSync(SOURCE.settings, 'utf8'), /^ {4}([A-Z_]+): /gm)
  const table = section(pageNamed('example/README.md').text, 'Environment')
  const names = firstCells(table)
  t.strictSame([...names].sort(), schema.sort())
  const anyText = ['HOST', 'ISSUER', 'AUDIENCE', 'JWT_KEYS']
  for (const name of names.filter(name => !anyText.includes(name))) {
    const message = new RegExp(`^${name} `)
    t.throws(() => readSettings({ [name]: '?' }), { message }, `${name} is validated`)
  }
})

t.test('stores.md has the SQL that migrate() runs', async t => {
  const sql = blocks.filter(({ language }) => language === 'sql')
  t.strictSame(sql.map(({ file, code }) => [file, code]),
    [['docs/stores.md', tables('simplejwt_', 'UNLOGGED ')]])
})

t.test('README.md has at most 200 lines', async t => {
  const lines = pageNamed('README.md').text.trimEnd().split('\n')
  t.ok(lines.length <= 200, `${lines.length} lines`)
})

t.test('prose wraps at 100 characters', async t => {
  t.same(longLines(`${'word '.repeat(20)}word`, 100).length, 1, 'a long line is found')
  t.same(longLines(`\n${'word '.repeat(19)}word`, 100), [], 'a line of 99 characters is not')
  for (const { file, text } of pages) t.strictSame(longLines(text, 100), [], file)
})
