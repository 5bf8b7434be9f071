import t from 'tap'
import { memoryStore } from '../../plugin/stores/memory.ts'
import type { SessionStore } from '../../plugin/stores/store.ts'
import { MINUTE, SECOND, buildApp } from '../fixtures/app.ts'
import { decode } from '../fixtures/tokens/jwt.ts'
import { inputOf, publicInputOf } from '../fixtures/tokens/keys.ts'

/** A store that processes share: the next app on it is the restarted one, or another service. */
const sharedMemory = (): SessionStore => ({ ...memoryStore(), shared: true })

t.test('a restart with a shorter access token lifetime revives no access token', async t => {
  for (const revocation of ['list', 'store'] as const) {
    const store = sharedMemory()
    const before = await buildApp(t, { store, revocation, accessTokenLifetime: '1h' })
    const { access, refresh } = await before.login()
    await before.post('/api/token/blacklist/', { refresh })
    const after = await buildApp(t, { store, revocation, accessTokenLifetime: '5m' })
    for (const app of [before, after]) app.clock.advance(30 * MINUTE)
    await after.app.tokens.sweep()
    const restarted = await buildApp(t, { store, revocation, accessTokenLifetime: '5m' })
    restarted.clock.advance(30 * MINUTE)
    for (const app of [after, restarted]) {
      t.equal((await app.hello(access)).statusCode, 401, revocation)
    }
    after.clock.advance(30 * MINUTE + SECOND)
    t.equal(await after.app.tokens.sweep(), 1, 'the row goes with its last access token')
  }
})

t.test('a service that only verifies deletes no session of its issuer', async t => {
  const store = sharedMemory()
  const keys = [inputOf('ES256')]
  const issuer = await buildApp(t, { store, keys, accessTokenLifetime: '1h' })
  const { access, refresh } = await issuer.login()
  await issuer.post('/api/token/blacklist/', { refresh })

  const verifier = async () => {
    const keys = [publicInputOf('ES256')]
    const verifyOnly = { verifyCredentials: undefined } as object
    const service = await buildApp(t, { store, keys, ...verifyOnly })
    service.clock.advance(30 * MINUTE)
    return service
  }
  const running = await verifier()
  t.equal((await running.hello(access)).statusCode, 401)
  running.clock.advance(180 * MINUTE)
  t.equal(await running.app.tokens.sweep(), 0, 'whatever its clock says')
  running.clock.advance(-180 * MINUTE)
  const started = await verifier()
  for (const { hello } of [running, started]) t.equal((await hello(access)).statusCode, 401)
  issuer.clock.advance(60 * MINUTE + SECOND)
  t.equal(await issuer.app.tokens.sweep(), 1)
})

t.test('without rotation no access token outlives the lifetime in the row', async t => {
  const store = sharedMemory()
  const options = { store, rotateRefreshTokens: false }
  const before = await buildApp(t, { ...options, accessTokenLifetime: '5m' })
  const { refresh } = await before.login()
  const after = await buildApp(t, { ...options, accessTokenLifetime: '1h' })
  const { access } = (await after.post('/api/token/refresh/', { refresh })).json()
  const { exp, iat } = decode(access).payload
  t.equal(exp as number - (iat as number), 300, 'the row would be deleted too early')
  const renewed = decode((await after.login()).access).payload
  t.equal(renewed.exp as number - (renewed.iat as number), 3600)
})

t.test('with rotation a longer access token lifetime begins at the next refresh', async t => {
  const store = sharedMemory()
  const before = await buildApp(t, { store, accessTokenLifetime: '5m' })
  const { refresh } = await before.login()
  const after = await buildApp(t, { store, accessTokenLifetime: '1h' })
  const pair = (await after.post('/api/token/refresh/', { refresh })).json()
  const { exp, iat } = decode(pair.access).payload
  t.equal(exp as number - (iat as number), 3600)
  await after.post('/api/token/blacklist/', { refresh: pair.refresh })
  before.clock.advance(30 * MINUTE)
  await before.app.tokens.sweep()
  const restarted = await buildApp(t, { store, accessTokenLifetime: '5m' })
  t.equal((await restarted.hello(pair.access)).statusCode, 401)
})
