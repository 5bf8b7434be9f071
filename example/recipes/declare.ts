import type { Account, Role } from './accounts.ts'
// The import is required. Without it the block would replace the types of the package.
import 'fastify-simplejwt'

declare module 'fastify-simplejwt' {
  interface SimpleJwtTypes {
    /** The type of the user in all callbacks, and of `request.account`. */
    account: Account
    /** Added to `request.user`, and the only names that `requireClaims` takes. */
    claims: {
      role: Role
      /** How the user logged in (RFC 8176). */
      amr?: readonly string[]
      /** When the user logged in, in seconds since the epoch. */
      auth_time?: number
      /** The administrator who acts as this user (RFC 8693 section 4.1). */
      act?: { readonly sub: string }
    }
  }
}
