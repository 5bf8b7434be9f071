/** A bar: median, 10th and 90th percentile of the rounds. `isOurs` makes it stand out. */
export interface Bar { name: string, median: number, low: number, high: number, isOurs?: boolean }

/** Horizontal bars of one unit. `file` is the name of the SVG beside the page. */
export interface Chart { file: string, title: string, unit: string, bars: Bar[] }

const [WIDTH, LABELS, NUMBERS, ROW, TOP] = [860, 290, 110, 26, 48]

/** The colours of light and of dark pages. */
const STYLE = `<style>
  text { font: 13px system-ui, sans-serif; fill: #1f2328 } .title { font-weight: 600; font-size: 15px } .unit { fill: #59636e }
  .bar { fill: #8c959f } .ours { fill: #0969da } .spread { stroke: #1f2328; stroke-width: 1.5 }
  @media (prefers-color-scheme: dark) { text { fill: #f0f6fc } .unit { fill: #9198a1 } .bar { fill: #656c76 } .ours { fill: #4493f8 } .spread { stroke: #f0f6fc } }
</style>`

/** The chart as SVG. The thin line on a bar goes from the 10th to the 90th percentile. */
export function svg ({ title, unit, bars }: Chart): string {
  const longest = Math.max(...bars.map(({ high }) => high)) || 1
  const x = (value: number): string =>
    (LABELS + (value / longest) * (WIDTH - LABELS - NUMBERS)).toFixed(1)
  const height = TOP + bars.length * ROW + 8
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escaped(title)}">
${STYLE}
<text class="title" x="8" y="20">${escaped(title)}</text>
<text class="unit" x="8" y="38">${escaped(unit)}</text>
${bars.map((bar, index) => row(bar, TOP + index * ROW, x)).join('\n')}
</svg>
`
}

function row (
  { name, median, low, high, isOurs = false }: Bar, top: number, x: (value: number) => string
): string {
  const middle = top + ROW / 2
  return `<text x="${LABELS - 8}" y="${middle + 4}" text-anchor="end">${escaped(name)}</text>
<rect class="${isOurs ? 'ours' : 'bar'}" x="${LABELS}" y="${top + 4}" width="${(Number(x(median)) - LABELS).toFixed(1)}" height="${ROW - 8}" rx="2"/>
<line class="spread" x1="${x(low)}" x2="${x(high)}" y1="${middle}" y2="${middle}"/>
<text x="${Number(x(Math.max(median, high))) + 6}" y="${middle + 4}">${median.toLocaleString('en-US', { maximumSignificantDigits: 3 })}</text>`
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
