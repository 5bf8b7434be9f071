/** A user as the plugin sees one; the host's own has more. */
export interface User {
  /** Goes into every token as the string claim `user_id`. */
  id: string | number | bigint
  /** False: no login, no refresh. Absent means active. */
  isActive?: boolean
}

/**
 * What a client sends to log in. The login field is there under its own name too, if that is not
 * `username`.
 */
export interface Credentials { username: string, password: string, [field: string]: string }

/**
 * The `user_id` of a user. Throws a TypeError for a user without an id: a fault of the host's code.
 */
export function userIdOf ({ id }: User): string {
  // A store could not keep a NUL or half a character, and would take the id for another's.
  if (
    (typeof id === 'string' && id !== '' && !/[\0\p{Surrogate}]/u.test(id)) ||
    Number.isFinite(id) ||
    typeof id === 'bigint'
  ) {
    return String(id)
  }
  throw new TypeError(
    'fastify-simplejwt: a user must have an id: a non-empty string (well-formed Unicode, no NUL) ' +
      'or a number.'
  )
}

/** A user without `isActive` is active. */
export const isActive = (user: User): boolean =>
  user.isActive === undefined || Boolean(user.isActive)
