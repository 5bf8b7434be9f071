import { existsSync, readdirSync } from 'node:fs'
import { delimiter } from 'node:path'

const partsOfContract = readdirSync('plugin/contract').map(name => `plugin/contract/${name}`)

const postgres = '/usr/lib/postgresql'
const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', ...(existsSync(postgres) ? readdirSync(postgres).map(version => `${postgres}/${version}/bin`) : [])]
const isHere = program => folders.some(folder => existsSync(`${folder}/${program}`))

const here = {
  sqlite: process.getBuiltinModule?.('node:sqlite') ?? existsSync('node_modules/better-sqlite3/build/Release/better_sqlite3.node'),
  redis: isHere('redis-server'),
  postgres: isHere('postgres')
}

/** A store whose service is not here cannot be measured. REQUIRE_SERVICES=1 asks for all of them. */
const isAway = source => process.env.REQUIRE_SERVICES !== '1' && Object.entries(here).some(([store, found]) => !found && source.startsWith(`plugin/stores/${store}`))

/** Each test file answers for the source file of its own name; the contract's test for the parts of the contract too. */
export default test => {
  const source = test.replace(/^test\//, 'plugin/')
  if (source === 'plugin/store-contract.ts') return [source, ...partsOfContract]
  return existsSync(source) && !isAway(source) ? source : null
}
