/** The members of a user that the plugin reads. The host's users may have more. */
export interface User {
  /** Goes into every token as the string claim `user_id`. */
  id: string | number | bigint
  /** False: no login, no refresh. Absent means active. */
  isActive?: boolean
}

/** The body of a login. Also has the login field under its configured name. */
export interface Credentials { username: string, password: string, [field: string]: string }

/** Returns the `user_id` of a user. @throws TypeError for a bad id: a fault of the host's code */
export function userIdOf ({ id }: User): string {
  // Stores replace a NUL or a lone surrogate, so the id would match that of another user.
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
