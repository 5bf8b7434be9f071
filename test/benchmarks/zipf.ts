import t from 'tap'
import { createZipf } from '../../benchmarks/zipf.ts'

const DRAWS = 200_000

t.test('the second comes half as often as the first, the tenth a tenth', async t => {
  const draw = createZipf(1000)
  const counts: number[] = new Array(1000).fill(0)
  for (let count = 0; count < DRAWS; count++) (counts[draw()] as number)++
  const harmonic = counts.reduce((sum, _, index) => sum + 1 / (index + 1), 0)
  for (const index of [0, 1, 9, 99]) {
    const expected = DRAWS / harmonic / (index + 1)
    t.ok(
      Math.abs((counts[index] as number) - expected) < 6 * Math.sqrt(expected),
      `${index}: ${counts[index]} of ${Math.round(expected)}`
    )
  }
  t.equal(counts.length, 1000, 'and nobody else')
  t.equal(counts.reduce((sum, count) => sum + count), DRAWS)
})

t.test('of one there is but one', async t => {
  const draw = createZipf(1)
  for (let count = 0; count < 100; count++) t.equal(draw(), 0)
})
