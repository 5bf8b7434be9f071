import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { svg } from './chart.ts'
import { table } from './harness.ts'
import type { Figure, Report } from './report.ts'

/** How a run was made. */
export interface RunFacts {
  /** The command line, the duration and the Node.js versions. */
  command: string
  minutes: number
  /** The version of the Node.js that ran the benchmarks. */
  node: string
  /** A sentence. */
  quiet: string
  /** A table and a list. */
  machine: string
}

/** The bounds and the measured values, with a pair of columns for each version of Node.js. */
export function figuresTable (figures: Figure[], node: string): string {
  const columnOf = (figure: Figure): string => figure.node ?? node
  const versions = [...new Set([node, ...figures.map(columnOf)])]
  const rows = [...new Set(figures.map(({ what }) => what))].map(what => {
    const same = figures.filter(figure => figure.what === what)
    const cells = versions.flatMap(version => {
      const figure = same.find(figure => columnOf(figure) === version)
      return figure === undefined ? ['', ''] : [measuredCell(figure), figure.same?.said ?? '']
    })
    return [what, same[0]?.bound ?? '', ...cells]
  })
  return table(['figure', 'bound', ...versions.flatMap(version => [version, 'A/A'])], rows)
}

const measuredCell = ({ measured, isReached }: Figure): string =>
  isReached ? measured : `**${measured}, missed**`

/** The bounds, and whether the machine was quiet enough to believe them. */
export const boundsSection = (figures: Figure[], { command, minutes, node, quiet }: RunFacts) =>
  `## Bounds

${figuresTable(figures, node)}
A/A is the same figure of two equal sides in the same rounds: the error of the measurement.

\`${command}\` took ${minutes} minutes. ${quiet}
`

/** Writes the page of a whole run, `README.md`, and its charts into a folder. */
export function writePage (folder: string, facts: RunFacts, reports: Map<string, Report>): void {
  const figures = [...reports.values()].flatMap(report => report.figures ?? [])
  const charts = [...reports.values()].flatMap(report => report.charts ?? [])
  for (const chart of charts) writeFileSync(join(folder, chart.file), svg(chart))
  writeFileSync(join(folder, 'README.md'), `# Benchmarks

\`npm run bench\` measures all of this and writes this page. Compare the rows of one table. Numbers
of two machines do not compare.

${boundsSection(figures, facts)}
## Method

- The sides of a comparison alternate, A B C C B A, in many short rounds after a warm-up. Cells are
  the median with the 10th and 90th percentile of the rounds. Ratios are those of each round.
- Each server has its own process. CPU is \`process.cpuUsage()\` of that process.
- The load polls while requests are under way, where CPU is compared. To wake a load that sleeps
  costs the server 12 to 28 us a request.
- \`npm run bench -- bounds\` measures only what has a bound. \`npm run bench -- protected\` measures
  one operation. \`--node PATH\` measures under another Node.js too. \`--quick\` shows that all of it
  works. \`--check\` exits with 1 if a bound is missed.

${facts.machine}
${[...reports].map(([name, report]) => section(name, report)).join('\n')}`)
}

const section = (name: string, { text, charts = [] }: Report): string =>
  `## ${name}\n\n${charts.map(({ file, title }) => `![${title}](${file})\n\n`).join('')}${text}`
