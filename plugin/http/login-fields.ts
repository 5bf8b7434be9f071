import type { Refuse } from '../option-checks.ts'

/** Further fields of the login body: a JSON schema for each. */
export type LoginFields = Readonly<Record<string, Record<string, unknown>>>

const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Checks the option `loginFields`. */
export function resolveLoginFields (
  given: LoginFields | undefined, usernameField: string, refuse: Refuse
): LoginFields {
  if (given === undefined) return {}
  if (!isObject(given)) {
    return refuse('loginFields', 'must be an object with a JSON schema for each field.')
  }
  for (const [name, schema] of Object.entries(given)) {
    if (['password', 'username', '__proto__', usernameField].includes(name)) {
      refuse(`loginFields.${name}`, 'is a field of every login. Remove it.')
    }
    if (!isObject(schema)) refuse(`loginFields.${name}`, 'must be a JSON schema.')
  }
  return { ...given }
}
