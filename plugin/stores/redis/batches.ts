/** Commands of one batch. */
export const BATCH_SIZE = 50

/** Runs `work` for each item, a batch at a time. Returns the results in the order of the items. */
export async function inBatches<Item, Result> (
  items: Item[], work: (item: Item, index: number) => Promise<Result>
): Promise<Result[]> {
  const results: Result[] = []
  for (let start = 0; start < items.length; start += BATCH_SIZE) {
    const batch = items.slice(start, start + BATCH_SIZE)
    results.push(...await Promise.all(batch.map((item, index) => work(item, start + index))))
  }
  return results
}

/** Splits a flat reply, such as that of ZSCAN, into pairs. */
export const pairs = (flat: string[]): [string, string][] =>
  flat.flatMap((name, index) => index % 2 === 0 ? [[name, flat[index + 1] as string]] : [])
