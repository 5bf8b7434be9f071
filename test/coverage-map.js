import { existsSync, readdirSync } from 'node:fs'
import { delimiter } from 'node:path'

/** Sources that only a service can run, with the test of each. */
export const SERVICE_SOURCES = {
  'plugin/stores/redis.ts': 'test/services/redis/store.ts',
  'plugin/stores/redis/batches.ts': 'test/services/redis/store.ts',
  'plugin/stores/redis/check.ts': 'test/services/redis/check.ts',
  'plugin/stores/redis/client.ts': 'test/services/redis/client.ts',
  'plugin/stores/redis/connection.ts': 'test/services/redis/client.ts',
  'plugin/stores/redis/counters.ts': 'test/services/redis/counters.ts',
  'plugin/stores/redis/revoked-since.ts': 'test/services/redis/store.ts',
  'plugin/stores/redis/scripts.ts': 'test/services/redis/scripts.ts',
  'plugin/stores/postgres.ts': 'test/services/postgres/store.ts',
  'plugin/stores/sql/migrate-postgres.ts': 'test/services/postgres/migrate.ts',
  'plugin/stores/sql/postgres-check.ts': 'test/services/postgres/check.ts',
  'plugin/stores/sql/postgres-client.ts': 'test/services/postgres/client.ts',
  'plugin/stores/sql/postgres-deadline.ts': 'test/services/postgres/store.ts',
  'plugin/stores/sql/rotate-together.ts': 'test/services/postgres/batches.ts',
  'plugin/stores/sql/sweep-postgres.ts': 'test/services/postgres/sweep.ts'
}

/** Tests that cover more than the source of their name. */
export const MORE_SOURCES = {
  'test/cli/cli.ts': ['plugin/cli/usage.ts'],
  'test/client/fetch.ts': ['plugin/client/authorized-fetch.ts'],
  'test/client/locks.ts': ['plugin/client/lock.ts', 'plugin/client/queue.ts'],
  'test/client/login.ts': ['plugin/client/auth-error.ts', 'plugin/client/claims.ts'],
  'test/client/outside-a-page.ts': ['plugin/client/create-client.ts'],
  'test/client/package.ts': ['plugin/client/client.ts', 'plugin/client/index.ts'],
  'test/client/refusals.ts': ['plugin/client/answer.ts', 'plugin/client/retry.ts'],
  'test/client/storage.ts': ['plugin/client/refresh-token.ts'],
  'test/client/trouble.ts': ['plugin/client/abort.ts'],
  'test/guard/authenticate.ts': [
    'plugin/guard/bearer-token.ts', 'plugin/guard/credentials.ts', 'plugin/guard/guard-hook.ts'
  ],
  'test/guard/exported-guards.ts': [
    'plugin/guard/registered-guards.ts', 'plugin/guard/watch-apps.ts'
  ],
  'test/guard/guard-by-default.ts': [
    'plugin/guard/known-guards.ts', 'plugin/guard/open-api.ts'
  ],
  'test/keys/fetch-jwks.ts': ['plugin/keys/fetch-limits.ts'],
  'test/limits/local-counters.ts': ['plugin/limits/keyed-counter.ts'],
  'test/limits/rate-limiter.ts': ['plugin/limits/counter-app.ts', 'plugin/limits/login-limits.ts'],
  'test/oauth/resolve-options.ts': ['plugin/oauth/option-refusals.ts'],
  'test/oauth/routes/schemas.ts': [
    'plugin/oauth/routes/openid-schemas.ts', 'plugin/oauth/routes/schema-parts.ts',
    'plugin/oauth/routes/token-management-schemas.ts'
  ],
  'test/resolve-options.ts': ['plugin/options.ts'],
  'test/routes/blacklist.ts': ['plugin/service/revoke.ts'],
  'test/routes/obtain.ts': ['plugin/service/issue.ts'],
  'test/routes/refresh.ts': ['plugin/service/refresh.ts'],
  'test/routes/schemas.ts': ['plugin/routes/schema-parts.ts', 'plugin/routes/session-schemas.ts'],
  'test/routes/verify.ts': ['plugin/service/verify.ts'],
  'test/store-contract.ts': sourcesIn('plugin/store-contract'),
  'test/sessions/lifecycle.ts': ['plugin/sessions/session-rules.ts'],
  'test/stores/rotation.ts': ['plugin/stores/store.ts'],
  'test/stores/sqlite-locks.ts': ['plugin/stores/sql/sqlite-lock.ts']
}

/** Only the entry of the plugin stands beside the folders. */
function sourcesIn (folder) {
  return readdirSync(folder, { recursive: folder !== 'plugin', encoding: 'utf8' })
    .filter(name => name.endsWith('.ts')).map(name => `${folder}/${name}`)
}

const postgres = '/usr/lib/postgresql'
const versions = existsSync(postgres) ? readdirSync(postgres) : []
const folders = [
  ...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin',
  ...versions.map(version => `${postgres}/${version}/bin`)
]
const isInstalled = program => folders.some(folder => existsSync(`${folder}/${program}`))

const installed = {
  sqlite: process.getBuiltinModule?.('node:sqlite') ??
    existsSync('node_modules/better-sqlite3/build/Release/better_sqlite3.node'),
  redis: isInstalled('redis-server'),
  postgres: isInstalled('postgres')
}

/** A program that is not installed runs no source. REQUIRE_SERVICES=1 asks for all of them. */
function isMeasured (source) {
  const pattern = /^test\/services\/(\w+)|\/(sqlite)\.ts$/
  const [, program] = pattern.exec(SERVICE_SOURCES[source] ?? source)?.filter(Boolean) ?? []
  return process.env.REQUIRE_SERVICES === '1' || program === undefined || installed[program]
}

const serviceSources = isWanted =>
  Object.keys(SERVICE_SOURCES).filter(source => isWanted(SERVICE_SOURCES[source]))

/**
 * A suite of services covers the sources that only a service can run. Any other suite covers the
 * sources of its folder, and those that its files cover in other folders.
 */
function sourcesOfSuite (suite) {
  const isInSuite = test => test.startsWith(`test/${suite}/`)
  if (suite.startsWith('services/')) return serviceSources(isInSuite)
  const folder = suite === 'plugin' ? suite : `plugin/${suite}`
  const own = existsSync(folder) ? sourcesIn(folder) : []
  const more = Object.keys(MORE_SOURCES).filter(isInSuite).flatMap(test => MORE_SOURCES[test])
  return [...new Set([...own, ...more])].filter(source => !(source in SERVICE_SOURCES))
}

function sourcesOfFile (test) {
  const source = test.replace(/^test\//, 'plugin/')
  const named = existsSync(source) ? [source] : []
  return [...named, ...serviceSources(name => name === test), ...MORE_SOURCES[test] ?? []]
}

/** The sources that a test file must cover, by its suite or by its name. Null if there are none. */
export default test => {
  const suite = /^test\/suites\/(.*)\.ts$/.exec(test)?.[1]
  const sources = suite === undefined ? sourcesOfFile(test) : sourcesOfSuite(suite)
  const measured = sources.filter(isMeasured)
  return measured.length > 0 ? measured : null
}
