/** The members of a user that the plugin reads. The host's users may have more. */
export interface User {
  /** Goes into every token as the string claim `user_id`. At most 255 characters. */
  id: string | number | bigint
  /** False: no login, no refresh. Absent means active. */
  isActive?: boolean
}

/** The body of a login. Also has the login field under its configured name. */
export interface Credentials { username: string, password: string, [field: string]: string }

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

/** A user without `isActive` is active. */
export const isActive = (user: User): boolean =>
  user.isActive === undefined || Boolean(user.isActive)
