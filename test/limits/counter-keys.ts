import t from 'tap'
import type { Test } from '../fixtures/servers/home.ts'
import { type Limit, buildRateLimiter } from '../fixtures/rate-limiter.ts'

/** Whether all of these are counted by one counter: of four requests the last is one too many. */
async function countsAsOne (
  t: Test, limit: Limit, pairs: [email: string, address: string][]
): Promise<boolean> {
  const { post } = await buildRateLimiter(t, limit)
  const statuses: number[] = []
  for (let index = 0; index < 4; index++) {
    const [email, address] = pairs[index % pairs.length] as [string, string]
    statuses.push((await post(email, address)).statusCode)
  }
  return statuses.join() === '200,200,200,429'
}

t.test('different user names, however long, have counters of their own', async t => {
  for (const [one, other] of [
    ['vitor', 'vitor2'],
    ['a b', 'ab'],
    ['zoe', 'zoa'],
    [`${'x'.repeat(10_000)}a`, `${'x'.repeat(10_000)}b`],
    ['', '__proto__']
  ] as const) {
    t.notOk(
      await countsAsOne(t, 'loginPerUsername', [
        [one, '203.0.113.1'],
        [other, '203.0.113.1']
      ]),
      `${one.slice(-10)}, ${other.slice(-10)}`
    )
  }
})

t.test('addresses of one client share a counter, others do not', async t => {
  const addresses: [string, string, boolean][] = [
    ['203.0.113.1', '203.0.113.1', true],
    ['203.0.113.1', '203.0.113.2', false],
    ['203.0.113.1', '::ffff:203.0.113.1', true],
    ['203.0.113.1', '::FFFF:CB00:7101', true],
    ['::ffff:203.0.113.1', '::ffff:203.0.113.2', false],
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff', true],
    ['2001:db8:1:2::1', '2001:DB8:0001:0002:0:0:0:1', true],
    ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
    ['fe80::1%eth0', 'fe80::2%eth0', true],
    ['203.0.113.1:5678', '203.0.113.1:9012', true],
    ['203.0.113.1:5678', '203.0.113.2:5678', false],
    ['[2001:db8:1:2::1]:5678', '2001:db8:1:2::2', true],
    ['[2001:db8:1:2::1]:5678', '[2001:db8:1:3::1]:5678', false]
  ]
  for (const limit of ['loginPerAddress', 'refreshPerAddress'] as const) {
    for (const [one, other, same] of addresses) {
      t.equal(
        await countsAsOne(t, limit, [
          ['a', one],
          ['b', other]
        ]),
        same,
        `${one} and ${other}`
      )
    }
  }
})
