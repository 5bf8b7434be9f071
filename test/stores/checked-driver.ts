import { Cluster, Redis } from 'ioredis'
import pg from 'pg'
import t from 'tap'
import { postgresStore } from '../../plugin/stores/postgres.ts'
import { redisStore } from '../../plugin/stores/redis.ts'
import { sqliteStore } from '../../plugin/stores/sqlite.ts'

/** Returns a stand-in that has these methods. */
const having = (...methods: string[]): object =>
  Object.fromEntries(methods.map(method => [method, () => {}]))

const EVENTS = ['on', 'off', 'once', 'listenerCount']
const REDIS = ['call', 'connect', ...EVENTS]

const stores = {
  redisStore: {
    open: (client: unknown) => redisStore(client as Parameters<typeof redisStore>[0]),
    expected: 'Pass a client of the package ioredis: new Redis(url).',
    good: {
      'a client of ioredis': new Redis({ lazyConnect: true }),
      'a Cluster': new Cluster([], { lazyConnect: true }),
      'a wrapped client': having(...REDIS)
    },
    bad: {
      'node-redis': [
        having('connect', 'sendCommand', 'get', 'evalSha', ...EVENTS),
        'an object without the method call()'
      ],
      'a URL': ['redis://localhost', 'a value of the type string'],
      'options of a client': [{ host: 'localhost' }, 'an object without the method call()']
    }
  },
  postgresStore: {
    open: (pool: unknown) => postgresStore(pool as Parameters<typeof postgresStore>[0]),
    expected: 'Pass a pool of the package pg: new pg.Pool(options).',
    good: {
      'a pool of pg': new pg.Pool(),
      'a wrapped pool': having('query', 'on', 'listenerCount')
    },
    bad: {
      'pg.Client': [new pg.Client(), 'an object with the method escapeLiteral()'],
      'the package postgres': [() => {}, 'a value of the type function'],
      'a URL': ['postgres://localhost', 'a value of the type string'],
      'options of a pool': [{ max: 5 }, 'an object without the method query()']
    }
  },
  sqliteStore: {
    open: (database: unknown) => sqliteStore(database as Parameters<typeof sqliteStore>[0]),
    expected: 'Pass a handle of better-sqlite3, new Database(path), or of node:sqlite, ' +
      'new DatabaseSync(path).',
    good: { 'a handle of better-sqlite3': having('exec', 'prepare', 'pragma') },
    bad: {
      'a path': ['sessions.db', 'a value of the type string'],
      'the package sqlite3': [
        having('exec', 'prepare', 'parallelize'), 'an object with the method parallelize()'
      ],
      'the class itself': [class {}, 'a value of the type function'],
      'a statement': [having('all', 'run'), 'an object without the method exec()']
    }
  }
}

for (const [store, { open, expected, good, bad }] of Object.entries(stores)) {
  for (const [name, value] of Object.entries(good)) {
    t.test(`${store}: accepts ${name}`, async t => { t.equal(open(value).shared, true) })
  }
  const wrong: Record<string, unknown[]> = {
    ...bad,
    nothing: [undefined, 'a value of the type undefined'],
    null: [null, 'null'],
    'a promise': [Promise.resolve({}), 'an object without the method']
  }
  for (const [name, [value, given]] of Object.entries(wrong)) {
    t.test(`${store}: rejects ${name} and says what to pass`, async t => {
      const error = t.throws(() => open(value)) as Error
      t.ok(error instanceof TypeError)
      t.ok(error.message.startsWith(`fastify-simplejwt: ${store}() got ${given}`), error.message)
      t.ok(error.message.endsWith(`. ${expected}`), error.message)
    })
  }
}
