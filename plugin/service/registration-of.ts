import type { Registration } from '../registration.ts'

/** The registrations by their `app.tokens`, which the scopes of an app inherit. */
const registrations = new WeakMap<object, Registration>()

export function nameRegistration (tokens: object, registration: Registration): void {
  registrations.set(tokens, registration)
}

/** Returns the registration of an `app.tokens`, or undefined for any other value. */
export const registrationOf = (tokens: unknown): Registration | undefined =>
  registrations.get(tokens as object)
