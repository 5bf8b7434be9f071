import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { ALGORITHMS, isAlgorithm } from '../keys/algorithms.ts'
import { generateKey } from '../keys/generate-key.ts'

const USAGE = `npx fastify-simplejwt keygen [ALGORITHM] [--out FILE]

  Prints a new private key as a JWK with a kid, for a key file.

  ALGORITHM   ${Object.keys(ALGORITHMS).join(', ')}; default ES256
  --out FILE  write the key to a new file with mode 0600, and print the kid`

/** The output of the command. The exit code is 1 if there is text for stderr. */
export interface Said { stdout?: string, stderr?: string }

/** Runs the command with its arguments. */
export function cli (args: string[]): Said {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { out: { type: 'string' }, help: { type: 'boolean', short: 'h' } }
    })
    const [command, algorithm = 'ES256', ...more] = positionals
    if (values.help === true) return { stdout: USAGE }
    if (command !== 'keygen' || more.length > 0) return { stderr: USAGE }
    if (!isAlgorithm(algorithm)) {
      return { stderr: `Unknown algorithm ${JSON.stringify(algorithm)}.\n\n${USAGE}` }
    }
    const key = generateKey(algorithm)
    const text = JSON.stringify(key, null, 2)
    if (values.out === undefined) return { stdout: text }
    writeFileSync(values.out, `${text}\n`, { mode: 0o600, flag: 'wx' })
    return { stdout: key.kid as string }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return {
      stderr:
        code === 'EEXIST'
          ? 'File exists, not overwritten: it may hold a key in use.'
          : message
    }
  }
}
