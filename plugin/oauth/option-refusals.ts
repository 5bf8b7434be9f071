import type { Refuse } from '../option-checks.ts'

/** Refuses an option of this plugin. The first one has options of the same names. */
export const refuse: Refuse = (name, rule) => {
  throw new TypeError(`fastify-simplejwt/oauth: option "${name}" ${rule}`)
}

/** Refuses a member that `known` lacks. */
export function refuseUnknown (
  given: object, known: ReadonlySet<string>, nameOf: (member: string) => string, reject: Refuse
): void {
  for (const member of Object.keys(given)) {
    if (!known.has(member)) {
      reject(nameOf(member), 'is not known. Remove it, or check its spelling.')
    }
  }
}

/** Returns an array of at least `least` entries, each once. */
export function distinct (
  name: string, given: unknown, what: string, least: number, reject: Refuse
): readonly unknown[] {
  if (!Array.isArray(given) || given.length < least) {
    return reject(name, `must be an array of ${least === 0 ? '' : 'at least one of the '}${what}.`)
  }
  const repeated = given.findIndex((entry, index) => given.slice(0, index).includes(entry))
  return repeated === -1 ? given : reject(`${name}[${repeated}]`, 'must be unique.')
}
