import { createHash } from 'node:crypto'

/** Hashes a client's text to a fixed length: the client chooses how long the text is. */
export const digest = (text: string): string => createHash('sha256').update(text).digest('base64')
