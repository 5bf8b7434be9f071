import t from 'tap'
import { readSettings } from '../../example/settings.ts'

t.test('without a word from the environment the defaults hold', async t => {
  t.match(readSettings({ PATH: '/bin' }), {
    host: '127.0.0.1',
    port: 8000,
    workers: 1,
    storeUrl: 'memory:',
    keysPath: undefined,
    secretIsMadeUp: true,
    issuer: undefined,
    accessTokenLifetime: '5m',
    refreshTokenLifetime: '1d',
    sessionLifetime: '30d',
    rotateRefreshTokens: true,
    reuseInterval: '10s',
    adoptRefreshTokens: false,
    cookie: false,
    rateLimit: true,
    trustProxy: false,
    logLevel: 'info'
  })
  t.not(readSettings({}).secret, readSettings({}).secret, 'a secret is made up each time')
})

t.test('the environment says otherwise', async t => {
  const secret = 'x'.repeat(32)
  t.match(readSettings({
    HOST: '::1',
    PORT: '0',
    WEB_CONCURRENCY: '4',
    JWT_SECRET: secret,
    ISSUER: 'i',
    AUDIENCE: 'a',
    ACCESS_TOKEN_LIFETIME: '60',
    REFRESH_TOKEN_LIFETIME: '2h',
    ROTATE_REFRESH_TOKENS: 'false',
    ADOPT_REFRESH_TOKENS: 'on',
    REUSE_INTERVAL: '0',
    COOKIE: 'on',
    RATE_LIMIT: 'off',
    TRUST_PROXY: '127.0.0.1, 10.0.0.0/8,::1/128,loopback',
    LOG_LEVEL: 'silent',
    STORE_URL: 'redis://127.0.0.1:6379/1'
  }), {
    host: '::1',
    port: 0,
    workers: 4,
    secret,
    secretIsMadeUp: false,
    issuer: 'i',
    audience: 'a',
    accessTokenLifetime: 60,
    refreshTokenLifetime: '2h',
    rotateRefreshTokens: false,
    adoptRefreshTokens: true,
    reuseInterval: 0,
    cookie: true,
    rateLimit: false,
    trustProxy: ['127.0.0.1', '10.0.0.0/8', '::1/128', 'loopback'],
    logLevel: 'silent',
    storeUrl: 'redis://127.0.0.1:6379/1'
  })
})

t.test('docs and metrics are open on a loopback address, or if they are switched on', async t => {
  const open = (env: Record<string, string>): boolean[] => {
    const { docs, metrics } = readSettings(env)
    return [docs, metrics]
  }
  t.strictSame(open({}), [true, true])
  for (const HOST of ['127.0.0.1', '127.1.2.3', '::1', 'localhost']) {
    t.strictSame(open({ HOST }), [true, true], HOST)
    t.strictSame(open({ HOST, DOCS: 'off', METRICS: 'off' }), [false, false], HOST)
  }
  for (const HOST of [
    '0.0.0.0', '::', '10.0.0.1', '192.168.127.1', 'demo.example', '127.example',
    '127.0.0.1.example', 'localhost.example'
  ]) {
    t.strictSame(open({ HOST }), [false, false], HOST)
    t.strictSame(open({ HOST, DOCS: 'on' }), [true, false], HOST)
    t.strictSame(open({ HOST, METRICS: 'true' }), [false, true], HOST)
  }
})

t.test('a file of keys takes the place of the secret', async t => {
  t.match(readSettings({ JWT_KEYS: 'keys.json' }), { keysPath: 'keys.json', secretIsMadeUp: false })
  t.throws(() => readSettings({ JWT_KEYS: 'keys.json', JWT_SECRET: 'x'.repeat(32) }), {
    message: 'JWT_KEYS and JWT_SECRET exclude each other. Set only one of the two.'
  })
})

t.test('a bad value is refused by the name of its variable', async t => {
  const bad: Record<string, string[]> = {
    HOST: [''],
    PORT: ['x', '', '-1', '65536', '80.5'],
    WEB_CONCURRENCY: ['0', '2', '-1', '1.5', '257', 'x', ''],
    STORE_URL: ['sqlite:', 'sqlite', 'memory', 'memory:x', 'mysql://localhost', 'redis:', ''],
    JWT_SECRET: ['short', ''],
    JWT_KEYS: [''],
    COOKIE: ['yes', ''],
    ISSUER: [''],
    AUDIENCE: [''],
    ACCESS_TOKEN_LIFETIME: ['soon', '-5m', '5 minutes', ''],
    REFRESH_TOKEN_LIFETIME: ['1y'],
    SESSION_LIFETIME: ['x'],
    ROTATE_REFRESH_TOKENS: ['yes', ''],
    REUSE_INTERVAL: ['x'],
    ADOPT_REFRESH_TOKENS: ['1'],
    REVOCATION_INTERVAL: ['x'],
    RATE_LIMIT: ['10'],
    TRUST_PROXY: ['1', 'true', '127.0.0.1/33', 'proxy.example', '10.0.0.0/8,2', '1/8'],
    DOCS: ['yes', ''],
    METRICS: ['1'],
    LOG_LEVEL: ['loud']
  }
  for (const [name, values] of Object.entries(bad)) {
    for (const value of values) {
      t.throws(
        () => readSettings({ [name]: value }),
        { message: new RegExp(`^${name} `) },
        `${name}=${value}`
      )
    }
  }
  t.throws(() => readSettings({ PORT: 'x', RATE_LIMIT: 'maybe' }), {
    message: 'PORT must be integer; RATE_LIMIT must be on or off or true or false'
  })
})
