const guards = new WeakSet<object>()

/** Marks a function as a guard of this package, and returns it. */
export function knownGuard<Guard extends object> (guard: Guard): Guard {
  guards.add(guard)
  return guard
}

/** Returns whether a hook of a route is a guard of this package, of any registration. */
export const isKnownGuard = (hook: unknown): boolean =>
  typeof hook === 'function' && guards.has(hook)
