import { matches } from './password-hashes.ts'

/** A row of the user table. Stores the Argon2id hash of the password (19 MiB, 2 passes). */
export interface DemoUser { id: number, username: string, isActive: boolean, passwordHash: string }

/** Both passwords are `123`. */
const table: DemoUser[] = [
  {
    id: 1,
    username: 'vitor',
    isActive: true,
    passwordHash:
      '$argon2id$v=19$m=19456,t=2,p=1$en0il3NvqKMHmacNdrHXnQ$/18W+RcjfjeGDkGQOZv1EgWRTqmg4SOB+v8dg9vJTNI'
  },
  {
    id: 2,
    username: 'inactive',
    isActive: false,
    passwordHash:
      '$argon2id$v=19$m=19456,t=2,p=1$CQV78wTz6m2V4JkZs0Dc/g$tTS8BEekte5HjcwlTOj1IZMD0x+O9CmB679F/9ltUas'
  }
]

/** The hash of a random password, with the same parameters. */
const UNKNOWN_USER_HASH =
  '$argon2id$v=19$m=19456,t=2,p=1$AUcTUi938t6Ey6BC5P9iOw$xJFi4PkiJ/nfDG5QVYMMIJcJxx88kXo9QlyEl3XZnrg'

/**
 * Returns the user with this name and password, or null. Checks an unknown name against
 * `UNKNOWN_USER_HASH`. It takes as long as a wrong password, so the time does not reveal which
 * names exist.
 * @throws SimpleJwtError if too many checks wait, for any name
 */
export async function checkPassword (username: string, password: string): Promise<DemoUser | null> {
  const user = table.find(user => user.username === username)
  const isRight = await matches(user?.passwordHash ?? UNKNOWN_USER_HASH, password)
  return user !== undefined && isRight ? user : null
}

/** Returns the user with this id, or null. Ids in tokens are strings. */
export async function findUser (id: string): Promise<DemoUser | null> {
  return table.find(user => String(user.id) === id) ?? null
}
