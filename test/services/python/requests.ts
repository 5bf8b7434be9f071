import t from 'tap'
import { generateKey } from '../../../plugin/keys/generate-key.ts'
import type { KeyInput } from '../../../plugin/keys/key-options.ts'
import { MINUTE, SECRET, createClock } from '../../fixtures/app.ts'
import { listeningApp } from '../../fixtures/clients/listening-app.ts'
import { skipUnlessRequests, startPythonClient } from '../../fixtures/clients/python-client.ts'

const GOOD = { username: 'vitor', password: '123' }
const GREETING = { status: 200, body: { message: 'Hello, World!' } }
const skip = skipUnlessRequests()

t.test('requests: a login opens a route, for JSON and for a form', { skip }, async t => {
  const { url } = await listeningApp(t)
  const client = startPythonClient(t, url)
  t.match(await client('get', { path: '/hello/' }), { status: 401 })
  for (const form of [false, true]) {
    t.match(await client('login', { as_form: form, ...GOOD, password: 'wrong' }), {
      status: 401, body: { code: 'no_active_account' }
    })
    t.match(await client('login', { as_form: form, ...GOOD }), { status: 200 })
    t.same(await client('get', { path: '/hello/' }), GREETING)
  }
})

t.test('requests: refreshes after a 401, and keeps each successor', { skip }, async t => {
  const { url, clock, count } = await listeningApp(t)
  const client = startPythonClient(t, url)
  await client('login', GOOD)
  for (let refreshes = 1; refreshes <= 3; refreshes++) {
    clock.advance(6 * MINUTE)
    t.same(await client('get', { path: '/hello/' }), GREETING)
    t.equal(count('refreshed'), refreshes)
  }
  t.equal(count('reuse_detected'), 0)
})

t.test('requests: a logout revokes both tokens', { skip }, async t => {
  const { url, count } = await listeningApp(t)
  const client = startPythonClient(t, url)
  await client('login', GOOD)
  t.same(await client('logout'), { status: 200, body: {} })
  t.equal(count('revoked'), 1)
  t.match(await client('get', { path: '/hello/' }), { status: 401 })
  t.equal(count('refreshed'), 0)
})

t.test('PyJWT: verifies tokens with the secret, and refuses an expired one', { skip }, async t => {
  const clock = createClock(Date.now())
  const { url } = await listeningApp(t, { now: clock })
  const client = startPythonClient(t, url)
  const verify = (kind: string, secret = SECRET) =>
    client('verify', { kind, algorithm: 'HS256', secret })
  await client('login', GOOD)
  t.match(await verify('access'), { user_id: '1', token_type: 'access' })
  // A service must look at token_type: for PyJWT a refresh token is a good token.
  t.match(await verify('refresh'), { user_id: '1', token_type: 'refresh' })
  t.same(await verify('access', `${SECRET}!`), { refused: 'InvalidSignatureError' })
  clock.advance(-6 * MINUTE)
  await client('login', GOOD)
  t.same(await verify('access'), { refused: 'ExpiredSignatureError' })
})

t.test('PyJWKClient: verifies EdDSA tokens with the published keys', { skip }, async t => {
  const createKey = (): KeyInput => {
    const jwk = generateKey('EdDSA')
    return { algorithm: 'EdDSA', privateKey: jwk } as KeyInput
  }
  const first = createKey()
  const { url, app } = await listeningApp(t, {
    keys: [first], issuer: 'https://login.example', audience: 'reports', now: () => Date.now()
  })
  const client = startPythonClient(t, url)
  const verify = (audience: string) =>
    client('verify', { kind: 'access', algorithm: 'EdDSA', audience })
  await client('login', GOOD)
  t.match(await verify('reports'), { user_id: '1', iss: 'https://login.example' })
  t.same(await verify('orders'), { refused: 'InvalidAudienceError' })

  t.comment('after a rotation of keys, PyJWKClient fetches the key that it does not know')
  await app.tokens.setKeys([createKey(), first])
  await client('login', GOOD)
  t.match(await verify('reports'), { user_id: '1' })
})
