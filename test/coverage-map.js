import { existsSync, readdirSync } from 'node:fs'

const partsOfContract = readdirSync('plugin/contract').map(name => `plugin/contract/${name}`)

/** Each test file answers for the source file of its own name; the contract's test for the parts of the contract too. */
export default test => {
  const source = test.replace(/^test\//, 'plugin/')
  if (source === 'plugin/store-contract.ts') return [source, ...partsOfContract]
  return existsSync(source) ? source : null
}
