import { randomBytes } from 'node:crypto'

/** 128 random bits in lower-case hex: a `jti` or a `sid`. */
export const newId = (): string => randomBytes(16).toString('hex')
