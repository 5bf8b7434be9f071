import { parseArgs } from 'node:util'
import { client } from './client.ts'
import { keygen } from './keygen.ts'
import { type Said, USAGE } from './usage.ts'

/** Runs the command with its arguments. */
export function cli (args: string[]): Said {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { out: { type: 'string' }, help: { type: 'boolean', short: 'h' } }
    })
    const [command, subject, ...more] = positionals
    if (values.help === true) return { stdout: USAGE }
    if (more.length > 0) return { stderr: USAGE }
    if (command === 'keygen') return keygen(subject, values.out)
    return command === 'client' && values.out === undefined ? client(subject) : { stderr: USAGE }
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
