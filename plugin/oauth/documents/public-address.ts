import { Resolver } from 'node:dns/promises'
import { BlockList, type LookupFunction, isIPv4, isIPv6 } from 'node:net'

/** IPv4 blocks that the internet does not route to one host (RFC 6890, IANA registry). */
const SPECIAL_IPV4 = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8], // this network
  ['10.0.0.0', 8], // private
  ['100.64.0.0', 10], // carrier-grade NAT
  ['127.0.0.0', 8], // loopback
  ['169.254.0.0', 16], // link-local, metadata services of clouds
  ['172.16.0.0', 12], // private
  ['192.0.0.0', 24], // protocol assignments
  ['192.0.2.0', 24], // documentation
  ['192.88.99.0', 24], // 6to4 relays
  ['192.168.0.0', 16], // private
  ['198.18.0.0', 15], // benchmarks
  ['198.51.100.0', 24], // documentation
  ['203.0.113.0', 24], // documentation
  ['224.0.0.0', 3] // multicast, reserved, broadcast
] as const) SPECIAL_IPV4.addSubnet(network, prefix, 'ipv4')

/**
 * The block of global unicast addresses. Loopback, unique-local, link-local and IPv4-mapped
 * addresses and those of NAT64 are outside of it.
 */
const GLOBAL_IPV6 = new BlockList()
GLOBAL_IPV6.addSubnet('2000::', 3, 'ipv6')

/** IPv6 blocks in it that carry an IPv4 address, or that the internet does not route. */
const SPECIAL_IPV6 = new BlockList()
for (const [network, prefix] of [
  ['2001::', 23], // protocol assignments, Teredo
  ['2001:db8::', 32], // documentation
  ['2002::', 16], // 6to4
  ['3fff::', 20] // documentation
] as const) SPECIAL_IPV6.addSubnet(network, prefix, 'ipv6')

/** Returns whether the internet routes an address to one host. */
export function isPublicAddress (address: string): boolean {
  if (isIPv4(address)) return !SPECIAL_IPV4.check(address, 'ipv4')
  // A zone, as in fe80::1%eth0, is only for addresses of one link.
  return isIPv6(address) && !address.includes('%') &&
    GLOBAL_IPV6.check(address, 'ipv6') && !SPECIAL_IPV6.check(address, 'ipv6')
}

/** Returns the addresses of a host. @throws Error if it has none */
export type Resolve = (host: string) => Promise<string[]>

const DNS_TIMEOUT_MS = 2000

/**
 * Queries the name servers itself. `dns.lookup` would occupy the threads that hash passwords, for
 * as long as the name servers of an attacker like.
 */
export const resolveByDns: Resolve = async host => {
  const resolver = new Resolver({ timeout: DNS_TIMEOUT_MS, tries: 2 })
  const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)])
  const addresses = answers.flatMap(answer => answer.status === 'fulfilled' ? answer.value : [])
  if (addresses.length === 0) throw new Error('The host has no address.')
  return addresses
}

/** The host has an address that is not public. */
export class PrivateAddressError extends Error {}

/**
 * Returns the `lookup` of a socket that connects only to public addresses. It gets the addresses
 * and checks them at once, so the name servers cannot answer the check and the connection
 * differently (DNS rebinding).
 */
export const publicLookup = (
  resolve: Resolve, isPublic: (address: string) => boolean
): LookupFunction => (host, _options, callback) => {
  resolve(host).then(addresses => {
    if (!addresses.every(isPublic)) {
      throw new PrivateAddressError('The host has an address that is not public.')
    }
    return addresses.map(address => ({ address, family: isIPv6(address) ? 6 : 4 }))
  }).then(found => callback(null, found), (error: Error) => callback(error, []))
}
