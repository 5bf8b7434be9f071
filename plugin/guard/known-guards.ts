/** The guards of this package, and whether each lets requests without a token pass. */
const guards = new WeakMap<object, { isOptional: boolean }>()

/** Marks a function as a guard of this package, and returns it. */
export function knownGuard<Guard extends object> (guard: Guard, isOptional = false): Guard {
  guards.set(guard, { isOptional })
  return guard
}

/** Returns what is known of the guards among some hooks: of any registration, and the exports. */
export const knownGuards = (hooks: readonly unknown[]): { isOptional: boolean }[] =>
  hooks.flatMap(hook => guards.get(hook as object) ?? [])
