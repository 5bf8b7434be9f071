import type { WebAuthnCredential } from '@simplewebauthn/server'

export type Role = 'admin' | 'user'

/** A row of the table of accounts. */
export interface Account {
  readonly id: number
  /** In lower case. Verified: only a link in a mail, or an OAuth provider, creates an account. */
  readonly email: string
  readonly role: Role
  isActive: boolean
  /** Null: the account has no password. */
  passwordHash: string | null
  /** Null: the account has no second factor. A real table has the secret encrypted. */
  totp: { readonly secret: string, lastStep: number } | null
  passkeys: WebAuthnCredential[]
  /** Logins at OAuth providers, as `issuer subject`. */
  identities: string[]
}

/**
 * The table of accounts. A real one is in a database, with unique indexes on addresses, identities
 * and ids of passkeys.
 */
export interface Accounts {
  find(id: string | number): Account | null
  findByEmail(email: string): Account | null
  findByIdentity(identity: string): Account | null
  findByPasskey(id: string): Account | null
  all(): Account[]
  /** Returns null if the address has an account: the unique index decides, not a query before. */
  add(email: string, given?: Partial<Omit<Account, 'id' | 'email'>>): Account | null
}

export function createAccounts (): Accounts {
  const rows: Account[] = []
  const rowWith = (matches: (account: Account) => boolean): Account | null =>
    rows.find(matches) ?? null
  const findByEmail = (email: string): Account | null =>
    rowWith(account => account.email === email.toLowerCase())
  return {
    find: id => rowWith(account => String(account.id) === String(id)),
    findByEmail,
    findByIdentity: identity => rowWith(({ identities }) => identities.includes(identity)),
    findByPasskey: id => rowWith(({ passkeys }) => passkeys.some(passkey => passkey.id === id)),
    all: () => [...rows],
    add (email, given = {}) {
      if (findByEmail(email) !== null) return null
      const account: Account = {
        role: 'user',
        isActive: true,
        passwordHash: null,
        totp: null,
        passkeys: [],
        identities: [],
        ...given,
        id: rows.length + 1,
        email: email.toLowerCase()
      }
      rows.push(account)
      return account
    }
  }
}
