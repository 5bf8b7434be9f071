import type { Credentials, SessionOptions } from 'fastify-simplejwt'
import type { Account, Accounts } from './accounts.ts'
import { matches } from './passwords.ts'
import { loginClaims } from './recent-login.ts'
import { passesSecondFactor } from './totp.ts'

/** Fields of the login form beside `email` and `password`. One with a default may be absent. */
export const loginFields = {
  otp: { type: 'string', maxLength: 6, default: '' },
  remember: { type: 'boolean', default: false }
}

/**
 * Checks the password, then the code of accounts that have a second factor. Only a right password
 * spends a code. The answer does not tell which of the two was wrong, so a thief cannot test
 * passwords without the code.
 */
export const checkLogin = (accounts: Accounts) =>
  async ({ username: email, password, otp }: Credentials): Promise<Account | null> => {
    const account = accounts.findByEmail(email)
    const isRight = await matches(account?.passwordHash ?? null, password)
    return account !== null && isRight && passesSecondFactor(account, otp) ? account : null
  }

/** Without "remember me" the browser drops the cookie when it closes, and a day is the most. */
const FORGOTTEN: SessionOptions =
  { persistent: false, refreshTokenLifetime: '12h', sessionLifetime: '1d' }

/** Writes into the session how the user logged in, and how long the session may live. */
export const sessionOf = (account: Account, { remember }: Credentials): SessionOptions => ({
  ...(remember === true ? {} : FORGOTTEN),
  claims: account.totp === null ? loginClaims('pwd') : loginClaims('pwd', 'otp', 'mfa')
})
