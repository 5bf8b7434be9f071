import { existsSync } from 'node:fs'

/** Each test file answers for the source file of its own name; the contract's test for the parts of the contract too. */
export default test => {
  const source = test.replace(/^test\//, 'plugin/')
  if (source === 'plugin/store-contract.ts') return [source, 'plugin/contract/case.ts', 'plugin/contract/rotation.ts', 'plugin/contract/ending.ts', 'plugin/contract/keeping.ts']
  return existsSync(source) ? source : null
}
