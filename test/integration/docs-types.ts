import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Block, blocks, pages } from '../fixtures/docs.ts'
import { WORLD } from '../fixtures/docs-world.ts'
import { typeFaults } from '../fixtures/type-check.ts'

const typed = blocks.filter(({ language }) => ['ts', 'tsx', 'js'].includes(language))

/** Names a block by the comment in its first line, or by its number. */
const nameOf = ({ code, language }: Block, index: number): string =>
  /^\/\/ (\w+\.tsx?)\n/.exec(code)?.[1] ?? `block-${index}.${language}`

/** Modules that blocks import: custom-store.md and client.md. */
const MODULES = {
  'open-my-store.ts': "export { memoryStore as default } from 'fastify-simplejwt'\n",
  'paths.ts': 'export interface paths { \'/orders/\': object }\n'
}

/** Writes the blocks as modules, in one folder per page, and returns what the compiler reports. */
function faultsOf (t: Test, some: Block[]): string[] {
  const folders: Record<string, Record<string, string>> = {}
  const names = ['world.d.ts']
  for (const [index, block] of some.entries()) {
    const folder = block.file.replace(/\W/g, '-')
    const name = nameOf(block, index)
    const modules = folders[folder] ??= { ...MODULES }
    modules[name] = `${block.code}\nexport {}\n`
    names.push(join(folder, name))
  }
  const root = t.testdir({ 'world.d.ts': WORLD, ...folders })
  return typeFaults(names.map(name => join(root, name)))
    .map(fault => fault.replace(`${root}/`, ''))
}

// A declared type of `request.user` holds for the whole program, so these blocks have their own.
const augmenting = typed.filter(({ code }) => code.includes('declare module'))
const others = typed.filter(block => !augmenting.includes(block))

t.test('every block of TypeScript and JavaScript type-checks', async t => {
  t.ok(augmenting.length > 1 && others.length > 15)
  t.same(faultsOf(t, others), [])
  t.same(faultsOf(t, augmenting), [])
})

t.test('a block with a mistake does not', async t => {
  const mistakes = [
    ['verifyCredentials', 'verifyCredential'],
    ['app.authenticate', 'app.authentication'],
    ['usernameField', 'userNameField'],
    ['client.sessions()', 'client.session()']
  ] as const
  const wrongBlocks = mistakes.map(([right, wrong]) => {
    const block = others.find(({ code }) => code.includes(right)) as Block
    return { ...block, code: block.code.replaceAll(right, wrong) }
  })
  const faults = faultsOf(t, wrongBlocks)
  for (const [index, [, wrong]] of mistakes.entries()) {
    t.ok(faults.some(fault => fault.includes(`/block-${index}.ts`)), wrong)
  }
})

t.test('every block has a language that a test looks at', async t => {
  const languages = new Set(blocks.map(({ language }) => language))
  t.same(languages, new Set(['ts', 'tsx', 'js', 'sh', 'sql', 'text', 'mermaid']))
})

t.test('every fence belongs to a block', async t => {
  for (const { file, text } of pages) {
    const marks = text.split('\n').filter(line => /^\s*(```|~~~)/.test(line)).length
    t.equal(marks, 2 * blocks.filter(block => block.file === file).length, file)
  }
})

t.test('every diagram is of a known kind', async t => {
  for (const { file, code } of blocks.filter(({ language }) => language === 'mermaid')) {
    t.match(code, /^(flowchart TD|sequenceDiagram|stateDiagram-v2)\n/, file)
  }
})
