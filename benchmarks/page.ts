import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { svg } from './chart.ts'
import { table } from './harness.ts'
import type { Figure, Report } from './report.ts'

/** The bounds that this project goes by, and what was measured. */
export const figuresTable = (figures: Figure[]): string =>
  table(
    ['what', 'bound', 'measured', ''],
    figures.map(({ what, bound, measured, isReached }) => [
      what, bound, measured, isReached ? 'reached' : '**missed**'
    ])
  )

/** Writes the page of a whole run, `README.md`, and its charts into a folder. */
export function writePage (folder: string, machine: string, reports: Map<string, Report>): void {
  const figures = [...reports.values()].flatMap(report => report.figures ?? [])
  const charts = [...reports.values()].flatMap(report => report.charts ?? [])
  for (const chart of charts) writeFileSync(join(folder, chart.file), svg(chart))
  writeFileSync(join(folder, 'README.md'), `# Benchmarks

Written by \`npm run bench\`, which measures all of this anew on the machine that it runs on: compare rows of one table, not numbers of two machines.
\`npm run bench -- protected\` measures one operation, \`--quick\` shows that it runs, \`--check\` exits with 1 if a bound is missed.

${machine}
## The bounds

${figuresTable(figures)}
${[...reports].map(([name, { text, charts = [] }]) => `## ${name}\n\n${charts.map(({ file, title }) => `![${title}](${file})\n\n`).join('')}${text}`).join('\n')}`)
}
