/** The object of a driver that a store needs. */
interface DriverRule {
  /** The object to pass. */
  expected: string
  /** The methods that the store calls. */
  methods: string[]
  /** A method that only a similar object has, which cannot serve the store. */
  never?: string
}

const RULES = {
  redisStore: {
    expected: 'a client of the package ioredis: new Redis(url)',
    methods: ['call', 'connect', 'on', 'off', 'listenerCount']
  },
  postgresStore: {
    expected: 'a pool of the package pg: new pg.Pool(options)',
    methods: ['query', 'on', 'listenerCount'],
    // A Client has this method. It never connects again, and a pool does.
    never: 'escapeLiteral'
  },
  sqliteStore: {
    expected:
      'a handle of better-sqlite3, new Database(path), or of node:sqlite, new DatabaseSync(path)',
    methods: ['exec', 'prepare'],
    // The package sqlite3 has this method. Its statements return no rows.
    never: 'parallelize'
  }
} satisfies Record<string, DriverRule>

/**
 * Returns the driver's object that was passed to a store.
 * @throws TypeError that names the object to pass, if the store cannot use this one
 */
export function checkedDriver<Driver extends object> (
  store: keyof typeof RULES, driver: Driver
): Driver {
  const { expected, methods, never }: DriverRule = RULES[store]
  const refuse = (given: string): never => {
    throw new TypeError(`fastify-simplejwt: ${store}() got ${given}. Pass ${expected}.`)
  }
  const has = (method: string): boolean =>
    typeof (driver as Record<string, unknown>)[method] === 'function'
  if (driver === null) return refuse('null')
  if (typeof driver !== 'object') return refuse(`a value of the type ${typeof driver}`)
  const missing = methods.find(method => !has(method))
  if (missing !== undefined) return refuse(`an object without the method ${missing}()`)
  return never !== undefined && has(never)
    ? refuse(`an object with the method ${never}()`)
    : driver
}
