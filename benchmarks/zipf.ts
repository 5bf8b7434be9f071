/**
 * Draws numbers from 0 to `count - 1`, the first twice as often as the second and ten times as
 * often as the tenth: Zipf's law, exponent 1.
 */
export function createZipf (count: number): () => number {
  const upTo = new Float64Array(count)
  let total = 0
  for (let index = 0; index < count; index++) upTo[index] = total += 1 / (index + 1)
  return () => firstAbove(upTo, Math.random() * total)
}

/** The index of the first number that is greater, of numbers that rise. */
function firstAbove (numbers: Float64Array, value: number): number {
  let [low, high] = [0, numbers.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if (numbers[middle] as number > value) high = middle
    else low = middle + 1
  }
  return low
}
