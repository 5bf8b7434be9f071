import { execFile } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { linkedPages, pages } from '../fixtures/docs.ts'
import { anchors, localLinks } from '../fixtures/markdown.ts'

const run = promisify(execFile)

/** A link of a page: the file it leads to, and the anchor in it or ''. */
interface Link { from: string, file: string, anchor: string }

function linksOf ({ file, text }: { file: string, text: string }): Link[] {
  return localLinks(text).map(target => {
    const [path = '', anchor = ''] = target.split('#')
    return { from: file, file: path === '' ? file : normalize(join(dirname(file), path)), anchor }
  })
}

/** Tells what is wrong with a link, or returns undefined. */
function faultOf ({ from, file, anchor }: Link): string | undefined {
  if (!existsSync(file)) return `${from}: ${file} does not exist`
  if (anchor === '') return undefined
  if (anchors(readFileSync(file, 'utf8')).has(anchor)) return undefined
  return `${from}: ${file} has no heading #${anchor}`
}

const faults = (links: Link[]): string[] =>
  links.map(faultOf).filter(fault => fault !== undefined)

t.test('anchors are those of GitHub', async t => {
  const text = [
    '# `app.tokens`', '## From @fastify/jwt', '## A, b & c: "d"', '## a_b-c',
    '## Again', '## Again', '```sh', '# a comment', '```'
  ].join('\n')
  t.strictSame([...anchors(text)],
    ['apptokens', 'from-fastifyjwt', 'a-b--c-d', 'a_b-c', 'again', 'again-1'])
})

t.test('every link leads to a file and a heading', async t => {
  const links = linkedPages.flatMap(linksOf)
  t.ok(links.length > 100, `${links.length} links`)
  t.ok(links.some(({ anchor }) => anchor !== ''))
  t.strictSame(faults(links), [])
})

t.test('a broken link is found', async t => {
  const text = '[a](none.md) [b](keys.md#none) [c](#none) [d](keys.md#algorithms)'
  t.equal(faults(linksOf({ file: 'docs/options.md', text })).length, 3)
})

t.test('every page is linked from the index of the docs', async t => {
  const index = linkedPages.find(({ file }) => file === 'docs/README.md')
  const linked = linksOf(index as { file: string, text: string }).map(({ file }) => file)
  const own = ({ file }: { file: string }): boolean => /^docs\/[^/]+\.md$/.test(file)
  for (const { file } of pages.filter(own).slice(1)) t.ok(linked.includes(file), file)
})

t.test('the pages travel in the package, with the files that they link to', async t => {
  const { stdout } = await run('npm', ['pack', '--dry-run', '--ignore-scripts', '--json'])
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }]
  const packed = files.map(({ path }) => path)
  for (const { file } of pages) t.ok(packed.includes(file), file)
  // Sources, tests and CI stay in the repository.
  const staysBehind = /^(plugin|test|\.ci|\.github|example\/screenshots)\//
  const links = pages.flatMap(linksOf).filter(({ file }) => !staysBehind.test(file))
  const missing = links.filter(({ file }) => statSync(file).isFile() && !packed.includes(file))
  t.strictSame(missing, [])
  t.notOk(packed.some(path => path.includes('node_modules')))
})
