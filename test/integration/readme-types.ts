import { join } from 'node:path'
import t, { type Test } from 'tap'
import { WORLD, type Block, blocks } from '../fixtures/readme.ts'
import { typeFaults } from '../fixtures/type-check.ts'

const typed = blocks.filter(({ language }) => ['ts', 'tsx', 'js'].includes(language))

/** The name that a block gives itself in its first line, or one of ours. */
const nameOf = ({ code, language }: Block, index: number): string => /^\/\/ (\w+\.tsx?)\n/.exec(code)?.[1] ?? `block-${index}.${language}`

/** Writes blocks as modules into a folder and checks them together. */
function faultsOf (t: Test, some: Block[]): string[] {
  const files = Object.fromEntries(some.map((block, index) => [nameOf(block, index), `${block.code}\nexport {}\n`]))
  const folder = t.testdir({ ...files, 'world.d.ts': WORLD, 'open-my-store.ts': "export { memoryStore as default } from 'fastify-simplejwt'\n" })
  return typeFaults([...Object.keys(files), 'world.d.ts'].map(name => join(folder, name))).map(fault => fault.replace(`${folder}/`, ''))
}

// What one of these says of `request.user` would hold for the others too.
const augmenting = typed.filter(({ code }) => code.includes('declare module'))
const others = typed.filter(block => !augmenting.includes(block))

t.test('every block of TypeScript and JavaScript in the README type-checks', async t => {
  t.ok(augmenting.length > 1 && others.length > 15)
  t.same(faultsOf(t, others), [])
  t.same(faultsOf(t, augmenting), [])
})

t.test('and would not with a mistake in it', async t => {
  const mistakes = [['verifyCredentials', 'verifyCredential'], ['app.authenticate', 'app.authentication'], ['usernameField', 'userNameField']] as const
  const faults = faultsOf(t, mistakes.map(([right, wrong]) => {
    const { code, ...block } = others.find(({ code }) => code.includes(right)) as Block
    return { ...block, code: code.replaceAll(right, wrong) }
  }))
  for (const [index, [, wrong]] of mistakes.entries()) t.ok(faults.some(fault => fault.startsWith(`block-${index}.ts`)), wrong)
})

t.test('there is no block that no test looks at', async t => {
  t.same(new Set(blocks.map(({ language }) => language)), new Set(['ts', 'tsx', 'js', 'sh', 'sql', 'text']))
})
