import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { figuresTable, writePage } from '../../benchmarks/page.ts'
import { type Report, atLeast, atMost } from '../../benchmarks/report.ts'

const one: Report = {
  text: 'What one says.\n',
  charts: [
    {
      file: 'one.svg',
      title: 'One',
      unit: 'ones/s',
      bars: [{ name: 'ours', median: 1, least: 1, most: 1 }]
    }
  ],
  figures: [atMost('ones', 10, 9, String), atLeast('zeros', 5, 4, String)]
}

t.test('the page has the machine, all bounds, and each report with its charts', async t => {
  const folder = t.testdir()
  writePage(folder, '| machine |\n', new Map([['one', one], ['two', { text: 'What two says.\n' }]]))
  t.same(readdirSync(folder).sort(), ['README.md', 'one.svg'])
  t.match(readFileSync(join(folder, 'one.svg'), 'utf8'), /^<svg /)
  const page = readFileSync(join(folder, 'README.md'), 'utf8')
  const parts = [
    '# Benchmarks\n', '| machine |\n', '## The bounds\n', '| ones  | at most 10',
    '| zeros | at least 5', '## one\n', '![One](one.svg)\n', 'What one says.\n', '## two\n',
    'What two says.\n'
  ]
  t.same(
    parts.map(part => page.indexOf(part)),
    parts.map(part => page.indexOf(part)).sort((a, b) => a - b),
    'in this order'
  )
  for (const part of parts) t.ok(page.includes(part), part)
})

t.test('the bounds are a table that says which are missed', async t => {
  const [, , reached, missed] = figuresTable(one.figures ?? []).split('\n')
  t.match(reached, /^\| ones .* 9 .* reached .*\|$/)
  t.match(missed, /^\| zeros .* 4 .* \*\*missed\*\* \|$/)
})
