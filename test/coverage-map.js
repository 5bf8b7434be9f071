import { existsSync } from 'node:fs'

/** Each test file answers for the source file of its own name, and for no other. */
export default test => {
  const source = test.replace(/^test\//, 'plugin/')
  return existsSync(source) ? source : null
}
