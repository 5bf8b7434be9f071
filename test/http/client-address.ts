import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { addressOf } from '../../plugin/http/client-address.ts'

const of = (ip: string | undefined) => addressOf({ ip } as FastifyRequest)

t.test('addressOf: an IPv4 address in any spelling', async t => {
  for (const ip of ['203.0.113.1', '::ffff:203.0.113.1', '::FFFF:CB00:7101', '203.0.113.1:5678']) {
    t.equal(of(ip), '203.0.113.1', ip)
  }
})

t.test('addressOf: an IPv6 address as its /64', async t => {
  for (const ip of [
    '2001:db8:1:2::1', '2001:DB8:0001:0002:0:0:0:1', '2001:db8:1:2:ffff:ffff:ffff:ffff',
    '[2001:db8:1:2::1]', '[2001:db8:1:2::1]:5678'
  ]) {
    t.equal(of(ip), '2001:db8:1:2::', ip)
  }
  t.equal(of('fe80::1%eth0'), of('fe80::2%eth0'))
})

t.test('addressOf: returns undefined behind a Unix socket, and other text as it is', async t => {
  t.equal(of(undefined), undefined)
  t.equal(of('unknown'), 'unknown')
})

/** Returns how often a regular expression reads a text while an address is normalised. */
function readsOf (ip: string): number {
  const { prototype } = RegExp
  const { exec } = prototype
  let reads = 0
  prototype.exec = function (text) {
    reads++
    return exec.call(this, text)
  }
  try {
    of(ip)
    return reads
  } finally {
    prototype.exec = exec
  }
}

t.test('addressOf: normalises an address once while it is in use', async t => {
  for (const ip of ['203.0.113.9', '2001:db8:1:9::1', '[2001:db8:1:9::1]:5678', 'proxy']) {
    t.not(readsOf(ip), 0, ip)
    t.equal(readsOf(ip), 0, ip)
  }
  t.equal(of('2001:db8:1:9::1'), '2001:db8:1:9::')
})

t.test('addressOf: keeps a bounded number of addresses, and no long text', async t => {
  const long = 'x'.repeat(65)
  t.equal(of(long), long)
  t.not(readsOf(long), 0)
  of('203.0.113.9')
  for (let number = 0; number < 1000; number++) of(`10.0.${number >> 8}.${number & 255}`)
  t.not(readsOf('203.0.113.9'), 0, 'evicted')
})
