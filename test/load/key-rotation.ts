import { rmSync } from 'node:fs'
import t, { type Test } from 'tap'
import { readKeys } from '../../example/keys.ts'
import type { Jwk } from '../../plugin/keys/jwk.ts'
import { generateKey } from '../../plugin/keys/generate-key.ts'
import { buildApp } from '../fixtures/app.ts'
import { hello, login } from '../fixtures/clients/demo-client.ts'
import { type Demo, startDemo } from '../fixtures/servers/demo.ts'
import {
  CLIENTS, LIFETIME, kidOf, presentWhile, rotateThrough, startTraffic, tokenOf
} from '../fixtures/load/key-traffic.ts'
import { buildNaive, naiveSetKeys } from '../fixtures/naive/keys.ts'
import { until } from '../fixtures/servers/processes.ts'
import { type KeyFile, keyFile } from '../fixtures/servers/resource-server.ts'
import { publicPart } from '../fixtures/servers/serve.ts'
import { createClients } from '../fixtures/clients/token-client.ts'

const PER_SECOND = 200
const KEYS = [
  generateKey('HS256'), generateKey('ES256'), generateKey('EdDSA'), generateKey('RS256')
]
const inputs = (t: Test, keys: Jwk[]) => readKeys(keyFile(t, ...keys).path)

interface Rotating { url: string, setKeys(...keys: Jwk[]): Promise<void> }

/** An app in this process, whose keys are set by app.tokens.setKeys(). */
async function startApp (t: Test, key: Jwk): Promise<Rotating> {
  const { app } = await buildApp(t, {
    keys: inputs(t, [key]),
    accessTokenLifetime: LIFETIME,
    now: Date.now
  })
  return {
    url: await app.listen({ host: '127.0.0.1', port: 0 }),
    setKeys: (...keys) => app.tokens.setKeys(inputs(t, keys))
  }
}

const said = ({ log }: Demo, words: string): string[] => log.filter(line => line.includes(words))

async function reread (demo: Demo, words = 'the keys were reloaded'): Promise<void> {
  const times = said(demo, words).length
  demo.process.kill('SIGHUP')
  await until(() => said(demo, words).length > times)
}

const startDemoWith = (t: Test, { path }: KeyFile): Promise<Demo> =>
  startDemo(t, { JWT_KEYS: path, RATE_LIMIT: 'off', ACCESS_TOKEN_LIFETIME: `${LIFETIME}s` })

/** The demo, whose keys are read again at SIGHUP. */
async function startRereading (t: Test, key: Jwk): Promise<Rotating> {
  const file = keyFile(t, key)
  const demo = await startDemoWith(t, file)
  return {
    url: demo.url,
    setKeys: async (...keys) => {
      file.write(...keys)
      await reread(demo)
    }
  }
}

for (const [name, start] of Object.entries({
  'setKeys() in one process': startApp,
  'SIGHUP for the demo': startRereading
})) {
  t.test(`${name}: three rotations by the runbook under load refuse no good token`, async t => {
    const { url, setKeys } = await start(t, KEYS[0] as Jwk)
    const clients = await createClients(url, CLIENTS)
    const traffic = startTraffic(url, clients, PER_SECOND)
    await rotateThrough(KEYS, clients, traffic, setKeys)
    await traffic.stop()
    const total = Object.values(traffic.answers).reduce((sum, count) => sum + count, 0)
    t.comment(`${total} requests: ${JSON.stringify(traffic.answers)}`)
    t.same(
      Object.keys(traffic.answers).sort(),
      ['hello 200', 'login 200', 'refresh 200', 'verify 200'],
      'no false 401'
    )
    t.same([...traffic.kids], KEYS.map(({ kid }) => kid), 'tokens of every key were presented')
    t.same(
      new Set(
        (await Promise.all(clients.map(client => client.refresh()))).map(({ status }) => status)
      ),
      new Set([200]),
      'every client goes on'
    )
  })

  t.test(`${name}: rejects a cached token of a dropped key from the next request on`, async t => {
    const [old, next] = [generateKey('ES256'), generateKey('ES256')]
    const { url, setKeys } = await start(t, old)
    const result = await presentWhile(url, await tokenOf(old), () => setKeys(next))
    t.comment(JSON.stringify(result))
    t.equal(result.accepted, 0)
    t.ok(result.before > 50 && result.refused > 50)
    t.equal(await hello(url, await tokenOf(next)), 200)
  })
}

t.test('a refresh token of a dropped key is refused too', async t => {
  const { url, setKeys } = await startApp(t, generateKey('ES256'))
  const [client] = await createClients(url, 1)
  await setKeys(generateKey('ES256'))
  t.match(await client?.refresh(), { status: 401, body: { code: 'token_not_valid' } })
})

for (const [name, naive] of Object.entries(naiveSetKeys)) {
  t.test(`control: a token of a dropped key is accepted if ${name}`, async t => {
    const [old, next] = [generateKey('ES256'), generateKey('ES256')]
    const { app, setKeys } = await buildNaive(t, inputs(t, [old]), naive)
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    const result = await presentWhile(url, await tokenOf(old), () => setKeys(inputs(t, [next])))
    t.comment(JSON.stringify(result))
    t.ok(result.accepted > 50, `${result.accepted} accepted`)
  })
}

t.test('SIGHUP with a bad key file keeps the keys and logs none of them', async t => {
  const [key, other] = [generateKey('ES256'), generateKey('ES256')]
  const weak = {
    kty: 'oct',
    kid: 'weak',
    alg: 'HS256',
    k: Buffer.from('too short a secret').toString('base64url')
  }
  const file = keyFile(t, key)
  const demo = await startDemoWith(t, file)
  const access = await tokenOf(key)

  const spoilt: Record<string, () => void> = {
    'cut short': () => file.spoil(JSON.stringify({ keys: [key] }).slice(0, -4)),
    'a PEM': () =>
      file.spoil('-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----\n'),
    empty: () => file.spoil(''),
    null: () => file.spoil('null'),
    'no keys': () => file.write(),
    'a public key alone': () => file.write(publicPart(key)),
    'a weak secret': () => file.write(key, weak),
    'a damaged key': () => file.write(key, { ...other, d: key.d }),
    'a key of another algorithm': () => file.write(key, { ...other, alg: 'ES384' }),
    'no algorithm': () => file.write(key, { ...other, alg: undefined } as unknown as Jwk),
    'one kid for two keys': () => file.write(key, { ...other, kid: key.kid as string }),
    'one key twice': () => file.write(key, { ...key, kid: 'again' }),
    gone: () => rmSync(file.path)
  }
  for (const [name, spoil] of Object.entries(spoilt)) {
    spoil()
    await reread(demo, 'keeping the current keys')
    const line = said(demo, 'keeping the current keys').at(-1) as string
    t.match(
      JSON.parse(line),
      { level: 50, msg: /^SIGHUP: keeping the current keys\. ./ },
      `${name}: ${String(JSON.parse(line).msg)}`
    )
    t.equal(await hello(demo.url, access), 200, name)
    t.equal(kidOf((await login(demo.url)).access), key.kid, name)
  }
  const log = demo.log.join('\n')
  for (const secret of [key.d, other.d, weak.k, 'too short a secret', 'MIGHAgEAMBMGByqGSM49']) {
    t.notOk(log.includes(String(secret)))
  }

  file.write(other, key)
  await reread(demo)
  t.equal(kidOf((await login(demo.url)).access), other.kid, 'a good one is taken after that')
  t.equal(await demo.stop(), 0)
})
