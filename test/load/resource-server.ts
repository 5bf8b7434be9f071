import { type KeyObject, createPrivateKey, createPublicKey } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { SignJWT } from 'jose'
import t from 'tap'
import type { Jwk } from '../../plugin/keys/jwk.ts'
import { login } from '../fixtures/clients/demo-client.ts'
import { startDemo } from '../fixtures/servers/demo.ts'
import { claims } from '../fixtures/tokens/forged.ts'
import { decode, sign } from '../fixtures/tokens/jwt.ts'
import { until } from '../fixtures/servers/processes.ts'
import {
  AUDIENCE, ISSUER, issuing, keyFile, newKey, startResourceServer
} from '../fixtures/servers/resource-server.ts'
import { publicPart, serve, serveKeys } from '../fixtures/servers/serve.ts'
import { type TimedReply, ask } from '../fixtures/clients/timed-request.ts'

const JWKS = '/.well-known/jwks.json'
const hello = (url: string, access: string): Promise<TimedReply> =>
  ask(url, { method: 'GET', path: '/hello/', access })
const privateKey = (key: Jwk): KeyObject => createPrivateKey({ key, format: 'jwk' })

/** A token that the issuer might have signed: with its key, odd in one way. */
const signed = (
  key: Jwk,
  changes: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
  type: 'access' | 'refresh' = 'access'
): Promise<string> =>
  new SignJWT(claims(type, { iss: ISSUER, aud: AUDIENCE, ...changes }))
    .setProtectedHeader({ alg: 'ES256', kid: key.kid as string, ...header })
    .sign(privateKey(key))

/** Passes all on to an issuer after a while, whose keys it lets be kept for `maxAge` seconds. */
const inFrontOf =
  (issuer: string, maxAge: number, milliseconds = 0): RequestListener =>
    async ({ url = '' }, response) => {
      try {
        await delay(milliseconds)
        const answer = await fetch(issuer + url)
        response
          .writeHead(answer.status, { 'cache-control': `max-age=${maxAge}` })
          .end(await answer.text())
      } catch {
        response.destroy()
      }
    }

t.test('a resource server accepts an access token of the issuer', async t => {
  const issuer = await startDemo(t, issuing(keyFile(t, newKey())))
  const resources = await startResourceServer(t, issuer.url + JWKS)
  const { access, refresh } = await login(issuer.url)
  t.match(await hello(resources.url, access), { status: 200, body: { message: 'Hello, user 1!' } })
  t.equal((await hello(resources.url, refresh)).status, 401, 'but not with a refresh token')
  t.equal(
    (
      await ask(resources.url, {
        path: '/api/token/',
        body: { username: 'vitor', password: '123' }
      })
    ).status,
    404,
    'it has no login route'
  )
  t.equal(
    (await ask(resources.url, { method: 'GET', path: JWKS })).status,
    404,
    'and it has no keys of its own'
  )
  t.equal(await resources.stop(), 0, 'it ends when it is asked to')
})

t.test('a token of another audience, issuer or key is a 401, and no URL in it is read', async t => {
  const key = newKey()
  const attacker = { ...newKey(), kid: 'mine' }
  const trap = await serveKeys(t, [attacker])
  const issuer = await serveKeys(t, [key])
  const { url } = await startResourceServer(t, issuer.url)
  const pem = createPublicKey({ key: publicPart(key), format: 'jwk' })
    .export({ type: 'spki', format: 'pem' })
    .toString()
  const asSecret = (secret: string, kid: string | undefined): string =>
    sign(
      claims('access', { iss: ISSUER, aud: AUDIENCE }), { alg: 'HS256', typ: 'JWT', kid }, secret
    )

  t.equal((await hello(url, await signed(key))).status, 200)
  const pointers = {
    jku: trap.url,
    x5u: trap.url,
    jwk: publicPart(attacker),
    x5c: [pem.replace(/-----.*-----|\s/g, '')],
    iss: trap.url
  }
  const tokens: Record<string, string> = {
    'another audience': await signed(key, { aud: 'others' }),
    'no audience': await signed(key, { aud: undefined }),
    'another issuer': await signed(key, { iss: trap.url }),
    'no issuer': await signed(key, { iss: undefined }),
    'a refresh token': await signed(key, {}, {}, 'refresh'),
    expired: await signed(key, { iat: 1000, exp: 2000 }),
    'another key': await signed(attacker),
    'another key under the kid of the issuer': await signed({
      ...attacker,
      kid: key.kid as string
    }),
    'another key without a kid': await signed(attacker, {}, { kid: undefined }),
    unsigned: sign(claims('access', { iss: ISSUER, aud: AUDIENCE }), {
      alg: 'none',
      kid: key.kid
    }).replace(/[^.]+$/, 'AAAA')
  }
  for (const [name, value] of Object.entries(pointers)) {
    tokens[`${name}, unknown kid`] = await signed(attacker, {}, { [name]: value })
    tokens[`${name}, the kid of the issuer`] = await signed(
      attacker, {}, { [name]: value, kid: key.kid }
    )
    tokens[`${name}, no kid`] = await signed(attacker, {}, { [name]: value, kid: undefined })
  }
  tokens['a kid that is an address'] = await signed(attacker, {}, { kid: trap.url })
  for (const kid of [key.kid, undefined, 'other']) {
    for (const text of [
      pem,
      pem.trim(),
      pem.replaceAll('\n', '\r\n'),
      JSON.stringify(publicPart(key)),
      JSON.stringify({ keys: [publicPart(key)] }),
      String(key.x)
    ]) {
      tokens[`HS256 with ${text.slice(0, 30)}, ${text.length} characters, kid ${kid}`] = asSecret(
        text, kid
      )
    }
  }
  for (const [name, token] of Object.entries(tokens)) {
    const reply = await fetch(`${url}/hello/`, { headers: { authorization: `Bearer ${token}` } })
    t.equal(
      `${reply.status} ${reply.headers.get('www-authenticate')}`,
      '401 Bearer realm="api", error="invalid_token"',
      name
    )
  }
  t.equal(trap.count, 0, 'the server of the attacker was not asked')
  t.ok(issuer.count <= 2, `the issuer was, ${issuer.count} times`)
  t.equal((await hello(url, await signed(key))).status, 200)
})

t.test('issuer down: cached keys verify, and missing keys are a 503 until it is back', async t => {
  const file = keyFile(t, newKey())
  const issuer = await startDemo(t, issuing(file))
  const resources = await startResourceServer(t, issuer.url + JWKS)
  const { access } = await login(issuer.url)
  await until(() => resources.log.some(line => line.includes('keys_changed')))
  await issuer.stop('SIGKILL')

  const fresh = await startResourceServer(t, issuer.url + JWKS)
  for (let turn = 0; turn < 20; turn++) {
    const [known, unknown] = await Promise.all([
      hello(resources.url, access), hello(fresh.url, access)
    ])
    t.equal(known.status, 200)
    t.match(unknown, { status: 503, retryAfter: /^[1-9]$/, body: { code: 'keys_unavailable' } })
    await delay(50)
  }
  await startDemo(t, issuing(file, { PORT: new URL(issuer.url).port }))
  const back = performance.now()
  for (;;) {
    const { status } = await hello(fresh.url, access)
    if (status === 200) break
    t.equal(status, 503)
    await delay(20)
  }
  const took = Math.round(performance.now() - back)
  t.comment(`a resource server that had no keys is well ${took} ms after the issuer`)
  t.ok(took < 3000)
  t.notOk(
    fresh.log.some(line => line.startsWith('{"level":60')),
    'and no rejection was unhandled'
  )
})

t.test('50 simultaneous first requests are all 200, and the JWK set is asked for once', async t => {
  const issuer = await startDemo(t, issuing(keyFile(t, newKey())))
  const { access } = await login(issuer.url)
  for (let round = 0; round < 3; round++) {
    const front = await serve(t, inFrontOf(issuer.url, 300, 500))
    const { url } = await startResourceServer(t, front.url + JWKS)
    t.same(
      new Set(
        (await Promise.all(Array.from({ length: 50 }, () => hello(url, access)))).map(
          ({ status }) => status
        )
      ),
      new Set([200])
    )
    t.equal(front.count, 1)
  }
})

t.test('a key rotation of the issuer under load refuses no good token', async t => {
  const [first, second] = [newKey(), newKey()]
  const file = keyFile(t, first)
  const issuer = await startDemo(t, issuing(file))
  const front = await serve(t, inFrontOf(issuer.url, 1))
  const { url } = await startResourceServer(t, front.url + JWKS)
  const rereadTimes = (): number =>
    issuer.log.filter(line => line.includes('keys were reloaded')).length
  const change = async (...keys: Jwk[]): Promise<void> => {
    const times = rereadTimes()
    file.write(...keys)
    issuer.process.kill('SIGHUP')
    await until(() => rereadTimes() > times)
  }

  let { access } = await login(issuer.url)
  const old = access
  const statuses = new Map<string, number>()
  const count = async (token: string): Promise<void> => {
    const { status } = await hello(url, token)
    const name = `${decode(token).header.kid === first.kid ? 'first' : 'second'} key: ${status}`
    statuses.set(name, (statuses.get(name) ?? 0) + 1)
  }
  const unanswered: Promise<void>[] = []
  const load = setInterval(() => { unanswered.push(count(access)) }, 10)
  const renew = async (): Promise<void> => { access = (await login(issuer.url)).access }
  const renewal = setInterval(() => { unanswered.push(renew()) }, 200)
  t.after(() => [load, renewal].forEach(clearInterval))

  await delay(500)
  await change(first, second)
  const published = front.count
  await until(() => front.count > published)
  await delay(200)
  await change(second, first)
  await delay(2000)
  ;[load, renewal].forEach(clearInterval)
  await Promise.all(unanswered)
  t.comment(JSON.stringify(Object.fromEntries(statuses)))
  t.same([...statuses.keys()].sort(), ['first key: 200', 'second key: 200'])
  t.equal((await hello(url, old)).status, 200, 'a token of the first key goes on')
  t.ok(front.count <= 3, `the JWK set was asked for ${front.count} times`)
})
