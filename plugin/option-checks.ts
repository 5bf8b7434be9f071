import { parse } from '@lukeed/ms'

/** A number of seconds, or a string with a unit such as `'5m'`. */
export type Duration = number | string

/** Stops the start: throws a TypeError that names an option and the rule that it breaks. */
export type Refuse = (name: string, rule: string) => never

export const refuse: Refuse = (name, rule) => {
  throw new TypeError(`fastify-simplejwt: option "${name}" ${rule}`)
}

/** A duration in milliseconds, within bounds in milliseconds. */
export function duration (name: string, value: unknown, least: number, most: number): number {
  const ms = toMilliseconds(value)
  return ms !== undefined && ms >= least && ms <= most
    ? Math.round(ms)
    : refuse(name, `must be a number of seconds or a string such as '5m', from ${least / 1000} to ${most / 1000} seconds.`)
}

function toMilliseconds (value: unknown): number | undefined {
  if (typeof value === 'number') return value * 1000
  // Without a unit it would be milliseconds, and nobody means that; a zero with one the library does not know.
  if (typeof value !== 'string' || !/[a-z]/i.test(value)) return undefined
  return /^0+ *(ms|s|m|h|d|seconds|minutes|hours|days)$/i.test(value) ? 0 : parse(value)
}

export function flag (name: string, value: unknown): boolean {
  return typeof value === 'boolean' ? value : refuse(name, 'must be true or false.')
}

export function wholeNumber (name: string, value: unknown): number {
  return Number.isInteger(value) && (value as number) >= 0 ? value as number : refuse(name, 'must be a whole number, 0 or more.')
}

export function oneOf<Choice extends string> (name: string, value: unknown, choices: readonly Choice[]): Choice {
  return choices.find(choice => choice === value) ?? refuse(name, `must be one of: ${choices.join(', ')}.`)
}

/** A string that fits, or undefined. */
export function text (name: string, value: unknown, pattern: RegExp, rule: string): string | undefined {
  return value === undefined || (typeof value === 'string' && pattern.test(value)) ? value : refuse(name, rule)
}

/** A function, or undefined. */
export function optionalFunction<Callback> (name: string, value: Callback): Callback {
  return value === undefined || typeof value === 'function' ? value : refuse(name, 'must be a function.')
}

/** An object that has all of the methods. */
export function withMethods<Thing extends object> (name: string, value: Thing, methods: readonly (keyof Thing & string)[]): Thing {
  const missing = methods.find(method => typeof value?.[method] !== 'function')
  return missing === undefined ? value : refuse(name, `must have a method ${missing}().`)
}
