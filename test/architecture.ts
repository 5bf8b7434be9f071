import { readFileSync, readdirSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import t from 'tap'
import ts from 'typescript'

const root = join(import.meta.dirname, '..', 'plugin')

/** One file of the package, and what it imports from the package and from elsewhere. */
interface Module { name: string, source: ts.SourceFile, own: string[], foreign: string[] }

/** Returns the specifier that a node imports, types included, or undefined. */
function importedBy (node: ts.Node): string | undefined {
  const textOf = (literal: ts.Node | undefined): string | undefined =>
    literal !== undefined && ts.isStringLiteral(literal) ? literal.text : undefined
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
    return textOf(node.moduleSpecifier)
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    return textOf(node.argument.literal)
  }
  const isDynamic = ts.isCallExpression(node) &&
    node.expression.kind === ts.SyntaxKind.ImportKeyword
  return isDynamic ? textOf(node.arguments[0]) : undefined
}

function readModule (file: string): Module {
  const name = relative(root, file)
  const source = ts.createSourceFile(
    name, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true)
  const imported: string[] = []
  const visit = (node: ts.Node): void => {
    const specifier = importedBy(node)
    if (specifier !== undefined) imported.push(specifier)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return {
    name,
    source,
    own: imported.filter(path => path.startsWith('.')).map(path => join(dirname(name), path)),
    foreign: imported.filter(path => !path.startsWith('.'))
  }
}

const modules = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.ts')).sort().map(name => readModule(join(root, name)))
const names = modules.map(({ name }) => name)
const importersOf = (name: string): string[] =>
  modules.filter(({ own }) => own.includes(name)).map(({ name }) => name)
/** `@scope/name/path` and `name/path` without their paths. */
const packageOf = (path: string): string => /^(@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? path
const moduleNamed = (name: string): Module =>
  modules.find(module => module.name === name) as Module

/** Files of the top level that any room may import: they import no room. */
const LEAVES = ['errors', 'events', 'ids', 'option-checks', 'store-failures', 'timeout', 'user']
  .map(name => `${name}.ts`)

/** The rooms, and the rooms and files besides the leaves that each may import. */
const MAY_IMPORT: Record<string, string[]> = {
  stores: [],
  keys: [],
  tokens: ['keys'],
  sessions: ['stores', 'http'],
  limits: ['stores', 'http'],
  cookie: ['tokens'],
  http: [],
  service: ['registration.ts', 'sessions', 'tokens', 'keys', 'stores', 'http'],
  guard: ['registration.ts', 'tokens'],
  routes: ['registration.ts', 'service', 'guard', 'http', 'keys', 'stores'],
  oauth: [
    'registration.ts', 'resolve-options.ts', 'service', 'guard', 'http', 'keys', 'limits',
    'sessions', 'tokens', 'routes'
  ],
  'store-contract': ['stores'],
  client: [],
  cli: ['keys', 'oauth']
}

const roomOf = (name: string): string => name.includes('/') ? name.split('/')[0] as string : name

/** Returns the first import path from a module back to itself, types included, or undefined. */
function cycleFrom (start: string): string[] | undefined {
  const seen = new Set<string>()
  const walk = (path: string[]): string[] | undefined => {
    for (const next of moduleNamed(path.at(-1) as string).own) {
      if (next === start) return [...path, next]
      if (seen.has(next)) continue
      seen.add(next)
      const cycle = walk([...path, next])
      if (cycle !== undefined) return cycle
    }
    return undefined
  }
  return walk([start])
}

t.test('every import of the package names one of its files', async t => {
  t.ok(modules.length > 20)
  for (const { name, own } of modules) {
    t.same(own.filter(path => !names.includes(path)), [], name)
  }
})

t.test('no file imports the entry', async t => {
  t.same(importersOf('index.ts'), [])
})

t.test('no file imports itself through others, types included', async t => {
  for (const name of names) t.equal(cycleFrom(name)?.join(' -> '), undefined, name)
})

t.test('a room imports only the rooms below it, and leaves', async t => {
  const rooms = new Set(names.filter(name => name.includes('/')).map(roomOf))
  t.same([...rooms].sort(), Object.keys(MAY_IMPORT).sort())
  for (const { name, own } of modules.filter(({ name }) => rooms.has(roomOf(name)))) {
    const allowed = [roomOf(name), ...LEAVES, ...MAY_IMPORT[roomOf(name)] as string[]]
    t.same(own.filter(path => !allowed.includes(roomOf(path))), [], name)
  }
})

t.test('a leaf imports no room, except for types of the store contract', async t => {
  for (const leaf of LEAVES) {
    const { own } = moduleNamed(leaf)
    t.same(own.filter(path => path !== 'stores/store.ts' && !LEAVES.includes(path)), [], leaf)
  }
})

t.test('the top level has at most twelve files', async t => {
  t.ok(names.filter(name => !name.includes('/')).length <= 12)
})

t.test('a store imports its parts and the contract, and no other store', async t => {
  const stores = ['memory', 'sqlite', 'redis', 'postgres'].map(name => `stores/${name}.ts`)
  for (const { name, own, foreign } of modules.filter(({ name }) => name.startsWith('stores/'))) {
    t.same(own.filter(path => !path.startsWith('stores/') || stores.includes(path)), [], name)
    t.same(foreign.filter(path => !path.startsWith('node:')), [], name)
  }
  t.same(moduleNamed('stores/rotation.ts').own, ['stores/session.ts'])
  t.same(moduleNamed('stores/session.ts').own, [])
})

t.test('the client imports nothing but its own files, and nothing else imports it', async t => {
  const isClient = (name: string): boolean => name.startsWith('client/')
  for (const { name, own, foreign } of modules) {
    if (isClient(name)) t.same([...foreign, ...own.filter(path => !isClient(path))], [], name)
    else t.same(own.filter(isClient), [], name)
  }
})

t.test('a route is imported by its siblings only', async t => {
  const inside = names.filter(name => name.startsWith('routes/'))
  const entries = ['routes/token-routes.ts', 'routes/jwks.ts']
  /** Parts of routes, for the routes of both plugins. */
  const parts = ['routes/own-scope.ts', 'routes/schema-parts.ts']
  for (const name of inside.filter(name => !entries.includes(name))) {
    const siblings = parts.includes(name) ? /^(oauth\/)?routes\// : /^routes\//
    t.same(importersOf(name).filter(importer => !siblings.test(importer)), [], name)
  }
})

t.test('only the command line imports the authorization server', async t => {
  for (const { name, own } of modules) {
    const isAllowed = name.startsWith('oauth/') || name.startsWith('cli/')
    if (!isAllowed) t.same(own.filter(path => path.startsWith('oauth/')), [], name)
  }
})

t.test('tokens, stores and the session lifecycle do not know HTTP', async t => {
  const inner = /^(tokens|stores)\/|^sessions\/(lifecycle|revocation|bounded-store)\.ts$/
  for (const { name, foreign } of modules.filter(({ name }) => inner.test(name))) {
    t.notOk(foreign.some(path => /fastify/.test(path) || path === 'node:http'), name)
  }
})

t.test('every imported package is a dependency, and none is a driver', async t => {
  const { dependencies, peerDependencies } =
    JSON.parse(readFileSync(join(root, '..', 'package.json'), 'utf8'))
  const allowed = new Set([...Object.keys(dependencies), 'fastify'])
  t.same(Object.keys(peerDependencies).filter(name => allowed.has(name)), ['fastify'])
  for (const { name, foreign } of modules) {
    const packages = foreign.filter(path => !path.startsWith('node:')).map(packageOf)
    t.same(packages.filter(name => !allowed.has(name)), [], name)
  }
  for (const driver of ['ioredis', 'redis', 'pg', 'better-sqlite3', 'node:sqlite']) {
    t.same(modules.filter(({ foreign }) => foreign.map(packageOf).includes(driver)), [], driver)
  }
})

t.test('a file has one idea: at most 200 lines, and a name that says which', async t => {
  for (const { name, source } of modules) {
    t.ok(source.text.trimEnd().split('\n').length <= 200, `${name} has at most 200 lines`)
    for (const part of name.split('/')) {
      t.notMatch(basename(part, '.ts'), /^(utils?|helpers?|lib|common|types?|misc|shared)$/)
    }
  }
})

t.test('no type is any', async t => {
  for (const { name, source } of modules) {
    const lines: number[] = []
    const visit = (node: ts.Node): void => {
      if (node.kind === ts.SyntaxKind.AnyKeyword) {
        lines.push(source.getLineAndCharacterOfPosition(node.getStart()).line + 1)
      }
      ts.forEachChild(node, visit)
    }
    visit(source)
    t.same(lines, [], name)
  }
})
