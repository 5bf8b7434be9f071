import { promisify } from 'node:util'
import dns from 'node:dns/promises'
import fc from 'fast-check'
import t from 'tap'
import {
  PrivateAddressError, type Resolve, isPublicAddress, publicLookup, resolveByDns
} from '../../../plugin/oauth/documents/public-address.ts'

const PUBLIC = [
  '1.1.1.1', '8.8.8.8', '93.184.215.14', '100.63.255.255', '100.128.0.0', '172.15.255.255',
  '172.32.0.0', '192.0.1.0', '192.167.255.255', '198.17.255.255', '198.20.0.0',
  '223.255.255.255', '2606:2800:220:1:248:1893:25c8:1946', '2a00:1450:4001:80b::200e',
  '2001:4860:4860::8888', '2001:200::', '3ffe::1'
]

const PRIVATE: Record<string, string[]> = {
  'this network': ['0.0.0.0', '0.255.255.255', '::'],
  loopback: ['127.0.0.1', '127.255.255.254', '::1'],
  private: ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.0.1'],
  'carrier-grade NAT': ['100.64.0.1', '100.127.255.255'],
  'link-local': ['169.254.169.254', 'fe80::1', 'fe80::1%eth0', 'febf::1'],
  'the metadata service of a cloud': ['169.254.169.254', 'fd00:ec2::254'],
  'unique-local': ['fc00::1', 'fdff::1'],
  'site-local': ['fec0::1'],
  'protocol assignments': ['192.0.0.1', '2001::1', '2001:1ff:ffff::1'],
  documentation: ['192.0.2.1', '198.51.100.1', '203.0.113.1', '2001:db8::1', '3fff:fff::1'],
  benchmarks: ['198.18.0.1', '198.19.255.255', '2001:2::1'],
  multicast: ['224.0.0.1', '239.255.255.255', 'ff02::1'],
  'reserved and broadcast': ['240.0.0.1', '255.255.255.255'],
  'mapped IPv4': ['::ffff:127.0.0.1', '::ffff:10.0.0.1', '::ffff:a9fe:a9fe', '::ffff:8.8.8.8'],
  'compatible IPv4': ['::127.0.0.1', '::7f00:1'],
  'translated IPv4': ['::ffff:0:127.0.0.1', '64:ff9b::7f00:1', '64:ff9b:1::7f00:1'],
  '6to4 and Teredo': ['2002:7f00:1::', '2001:0:7f00:1::', '192.88.99.1'],
  'no global block': ['100::1', '4000::1', '8000::1', '5f00::1'],
  'a zone of a global address': ['2606:2800::1%eth0'],
  'no address': ['', 'localhost', '127.1', '2130706433', '0x7f.0.0.1', '127.0.0.1 ', '::ffff:1.2.3']
}

t.test('isPublicAddress: accepts addresses of the internet', async t => {
  for (const address of PUBLIC) t.equal(isPublicAddress(address), true, address)
})

for (const [name, addresses] of Object.entries(PRIVATE)) {
  t.test(`isPublicAddress: refuses ${name}`, async t => {
    for (const address of addresses) t.equal(isPublicAddress(address), false, address)
  })
}

t.test('isPublicAddress: refuses each IPv6 spelling of an IPv4 address', async t => {
  const spellings = (a: number, b: number): string[] => {
    const [high, low] = [a.toString(16), b.toString(16)]
    return [
      `::${high}:${low}`, `::ffff:${high}:${low}`, `0:0:0:0:0:FFFF:${high}:${low}`,
      `64:ff9b::${high}:${low}`, `2002:${high}:${low}::1`, `2001:0:${high}:${low}::1`
    ]
  }
  fc.assert(fc.property(fc.nat(0xffff), fc.nat(0xffff), (a, b) => {
    for (const address of spellings(a, b)) t.equal(isPublicAddress(address), false, address)
  }), { numRuns: 500 })
})

/** The addresses that a socket gets for a host. */
const lookUp = (resolve: Resolve, isPublic = isPublicAddress) =>
  promisify(publicLookup(resolve, isPublic))('app.example', { all: true })

t.test('publicLookup: gives a socket the addresses of a host', async t => {
  const asked: string[] = []
  const addresses = await lookUp(async host => {
    asked.push(host)
    return ['93.184.215.14', '2606:2800:220:1:248:1893:25c8:1946']
  })
  t.same(asked, ['app.example'])
  t.same(addresses, [
    { address: '93.184.215.14', family: 4 },
    { address: '2606:2800:220:1:248:1893:25c8:1946', family: 6 }
  ])
})

t.test('publicLookup: refuses a host with one private address among its public ones', async t => {
  for (const addresses of [
    ['127.0.0.1'], ['93.184.215.14', '10.0.0.1'], ['2606:2800::1', '::ffff:169.254.169.254']
  ]) {
    const error = await lookUp(async () => addresses).catch(error => error)
    t.type(error, PrivateAddressError)
    t.equal(error.message, 'The host has an address that is not public.')
  }
})

t.test('publicLookup: fails for a host without an address', async t => {
  await t.rejects(lookUp(async () => { throw new Error('The host has no address.') }),
    { message: 'The host has no address.' })
})

t.test('resolveByDns: returns the addresses of both families', async t => {
  t.teardown(() => { Object.assign(dns.Resolver.prototype, { resolve4, resolve6 }) })
  const { resolve4, resolve6 } = dns.Resolver.prototype
  const answer = (four: string[] | Error, six: string[] | Error): void => {
    const settle = (value: string[] | Error) => async () => {
      if (value instanceof Error) throw value
      return value
    }
    Object.assign(dns.Resolver.prototype, { resolve4: settle(four), resolve6: settle(six) })
  }
  const none = new Error('ENODATA')
  answer(['93.184.215.14'], ['2606:2800::1'])
  t.same(await resolveByDns('app.example'), ['93.184.215.14', '2606:2800::1'])
  answer(['93.184.215.14'], none)
  t.same(await resolveByDns('app.example'), ['93.184.215.14'])
  answer(none, ['2606:2800::1'])
  t.same(await resolveByDns('app.example'), ['2606:2800::1'])
  for (const empty of [none, []]) {
    answer(empty, none)
    await t.rejects(resolveByDns('app.example'), { message: 'The host has no address.' })
  }
})
