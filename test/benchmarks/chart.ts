import t from 'tap'
import { type Bar, svg } from '../../benchmarks/chart.ts'

const draw = (...bars: Bar[]): string =>
  svg({ file: 'some.svg', title: 'Some', unit: 'some/s', bars })
const numbers = (picture: string, pattern: RegExp): number[] =>
  [...picture.matchAll(pattern)].map(([, number]) => Number(number))
const widths = (picture: string): number[] => numbers(picture, /<rect [^>]*width="([\d.]+)"/g)

t.test('a bar is as long as its median, beside the others', async t => {
  const [whole, half, tenth, none] = widths(
    draw(
      { name: 'a', median: 1000, low: 900, high: 1000 },
      { name: 'b', median: 500, low: 500, high: 500 },
      { name: 'c', median: 100, low: 0, high: 100 },
      { name: 'd', median: 0, low: 0, high: 0 }
    )
  ) as [number, number, number, number]
  t.ok(Math.abs(whole - 2 * half) < 0.2, `${whole} and ${half}`)
  t.ok(Math.abs(whole - 10 * tenth) < 1, `${whole} and ${tenth}`)
  t.equal(none, 0)
})

t.test('the spread line runs from low to high and stays inside the picture', async t => {
  const picture = draw(
    { name: 'a', median: 10, low: 5, high: 40 }, { name: 'b', median: 20, low: 20, high: 20 }
  )
  const first = (pattern: RegExp): number => numbers(picture, pattern)[0] as number
  const [width, start, from, to] = [
    first(/^<svg [^>]*width="(\d+)"/g),
    first(/<rect [^>]* x="([\d.]+)"/g),
    first(/x1="([\d.]+)"/g),
    first(/x2="([\d.]+)"/g)
  ] as const
  t.ok(Math.abs((to - start) / (from - start) - 8) < 0.1, `from ${from - start} to ${to - start}`)
  for (const x of numbers(picture, /x[12]?="([\d.]+)"/g)) t.ok(x < width, `${x} of ${width}`)
})

t.test('names are escaped', async t => {
  const picture = svg({
    file: 'some.svg',
    title: '<script>&"',
    unit: 'a<b',
    bars: [{ name: '"><rect/> & co', median: 1, low: 1, high: 1 }]
  })
  t.equal(widths(picture).length, 1)
  for (const text of ['&lt;script>&amp;&quot;', 'a&lt;b', '&quot;>&lt;rect/> &amp; co']) {
    t.ok(picture.includes(`>${text}</text>`), text)
  }
  t.ok(picture.includes('aria-label="&lt;script>&amp;&quot;"'))
})

t.test('ours stands out, on light pages and on dark ones', async t => {
  const picture = draw(
    { name: 'ours', median: 1, low: 1, high: 1, isOurs: true },
    { name: 'theirs', median: 1, low: 1, high: 1 }
  )
  t.match(picture, /<rect class="ours"[^]*<rect class="bar"/)
  const [light, dark] = (/<style>([^]*)<\/style>/.exec(picture)?.[1] as string).split(
    '@media (prefers-color-scheme: dark)'
  ) as [string, string]
  for (const part of ['text', '.unit', '.bar', '.ours', '.spread']) {
    const colour = (style: string): string | undefined =>
      style
        .split('}')
        .find(rule => rule.includes(`${part} {`))
        ?.match(/#[0-9a-f]{6}/)?.[0]
    t.match(colour(light), /^#/, part)
    t.match(colour(dark), /^#/, part)
    t.not(colour(light), colour(dark), part)
  }
})
