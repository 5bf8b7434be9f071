/**
 * Returns a copy of an object without the members that change prototypes when a careless host
 * merges objects: `__proto__`, and `constructor` with a `prototype`, at any depth. Fastify's own
 * parser refuses these. Loops by hand, so that deep nesting takes no stack.
 */
export function withoutPrototypes (body: unknown): unknown {
  const copy = { ...body as object }
  const waiting: object[] = [copy]
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    for (const [name, member] of Object.entries(value)) {
      if (isPoison(name, member)) Reflect.deleteProperty(value, name)
      else if (typeof member === 'object' && member !== null) waiting.push(member)
    }
  }
  return copy
}

const isPoison = (name: string, member: unknown): boolean =>
  name === '__proto__' ||
  (name === 'constructor' && typeof member === 'object' && member !== null &&
    Object.hasOwn(member, 'prototype'))
