import { isReserved } from '../tokens/claims.ts'

/**
 * Refuses claims that the plugin writes. Dropping them in silence would hide the host's mistake.
 * @throws TypeError that names the claim
 */
export function refuseReserved (claims: object, userIdClaim: string, source: string): void {
  const name = Object.keys(claims).find(name => isReserved(name, userIdClaim))
  if (name === undefined) return
  throw new TypeError(`fastify-simplejwt: ${source} has the claim "${name}", which the plugin ` +
    'writes itself. Choose another name.')
}

/**
 * Refuses values that JSON silently changes or drops. A token must say what the host returned.
 * @param source that the error of the whole object names
 * @throws TypeError that names the claim: functions, symbols, bigints, cycles, and `toJSON`, which
 *   a Date has
 */
export function refuseUnclaimable (claims: object, source = 'the result of claims()'): void {
  check(claims, source, [])
}

function check (value: unknown, name: string, parents: readonly unknown[]): void {
  const problem = problemOf(value, parents)
  if (problem !== undefined) {
    const subject = parents.length === 0 ? name : `the claim "${name}"`
    throw new TypeError(`fastify-simplejwt: ${subject} ${problem}`)
  }
  if (typeof value !== 'object' || value === null) return
  for (const [member, inner] of Object.entries(value)) {
    check(inner, parents.length === 0 ? member : `${name}.${member}`, [...parents, value])
  }
}

function problemOf (value: unknown, parents: readonly unknown[]): string | undefined {
  if (typeof value === 'function' || typeof value === 'symbol') {
    return `is a ${typeof value}. Return data only.`
  }
  if (typeof value === 'bigint') return 'is a bigint. Return a number or a string.'
  if (parents.includes(value) && typeof value === 'object') {
    return 'contains itself. Return data only.'
  }
  // JSON calls the method, and the token gets its result.
  return typeof (value as { toJSON?: unknown } | null | undefined)?.toJSON === 'function'
    ? 'has a toJSON method, as a Date has. Return a number or a string.'
    : undefined
}
