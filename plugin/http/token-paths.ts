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

/** The usual path of each route, below `prefix`. */
const USUAL = {
  obtain: '/',
  refresh: '/refresh',
  verify: '/verify',
  blacklist: '/blacklist',
  sessions: '/sessions'
} as const

/** The name of a token route. */
export type RouteName = keyof typeof USUAL

const NAMES = Object.keys(USUAL) as RouteName[]
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

/** The place of a route: the prefix of its scope, its path there, and the option that decides. */
export interface Place {
  prefix: string
  url: string
  option: 'prefix' | `paths.${RouteName}`
}

/**
 * Returns the place of each route that exists. A path in `paths` is also the prefix of a scope,
 * so that the plugin answers 404 and 405 there as below `prefix`.
 */
export function placesOf (
  { paths, prefix }: { paths: Readonly<TokenPaths>, prefix: string }
): Map<RouteName, Place> {
  const places = NAMES.map((name): [RouteName, Place][] => {
    const path = paths[name]
    if (path === false) return []
    return path === undefined || path === prefix + USUAL[name]
      ? [[name, { prefix, url: USUAL[name], option: 'prefix' }]]
      : [[name, { prefix: path, url: '/', option: `paths.${name}` }]]
  })
  return new Map(places.flat())
}
