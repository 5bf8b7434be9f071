import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type RunFacts, boundsSection, figuresTable, writePage } from '../../benchmarks/page.ts'
import { type Report, atLeast, atMost } from '../../benchmarks/report.ts'

const one: Report = {
  text: 'What one says.\n',
  charts: [
    {
      file: 'one.svg',
      title: 'One',
      unit: 'ones/s',
      bars: [{ name: 'ours', median: 1, low: 1, high: 1 }]
    }
  ],
  figures: [
    atMost('ones', 10, 9, String, { same: { said: '0.1', apart: 0.01 } }),
    atMost('ones', 10, 8, String, { node: 'v24.0.0' }),
    atLeast('zeros', 5, 4, String)
  ]
}

const facts: RunFacts = {
  command: 'npm run bench',
  minutes: 27,
  node: 'v20.0.0',
  quiet: 'The machine was quiet.',
  machine: '| machine |\n'
}

t.test('page: has the bounds first, then the machine and each report with its charts', async t => {
  const folder = t.testdir()
  writePage(folder, facts, new Map([['one', one], ['two', { text: 'What two says.\n' }]]))
  t.same(readdirSync(folder).sort(), ['README.md', 'one.svg'])
  t.match(readFileSync(join(folder, 'one.svg'), 'utf8'), /^<svg /)
  const page = readFileSync(join(folder, 'README.md'), 'utf8')
  const parts = [
    '# Benchmarks\n', '## Bounds\n', '| ones ', '| zeros ',
    '`npm run bench` took 27 minutes. The machine was quiet.\n', '| machine |\n', '## one\n',
    '![One](one.svg)\n', 'What one says.\n', '## two\n', 'What two says.\n'
  ]
  t.same(
    parts.map(part => page.indexOf(part)),
    parts.map(part => page.indexOf(part)).sort((a, b) => a - b),
    'in this order'
  )
  for (const part of parts) t.ok(page.includes(part), part)
})

t.test('figuresTable: has columns for each Node.js, and says which bounds are missed', async t => {
  const [head, , reached, missed] = figuresTable(one.figures ?? [], 'v20.0.0').split('\n')
  const cells = (line = ''): string[] => line.split('|').slice(1, -1).map(cell => cell.trim())
  t.same(cells(head), ['figure', 'bound', 'v20.0.0', 'A/A', 'v24.0.0', 'A/A'])
  t.same(cells(reached), ['ones', 'at most 10', '9', '0.1', '8', ''])
  t.same(cells(missed), ['zeros', 'at least 5', '**4, missed**', '', '', ''])
})

t.test('boundsSection: has one column of values with one Node.js', async t => {
  const [head] = boundsSection([atLeast('it', 5, 6, String)], facts).split('\n').slice(2)
  t.match(head, /^\| figure \| bound +\| v20.0.0 \| A\/A \|$/)
})
