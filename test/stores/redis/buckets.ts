import t from 'tap'
import { tagsOf } from '../../../plugin/stores/redis/buckets.ts'

const SLOTS = 16_384
const clusterTags = tagsOf({ nodes: () => [] })

/** CRC-16/XMODEM, by which a Cluster finds the slot of a hash tag. */
function slotOf (tag: string): number {
  let crc = 0
  for (const byte of Buffer.from(tag)) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021
    }
  }
  return (crc & 0xffff) % SLOTS
}

/** The tags that each master has, if the masters have equal ranges of slots. */
function shares (tags: string[], masters: number): number[] {
  const counts = Array.from({ length: masters }, () => 0)
  for (const tag of tags) {
    const master = Array.from({ length: masters }, (_, index) => index).findLastIndex(
      index => Math.round(index * SLOTS / masters) <= slotOf(tag))
    counts[master] = counts[master] as number + 1
  }
  return counts
}

t.test('the slots of this test are those of CLUSTER KEYSLOT', async t => {
  t.same(['123456789', 'foo', 'bar', '0'].map(slotOf), [12_739, 12_182, 5061, 13_907])
})

t.test('one server keeps the tags of version 0.1', async t => {
  t.same(tagsOf({}), [...'0123456789', '10', '11', '12', '13', '14', '15'])
  t.same(shares(tagsOf({}), 8).filter(count => count === 0).length, 4)
})

t.test('tag n of a Cluster is in slot 1024 n + 512', async t => {
  t.same(clusterTags.map(slotOf), clusterTags.map((_, bucket) => 1024 * bucket + 512))
})

for (let masters = 2; masters <= 16; masters++) {
  t.test(`${masters} masters have equal shares of the tags`, async t => {
    const counts = shares(clusterTags, masters)
    t.equal(Math.min(...counts), Math.floor(16 / masters))
    t.equal(Math.max(...counts), Math.ceil(16 / masters))
  })
}
