import { writeFileSync } from 'node:fs'
import { isAlgorithm } from '../keys/algorithms.ts'
import { generateKey } from '../keys/generate-key.ts'
import { type Said, USAGE } from './usage.ts'

/** Makes a private key. @throws Error if the file cannot be written */
export function keygen (algorithm = 'ES256', file?: string): Said {
  if (!isAlgorithm(algorithm)) {
    return { stderr: `Unknown algorithm ${JSON.stringify(algorithm)}.\n\n${USAGE}` }
  }
  const key = generateKey(algorithm)
  const text = JSON.stringify(key, null, 2)
  if (file === undefined) return { stdout: text }
  writeFileSync(file, `${text}\n`, { mode: 0o600, flag: 'wx' })
  return { stdout: key.kid as string }
}
