import { parse } from '@lukeed/ms'
import { asError } from './errors.ts'
import type { SessionStore } from './stores/store.ts'

/** A number of seconds, or a string with a unit such as `'5m'`. */
export type Duration = number | string

/** Stops the start: throws a TypeError that names an option and its rule. */
export type Refuse = (name: string, rule: string) => never

/** Refuses an option of the first plugin. A check without its own `reject` throws this. */
export const refuse: Refuse = (name, rule) => {
  throw new TypeError(`fastify-simplejwt: option "${name}" ${rule}`)
}

/** Returns a duration in milliseconds, within bounds in milliseconds. */
export function duration (
  name: string, value: unknown, leastMs: number, mostMs: number, reject = refuse
): number {
  const ms = toMilliseconds(value)
  return ms !== undefined && ms >= leastMs && ms <= mostMs
    ? Math.round(ms)
    : reject(name, "must be a number of seconds or a string such as '5m', " +
      `from ${leastMs / 1000} to ${mostMs / 1000} seconds.`)
}

function toMilliseconds (value: unknown): number | undefined {
  if (typeof value === 'number') return value * 1000
  // The library reads a string without a unit as milliseconds, and cannot parse a zero with a unit.
  if (typeof value !== 'string' || !/[a-z]/i.test(value)) return undefined
  return /^0+ *(ms|s|m|h|d|seconds|minutes|hours|days)$/i.test(value) ? 0 : parse(value)
}

export function flag (name: string, value: unknown, reject = refuse): boolean {
  return typeof value === 'boolean' ? value : reject(name, 'must be true or false.')
}

export function wholeNumber (name: string, value: unknown): number {
  return Number.isInteger(value) && (value as number) >= 0
    ? (value as number)
    : refuse(name, 'must be a whole number, 0 or more.')
}

export function oneOf<Choice extends string> (
  name: string, value: unknown, choices: readonly Choice[]
): Choice {
  return (
    choices.find(choice => choice === value) ??
    refuse(name, `must be one of: ${choices.join(', ')}.`)
  )
}

/** Returns a string that matches the pattern, or undefined. */
export function text (
  name: string, value: unknown, pattern: RegExp, rule: string, reject = refuse
): string | undefined {
  return value === undefined || (typeof value === 'string' && pattern.test(value))
    ? value
    : reject(name, rule)
}

/** Returns a function, or undefined. */
export function optionalFunction<Callback> (
  name: string, value: Callback, reject = refuse
): Callback {
  return value === undefined || typeof value === 'function'
    ? value
    : reject(name, 'must be a function.')
}

/**
 * Returns a function of the host that throws Errors only, or undefined. `asError` says why.
 */
export function hostFunction<Given> (name: string, given: Given, reject = refuse): Given {
  if (optionalFunction(name, given, reject) === undefined) return given
  const call = given as (...parameters: unknown[]) => unknown
  const failed = (thrown: unknown): never => { throw asError(thrown, `${name}()`) }
  const safe = (...parameters: unknown[]): unknown => {
    try {
      const result = call(...parameters)
      return result instanceof Promise ? result.catch(failed) : result
    } catch (thrown) {
      return failed(thrown)
    }
  }
  return safe as Given
}

/** Returns a boolean, or a function of the host that throws Errors only. */
export function flagOrFunction<Given> (name: string, given: boolean | Given): boolean | Given {
  if (typeof given === 'boolean') return given
  return typeof given === 'function'
    ? hostFunction(name, given)
    : refuse(name, 'must be true, false or a function.')
}

/** Returns an object that has all of the methods. */
export function withMethods<Thing extends object> (
  name: string, value: Thing, methods: readonly (keyof Thing & string)[]
): Thing {
  const missing = methods.find(method => typeof value?.[method] !== 'function')
  return missing === undefined ? value : refuse(name, `must have a method ${missing}().`)
}

/** Returns a path without its trailing slash. */
export function checkedPrefix (value: unknown, reject = refuse): string {
  const prefix = text('prefix', value, /^(\/[\w.~-]*[\w~-][\w.~-]*)+\/?$/,
    "must be a path such as '/api/token'.", reject) as string
  return prefix.replace(/\/$/, '')
}

/** Returns the text of a quoted string (RFC 9110 section 5.6.4). */
export function checkedRealm (value: unknown): string {
  const realm = text('realm', value, /^[\x20-\x7e]+$/, 'must be printable ASCII.') as string
  return realm.replace(/["\\]/g, '\\$&')
}

/** An authority without a user, then no `"`, `#` and `\\`: the URL is written into a header. */
const METADATA_URL = /^https?:\/\/[!$-.0-9:;=A-Z[\]_a-z~]{1,300}(?:[/?][!$-[\]-~]{0,1700})?$/
const METADATA_URL_RULE = 'must be an https URL without a user name and a fragment, such as ' +
  "'https://example.com/.well-known/oauth-protected-resource'. On this machine http is allowed."

/** Returns the URL of protected resource metadata (RFC 9728 section 3), or undefined. */
export function checkedResourceMetadata (value: unknown): string | undefined {
  const url = text('resourceMetadata', value, METADATA_URL, METADATA_URL_RULE)
  if (url === undefined) return undefined
  const { protocol, hostname } = URL.canParse(url) ? new URL(url) : { protocol: '', hostname: '' }
  const isSafe = protocol === 'https:' ||
    (protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(hostname))
  return isSafe ? url : refuse('resourceMetadata', METADATA_URL_RULE)
}

const STORE_METHODS = [
  'create', 'adopt', 'find', 'rotate', 'revoke', 'revokeUser', 'list', 'revokedSince', 'sweep'
] as const

export function checkedStore (given: SessionStore): SessionStore {
  const store = withMethods('store', given, STORE_METHODS)
  return typeof store.shared === 'boolean'
    ? store
    : refuse('store', 'must have a property "shared": true or false.')
}

/** The login callback, whose throws `attempt` handles. Without it there is no login route. */
export function checkedVerifyCredentials<Callback> (
  verifyCredentials: Callback | undefined, verifyOnly: boolean
): Callback | undefined {
  return verifyCredentials !== undefined && verifyOnly
    ? refuse('verifyCredentials', 'is not allowed in verify-only mode (no signing key).')
    : optionalFunction('verifyCredentials', verifyCredentials)
}
