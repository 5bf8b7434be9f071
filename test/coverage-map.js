import { existsSync, readdirSync } from 'node:fs'
import { delimiter } from 'node:path'

const partsOfContract = readdirSync('plugin/store-contract').map(
  name => `plugin/store-contract/${name}`
)

const postgres = '/usr/lib/postgresql'
const folders = [
  ...(process.env.PATH ?? '').split(delimiter),
  '/usr/sbin',
  '/usr/local/sbin',
  ...(existsSync(postgres)
    ? readdirSync(postgres).map(version => `${postgres}/${version}/bin`)
    : [])
]
const isHere = program => folders.some(folder => existsSync(`${folder}/${program}`))

const here = {
  sqlite:
    process.getBuiltinModule?.('node:sqlite') ??
    existsSync('node_modules/better-sqlite3/build/Release/better_sqlite3.node'),
  redis: isHere('redis-server'),
  postgres: isHere('postgres')
}

/**
 * A store whose service is not here cannot be measured. REQUIRE_SERVICES=1 asks for all of them.
 */
const isAway = source =>
  process.env.REQUIRE_SERVICES !== '1' &&
  Object.entries(here).some(
    ([store, found]) => !found && source.startsWith(`plugin/stores/${store}`)
  )

/** What a source is made of that has no test of its own. */
const parts = {
  'plugin/store-contract.ts': partsOfContract,
  'plugin/stores/redis.ts': ['plugin/stores/redis/row.ts'],
  'plugin/stores/postgres.ts': ['plugin/stores/sql/postgres-client.ts', 'plugin/stores/deadline.ts']
}

/** Sources whose tests stand elsewhere: they need a service. */
const elsewhere = {
  'test/services/redis/store.ts': 'plugin/stores/redis.ts',
  'test/services/redis/client.ts': 'plugin/stores/redis/client.ts',
  'test/services/redis/scripts.ts': 'plugin/stores/redis/scripts.ts',
  'test/services/postgres/store.ts': 'plugin/stores/postgres.ts',
  'test/services/postgres/client.ts': 'plugin/stores/sql/postgres-client.ts'
}

/** Each test file answers for the source file of its own name, and for its parts. */
export default test => {
  const source = elsewhere[test] ?? test.replace(/^test\//, 'plugin/')
  return existsSync(source) && !isAway(source) ? [source, ...parts[source] ?? []] : null
}
