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
