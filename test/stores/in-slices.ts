import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import { SLICE, inSlices } from '../../plugin/stores/in-slices.ts'

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

t.test('a slice runs in the turn of the call, and is enough for few items', async t => {
  const seen: number[] = []
  t.equal(inSlices(numbers(SLICE - 1), item => { seen.push(item) }), undefined)
  t.same(seen, numbers(SLICE - 1))
  t.equal(inSlices([], () => { t.fail('there is no item') }), undefined)
})

t.test('each turn of the event loop runs one slice', async t => {
  const seen: number[] = []
  const done = inSlices(numbers(3 * SLICE + 1), item => { seen.push(item) })
  const lengths = [seen.length]
  for (let turn = 0; turn < 4; turn++) {
    await nextTurn()
    lengths.push(seen.length)
  }
  t.same(lengths, [SLICE, 2 * SLICE, 3 * SLICE, 3 * SLICE + 1, 3 * SLICE + 1])
  await done
  t.same(seen, numbers(3 * SLICE + 1))
})

t.test('visits what is added meanwhile', async t => {
  const items = new Set(numbers(SLICE))
  let visits = 0
  const done = inSlices(items, () => { visits++ })
  items.add(SLICE)
  await done
  t.equal(visits, SLICE + 1)
})

t.test('stops before the next slice', async t => {
  let visits = 0
  let isStopped = false
  const done = inSlices(numbers(5 * SLICE), () => { visits++ }, () => isStopped)
  await nextTurn()
  isStopped = true
  await done
  t.equal(visits, 2 * SLICE)
})

t.test('a throw ends the work', async t => {
  const failAt = (wanted: number) => (item: number): void => {
    if (item === wanted) throw new Error('a fault')
  }
  t.throws(() => inSlices(numbers(2 * SLICE), failAt(0)), { message: 'a fault' })
  await t.rejects(async () => inSlices(numbers(2 * SLICE), failAt(SLICE)), { message: 'a fault' })
})
