import diagnostics from 'node:diagnostics_channel'
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { type SimpleJwtEvent, createEmit, truncateUsername } from '../plugin/events.ts'
import { createLogLines } from './fixtures/log-lines.ts'

const login: SimpleJwtEvent = { type: 'login', userId: '1', sid: 's', address: '127.0.0.1' }

t.test('an event goes to the log, to the diagnostics channel and to onEvent', async t => {
  const { log, lines } = createLogLines()
  const published: unknown[] = []
  const told: SimpleJwtEvent[] = []
  const subscriber = (event: unknown) => { published.push(event) }
  diagnostics.subscribe('fastify-simplejwt', subscriber)
  t.after(() => diagnostics.unsubscribe('fastify-simplejwt', subscriber))

  createEmit(event => { told.push(event) }, log)(login)
  t.match(lines, [{ level: 30, msg: 'simplejwt login', event: login }])
  t.same(published, [login])
  t.same(told, [login])
})

t.test('log level: is warn for throttled, reuse_detected and store_failed, else info', async t => {
  const levels: [SimpleJwtEvent['type'], number][] = [
    ['login', 30],
    ['login_failed', 30],
    ['refreshed', 30],
    ['replayed', 30],
    ['revoked', 30],
    ['keys_changed', 30],
    ['throttled', 40],
    ['reuse_detected', 40],
    ['store_failed', 40]
  ]
  const { log, lines } = createLogLines()
  const emit = createEmit(undefined, log)
  for (const [type] of levels) emit({ type })
  t.same(lines.map(line => [(line.event as SimpleJwtEvent).type, line.level]), levels)
})

t.test('log level: is warn for a replay from another address than the refresh', async t => {
  const { log, lines } = createLogLines()
  const replay: SimpleJwtEvent =
    { type: 'replayed', address: '192.0.2.1', rotatedAddress: '198.51.100.1' }
  createEmit(undefined, log)(replay)
  t.match(lines, [{ level: 40, event: replay }])
})

t.test('emit: prefers the log of the request', async t => {
  const app = createLogLines()
  const request = createLogLines()
  createEmit(undefined, app.log)(login, request.log)
  t.equal(app.lines.length, 0)
  t.equal(request.lines.length, 1)
})

t.test('a user name of the client\'s choosing cannot break a line of the log', async t => {
  const { log, lines } = createLogLines()
  createEmit(undefined, log)({ type: 'login_failed', username: 'x"}\n{"level":60,"msg":"forged' })
  t.match(lines, [{ level: 30, event: { username: 'x"}\n{"level":60,"msg":"forged' } }])
  t.equal(lines.length, 1)
})

t.test('emit: catches and logs an error that onEvent throws', async t => {
  const { log, lines } = createLogLines()
  createEmit(() => { throw new Error('mail is down') }, log)(login)
  t.match(lines.at(-1), { level: 50, msg: 'onEvent threw', err: { message: 'mail is down' } })
})

t.test('emit: catches and logs the rejection of an asynchronous onEvent', async t => {
  const { log, lines } = createLogLines()
  createEmit(async () => { throw new Error('mail is down') }, log)(login)
  await setImmediate()
  t.match(lines.at(-1), { level: 50, msg: 'onEvent threw', err: { message: 'mail is down' } })
})

t.test('truncateUsername: keeps at most 256 code units and splits no character', async t => {
  t.equal(truncateUsername('vitor'), 'vitor')
  t.equal(truncateUsername('x'.repeat(1000)), 'x'.repeat(256))
  t.equal(truncateUsername(`x${'😀'.repeat(300)}`), `x${'😀'.repeat(127)}`)
})

t.test('emit: escapes control characters of a user name in the log only', async t => {
  const { log, lines } = createLogLines()
  const told: unknown[] = []
  const username = 'a\u2028b\u0085c\u202ed\u009b2J é😀'
  createEmit(event => { told.push(event) }, log)({ type: 'login_failed', username })
  t.match(lines, [{ event: { username: 'a\\u2028b\\u0085c\\u202ed\\u009b2J é😀' } }])
  t.strictSame(told, [{ type: 'login_failed', username }])
})
