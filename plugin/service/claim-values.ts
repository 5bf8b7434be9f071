/**
 * Refuses values that JSON silently changes or drops. A token must say what the host returned.
 * @throws TypeError that names the claim: functions, symbols, bigints, cycles, and `toJSON`, which
 *   a Date has
 */
export function refuseUnclaimable (claims: object): void {
  check(claims, 'claims()', [])
}

function check (value: unknown, name: string, parents: readonly unknown[]): void {
  const problem = problemOf(value, parents)
  if (problem !== undefined) {
    const subject = parents.length === 0 ? 'the result of claims()' : `the claim "${name}"`
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
