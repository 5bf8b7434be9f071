import t from 'tap'
import { newId } from '../../plugin/ids.ts'
import { SHARDS, shardOfId, shardOfText, shardedMap } from '../../plugin/stores/sharded-map.ts'

const KEYS = 64_000

const manyKeys = (keyOf: (index: number) => string): string[] =>
  Array.from({ length: KEYS }, (_, index) => keyOf(index))

for (const [name, shardOf, keys] of [
  ['ids', shardOfId, manyKeys(newId)],
  ['ids in upper case', shardOfId, manyKeys(() => newId().toUpperCase())],
  ['ids as texts', shardOfText, manyKeys(newId)],
  ['numbers', shardOfText, manyKeys(String)],
  ['e-mail addresses', shardOfText, manyKeys(index => `user${index}@example.com`)]
] as const) {
  t.test(`${name} spread evenly over the shards`, async t => {
    const sizes = new Map<number, number>()
    for (const key of keys) sizes.set(shardOf(key), (sizes.get(shardOf(key)) ?? 0) + 1)
    t.equal(sizes.size, 64)
    t.ok(Math.max(...sizes.values()) < 1.5 * KEYS / SHARDS)
  })
}

for (const shardOf of [shardOfId, shardOfText]) {
  t.test(`${shardOf.name}: returns one shard for each text`, async t => {
    for (const key of ['', 'a', '__proto__', 'ÿ', '漢字', '\u{1f600}', '\uffff', '~'.repeat(300)]) {
      const shard = shardOf(key)
      t.ok(Number.isInteger(shard) && shard >= 0 && shard < SHARDS, key)
      t.equal(shardOf(key), shard)
    }
  })

  t.test(`${shardOf.name}: the map is a map`, async t => {
    const map = shardedMap<number>(shardOf)
    const keys = manyKeys(newId).slice(0, 1000)
    keys.forEach((key, index) => { map.set(key, index) })
    keys.forEach((key, index) => { map.set(key, index + 1) })
    t.ok(keys.every((key, index) => map.has(key) && map.get(key) === index + 1))
    t.same(new Map(map.entries()), new Map(keys.map((key, index) => [key, index + 1])))
    for (const key of keys.slice(0, 500)) map.delete(key)
    map.delete('unknown')
    t.same(keys.filter(map.has), keys.slice(500))
    t.equal(map.get(keys[0] as string), undefined)
  })
}

t.test('a walk minds what is deleted and added meanwhile', async t => {
  const map = shardedMap<number>(shardOfId)
  const keys = manyKeys(newId).slice(0, 1000)
  for (const key of keys) map.set(key, 0)
  const seen: string[] = []
  for (const [key] of map.entries()) {
    seen.push(key)
    map.delete(key)
    if (seen.length === 1) for (const gone of keys.slice(900)) map.delete(gone)
    if (seen.length === 2) map.set('ff', 1)
  }
  t.equal(new Set(seen).size, seen.length)
  t.ok(seen.includes('ff'), 'of the last shard')
  t.same([...map.entries()], [])
})
