import { randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import envSchema from 'env-schema'

const duration = (fallback: string) => ({
  type: 'string',
  pattern: '^[0-9]+ *(ms|s|m|h|d)?$',
  default: fallback
})
const onOff = (fallback?: string) => ({
  type: 'string',
  enum: ['on', 'off', 'true', 'false'],
  ...fallback !== undefined && { default: fallback }
})
const STORES = '^(memory:$|sqlite:.|rediss?://.|postgres(ql)?://.)'

/** All environment variables of the demo, with their defaults. */
const schema = {
  type: 'object',
  properties: {
    HOST: { type: 'string', minLength: 1, default: '127.0.0.1' },
    PORT: { type: 'integer', minimum: 0, maximum: 65535, default: 8000 },
    WEB_CONCURRENCY: { type: 'integer', minimum: 1, maximum: 256, default: 1 },
    STORE_URL: { type: 'string', pattern: STORES, default: 'memory:' },
    JWT_SECRET: { type: 'string', minLength: 32 },
    JWT_KEYS: { type: 'string', minLength: 1 },
    ISSUER: { type: 'string', minLength: 1 },
    AUDIENCE: { type: 'string', minLength: 1 },
    ACCESS_TOKEN_LIFETIME: duration('5m'),
    REFRESH_TOKEN_LIFETIME: duration('1d'),
    SESSION_LIFETIME: duration('30d'),
    ROTATE_REFRESH_TOKENS: onOff('on'),
    REUSE_INTERVAL: duration('10s'),
    ADOPT_REFRESH_TOKENS: onOff('off'),
    REVOCATION_INTERVAL: duration('1s'),
    COOKIE: onOff('off'),
    RATE_LIMIT: onOff('on'),
    TRUST_PROXY: { type: 'string' },
    DOCS: onOff(),
    METRICS: onOff(),
    LOG_LEVEL: {
      type: 'string',
      enum: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
      default: 'info'
    }
  }
}

export type Settings = ReturnType<typeof readSettings>

/** Reads the environment. @throws Error that names each wrong variable and its rule */
export function readSettings (env: Record<string, string | undefined>) {
  const given = check(env)
  if (given.JWT_KEYS !== undefined && given.JWT_SECRET !== undefined) {
    throw new Error('JWT_KEYS and JWT_SECRET exclude each other. Set only one of the two.')
  }
  const workers = given.WEB_CONCURRENCY as unknown as number
  if (workers > 1 && given.STORE_URL === 'memory:') {
    throw new Error(
      'WEB_CONCURRENCY above 1 needs a STORE_URL that all workers share: sqlite:PATH, ' +
        'redis://... or postgres://...'
    )
  }
  const host = given.HOST as string
  /** Open on a loopback address, and closed to others unless switched on. */
  const isOpen = (value: string | undefined): boolean =>
    value === undefined ? isLoopback(host) : isOn(value)
  return {
    host,
    port: given.PORT as unknown as number,
    /** Number of processes that serve requests. */
    workers,
    storeUrl: given.STORE_URL as string,
    /** Path of a file with private keys, used instead of the secret. */
    keysPath: given.JWT_KEYS,
    secret: given.JWT_SECRET ?? randomBytes(32).toString('base64url'),
    /** True: the secret is random, so tokens expire with the process. */
    secretIsMadeUp: given.JWT_SECRET === undefined && given.JWT_KEYS === undefined,
    issuer: given.ISSUER,
    audience: given.AUDIENCE,
    accessTokenLifetime: seconds(given.ACCESS_TOKEN_LIFETIME),
    refreshTokenLifetime: seconds(given.REFRESH_TOKEN_LIFETIME),
    sessionLifetime: seconds(given.SESSION_LIFETIME),
    rotateRefreshTokens: isOn(given.ROTATE_REFRESH_TOKENS),
    reuseInterval: seconds(given.REUSE_INTERVAL),
    adoptRefreshTokens: isOn(given.ADOPT_REFRESH_TOKENS),
    revocationInterval: seconds(given.REVOCATION_INTERVAL),
    /** True: refresh tokens are in a cookie, for browsers. */
    cookie: isOn(given.COOKIE),
    rateLimit: isOn(given.RATE_LIMIT),
    trustProxy: proxies(given.TRUST_PROXY),
    /** True: serves `/docs`. */
    docs: isOpen(given.DOCS),
    /** True: serves `/metrics`. */
    metrics: isOpen(given.METRICS),
    logLevel: given.LOG_LEVEL as string
  }
}

function check (env: Record<string, string | undefined>): Record<string, string | undefined> {
  const data = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined))
  try {
    return envSchema<Record<string, string>>({ schema, data, env: false, dotenv: false })
  } catch (error) {
    const { errors } = error as { errors: Problem[] }
    throw new Error(
      errors.map(problem => `${problem.instancePath.slice(1)} ${rule(problem)}`).join('; ')
    )
  }
}

interface Problem {
  instancePath: string
  message: string
  params: { allowedValues?: string[], pattern?: string }
}

function rule ({ message, params: { allowedValues, pattern } }: Problem): string {
  if (allowedValues !== undefined) return `must be ${allowedValues.join(' or ')}`
  if (pattern === STORES) return 'must be memory:, sqlite:PATH, redis://... or postgres://...'
  if (pattern === undefined) return message
  return 'must be a number of seconds or a duration such as 5m or 1d'
}

/** Returns whether only this machine can reach a host. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || /^\[?::1\]?$/.test(host) || (isIP(host) === 4 && host.startsWith('127.'))

const isOn = (value: string | undefined): boolean => value === 'on' || value === 'true'

/** A number without a unit is in seconds. */
const seconds = (value: string | undefined): string | number =>
  /^\d+$/.test(value as string) ? Number(value) : (value as string)

/** Accepts only addresses and CIDRs. A number of hops would trust any client. */
function proxies (list: string | undefined): string[] | false {
  if (list === undefined || list.trim() === '') return false
  return list.split(',').map(entry => {
    const proxy = entry.trim()
    const [address = '', bits] = proxy.split('/')
    const most = isIP(address) === 4 ? 32 : 128
    const isRange =
      isIP(address) !== 0 &&
      (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most))
    if (!isRange && proxy !== 'loopback') {
      throw new Error(
        'TRUST_PROXY must be a list of addresses or CIDRs such as 127.0.0.1,10.0.0.0/8, ' +
          `not "${proxy}"`
      )
    }
    return proxy
  })
}
