import type { Refuse } from '../option-checks.ts'

/**
 * Paths of single token routes, below the scope of the plugin. False: no such route. A path that is
 * left out follows `prefix`.
 */
export interface TokenPaths {
  obtain?: string | false | undefined
  refresh?: string | false | undefined
  verify?: string | false | undefined
  blacklist?: string | false | undefined
  sessions?: string | false | undefined
}

const NAMES = ['obtain', 'refresh', 'verify', 'blacklist', 'sessions'] as const
const PATH = /^(\/[\w.~-]*[\w~-][\w.~-]*)+\/?$/

/** Checks the option `paths`. Returns each path without its trailing slash. */
export function resolvePaths (given: TokenPaths | undefined, refuse: Refuse): Readonly<TokenPaths> {
  if (given === undefined) return {}
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return refuse('paths', `must be an object with paths of: ${NAMES.join(', ')}.`)
  }
  for (const name of Object.keys(given)) {
    if (!NAMES.some(known => known === name)) {
      refuse(`paths.${name}`, `is not known. Use: ${NAMES.join(', ')}.`)
    }
  }
  const checked = NAMES.map(name => [name, checkedPath(name, given[name], refuse)] as const)
  return Object.fromEntries(checked)
}

function checkedPath (name: string, path: unknown, refuse: Refuse): string | false | undefined {
  if (path === undefined || path === false) return path
  return typeof path === 'string' && PATH.test(path)
    ? path.replace(/\/$/, '')
    : refuse(`paths.${name}`, "must be false or a path such as '/auth/login/'.")
}
