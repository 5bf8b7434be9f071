import { TOTP } from 'otpauth'
import type { Account } from './accounts.ts'

const PERIOD_SECONDS = 30

/** A code in a body. */
export const CODE = { type: 'string', pattern: '^[0-9]{6}$' } as const

export const generatorOf = (secret: string, label: string): TOTP =>
  new TOTP({ issuer: 'Recipes', label, secret, period: PERIOD_SECONDS })

/** Returns the time step of a good code, or null. Takes the codes of one step before and after. */
export function stepOf (secret: string, code: string): number | null {
  const delta = generatorOf(secret, '').validate({ token: code, window: 1 })
  return delta === null ? null : Math.floor(Date.now() / 1000 / PERIOD_SECONDS) + delta
}

/**
 * Returns whether an account has no second factor, or the code is good. Spends the code
 * (RFC 6238 section 5.2). In a database this is one statement:
 * `UPDATE ... SET last_step = $1 WHERE id = $2 AND last_step < $1`.
 */
export function passesSecondFactor (account: Account, code: unknown): boolean {
  if (account.totp === null) return true
  if (typeof code !== 'string') return false
  const step = stepOf(account.totp.secret, code)
  if (step === null || step <= account.totp.lastStep) return false
  account.totp.lastStep = step
  return true
}
