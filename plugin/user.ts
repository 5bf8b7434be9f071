/** The members of a user that the plugin reads. The host's users may have more. */
export interface User {
  /** Goes into every token as a string, in the claim `userIdClaim`. At most 255 characters. */
  id: string | number | bigint
  /** False: no login, no refresh. Absent means active. */
  isActive?: boolean | undefined
  /** As `isActive`, in the spelling of Django. */
  is_active?: boolean | undefined
}

/**
 * Declares types of the app, by declaration merging: `claims` are those that `claims()` adds, and
 * `account` is the user that `findUser` returns.
 */
export interface SimpleJwtTypes {}

/** A user as the callbacks of the host return and receive it, and the type of `request.account`. */
export type Account = SimpleJwtTypes extends { account: infer Declared } ? Declared : User

/** The claims that the app declares. */
export type DeclaredClaims = SimpleJwtTypes extends { claims: infer Declared }
  ? Declared
  : Record<never, never>

/** The whole body of a login. Also has the login field as `username`. */
export interface Credentials { username: string, password: string, [field: string]: unknown }

/** In characters. Stores index the id, and databases bound the size of an index entry. */
export const MAX_ID_LENGTH = 255

/** Returns the `user_id` of a user. @throws TypeError for a bad id: a fault of the host's code */
export function userIdOf ({ id }: User): string {
  if (typeof id === 'string' || Number.isFinite(id) || typeof id === 'bigint') {
    const text = String(id)
    // Stores replace a NUL or a lone surrogate, so the id would match that of another user.
    const isGood = text !== '' && text.length <= MAX_ID_LENGTH && !/[\0\p{Surrogate}]/u.test(text)
    if (isGood) return text
  }
  throw new TypeError('fastify-simplejwt: a user must have an id: a number, or a string of 1 to ' +
    `${MAX_ID_LENGTH} characters (well-formed Unicode, no NUL).`)
}

/** A user without `isActive` and `is_active` is active. */
export const isActive = ({ isActive, is_active: inDjango }: User): boolean =>
  (isActive === undefined || Boolean(isActive)) && (inDjango === undefined || Boolean(inDjango))
