import { readFileSync, readdirSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import t from 'tap'
import ts from 'typescript'

const root = join(import.meta.dirname, '..', 'plugin')

/** One file of the package: what it imports of the package and from elsewhere, types included. */
interface Module { name: string, source: ts.SourceFile, own: string[], foreign: string[] }

function readModule (file: string): Module {
  const name = relative(root, file)
  const source = ts.createSourceFile(name, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true)
  const imported: string[] = []
  const visit = (node: ts.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier) imported.push((node.moduleSpecifier as ts.StringLiteral).text)
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) imported.push((node.argument.literal as ts.StringLiteral).text)
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword && ts.isStringLiteral(node.arguments[0] as ts.Node)) imported.push((node.arguments[0] as ts.StringLiteral).text)
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
const importersOf = (name: string): string[] => modules.filter(({ own }) => own.includes(name)).map(({ name }) => name)
/** `@scope/name/path` and `name/path` without their paths. */
const packageOf = (path: string): string => /^(@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? path
const moduleNamed = (name: string): Module => modules.find(module => module.name === name) as Module

/** The first way from a module back to itself, types included, or undefined. */
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
  for (const { name, own } of modules) t.same(own.filter(path => !names.includes(path)), [], name)
})

t.test('nothing inside imports the entry', async t => {
  t.same(importersOf('index.ts'), [])
})

t.test('no file imports itself by any way round, types included', async t => {
  for (const name of names) t.equal(cycleFrom(name)?.join(' -> '), undefined, name)
})

t.test('tokens and sessions are siblings that never meet', async t => {
  const reachable = (start: string, found = new Set<string>()): Set<string> => {
    for (const next of moduleNamed(start).own) if (!found.has(next)) reachable(next, found.add(next))
    return found
  }
  t.notOk(reachable('tokens/jwt.ts').has('sessions/lifecycle.ts'))
  t.notOk(reachable('sessions/lifecycle.ts').has('tokens/jwt.ts'))
  t.notOk(reachable('sessions/lifecycle.ts').has('keys/key-options.ts'), 'sessions know no key')
  t.same([...reachable('tokens/jwt.ts')].filter(name => name.startsWith('stores/')), [], 'tokens know no store')
})

t.test('a store imports nothing but its parts and the contract, and no other store', async t => {
  const stores = ['memory', 'sqlite', 'redis', 'postgres'].map(name => `stores/${name}.ts`)
  for (const { name, own, foreign } of modules.filter(({ name }) => name.startsWith('stores/'))) {
    t.same(own.filter(path => !path.startsWith('stores/') || stores.includes(path)), [], name)
    t.same(foreign.filter(path => !path.startsWith('node:')), [], name)
  }
  t.same(moduleNamed('stores/store.ts').own, ['stores/session.ts'], 'the contract stands alone')
  t.same(moduleNamed('stores/session.ts').own, [])
})

t.test('a route is imported by its siblings, by the token service, and by nobody else', async t => {
  for (const name of names.filter(name => name.startsWith('routes/') && name !== 'routes/token-routes.ts' && name !== 'routes/published-keys.ts')) {
    t.same(importersOf(name).filter(importer => !importer.startsWith('routes/') && importer !== 'service/token-service.ts'), [], name)
  }
  t.same(importersOf('routes/token-routes.ts'), ['index.ts'])
  t.same(importersOf('service/token-service.ts'), ['index.ts'])
})

t.test('tokens, sessions and stores know nothing of HTTP', async t => {
  for (const { name, foreign } of modules.filter(({ name }) => /^(tokens|stores)\/|sessions\/lifecycle\.ts$/.test(name))) {
    t.notOk(foreign.some(path => /fastify/.test(path) || path === 'node:http'), name)
  }
})

t.test('every package that is imported is a dependency, and none is a driver', async t => {
  const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(root, '..', 'package.json'), 'utf8'))
  const allowed = new Set([...Object.keys(dependencies), 'fastify'])
  t.same(Object.keys(peerDependencies).filter(name => allowed.has(name)), ['fastify'])
  for (const { name, foreign } of modules) t.same(foreign.filter(path => !path.startsWith('node:') && !allowed.has(packageOf(path))), [], name)
  for (const driver of ['ioredis', 'redis', 'pg', 'better-sqlite3', 'node:sqlite']) {
    t.same(modules.filter(({ foreign }) => foreign.map(packageOf).includes(driver)), [], driver)
  }
})

t.test('a file has one idea: at most 150 lines, and a name that says which', async t => {
  for (const { name, source } of modules) {
    t.ok(source.text.trimEnd().split('\n').length <= 150, `${name} has at most 150 lines`)
    for (const part of name.split('/')) t.notMatch(basename(part, '.ts'), /^(utils?|helpers?|lib|common|types?|misc|shared)$/)
  }
})

t.test('nothing is of the type any', async t => {
  for (const { name, source } of modules) {
    const lines: number[] = []
    const visit = (node: ts.Node): void => {
      if (node.kind === ts.SyntaxKind.AnyKeyword) lines.push(source.getLineAndCharacterOfPosition(node.getStart()).line + 1)
      ts.forEachChild(node, visit)
    }
    visit(source)
    t.same(lines, [], name)
  }
})
