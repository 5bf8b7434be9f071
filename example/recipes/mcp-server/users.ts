import { hashPassword, matches } from '../passwords.ts'

export interface User { id: string, username: string, passwordHash: string }

export interface Users {
  /** Returns the user with this name and password, or null. */
  check(credentials: { username: string, password: string }): Promise<User | null>
  find(id: string): User | null
}

/** A table of users, in memory. The ids are '1', '2' and so on. */
export async function createUsers (passwords: Record<string, string>): Promise<Users> {
  const rows = await Promise.all(Object.entries(passwords).map(
    async ([username, password], index): Promise<User> =>
      ({ id: String(index + 1), username, passwordHash: await hashPassword(password) })))
  return {
    check: async ({ username, password }) => {
      const user = rows.find(row => row.username === username)
      const isRight = await matches(user?.passwordHash ?? null, password)
      return user !== undefined && isRight ? user : null
    },
    find: id => rows.find(row => row.id === id) ?? null
  }
}
