import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { generateKey } from '../../plugin/keys/generate-key.ts'
import { buildDemo } from '../fixtures/servers/built-demo.ts'
import { failDemo, startDemo } from '../fixtures/servers/demo.ts'

const PLACE = { ISSUER: 'https://demo.example', AUDIENCE: 'https://demo.example/api' }

/** Writes a file for JWT_KEYS. */
function keysIn (t: Test, key: object = generateKey('ES256')): string {
  const path = join(t.testdir(), 'keys.json')
  writeFileSync(path, JSON.stringify(key))
  return path
}

t.test('with JWT_KEYS, ISSUER and AUDIENCE the demo lets apps in', async t => {
  const app = await buildDemo(t, { ...PLACE, JWT_KEYS: keysIn(t) })
  const { statusCode, body } = await app.inject('/.well-known/oauth-authorization-server')
  t.equal(statusCode, 200)
  t.match(JSON.parse(body), {
    issuer: PLACE.ISSUER, authorization_endpoint: 'https://demo.example/oauth/authorize'
  })
  for (const url of ['/connect', '/connect/', '/connect.js']) {
    t.equal((await app.inject(url)).statusCode, 200, url)
  }
  t.equal((await app.inject('/lesson.json')).json().oauth, true)
})

t.test('without one of the three there is no OAuth', async t => {
  for (const env of [
    {}, PLACE, { JWT_KEYS: keysIn(t) },
    { JWT_KEYS: keysIn(t), ISSUER: PLACE.ISSUER }, { JWT_KEYS: keysIn(t), AUDIENCE: 'demo' }
  ]) {
    const app = await buildDemo(t, env)
    t.equal((await app.inject('/lesson.json')).json().oauth, false)
    for (const url of [
      '/.well-known/oauth-authorization-server', '/oauth/authorize', '/connect', '/connect.js',
      '/photos/'
    ]) {
      t.equal((await app.inject(url)).statusCode, 404, `${url} ${Object.keys(env)}`)
    }
  }
})

t.test('the log says why OAuth is off, if it could be meant to be on', async t => {
  const line = 'OAuth is off: ISSUER and AUDIENCE are set, but not JWT_KEYS.'
  const started = await startDemo(t, PLACE)
  t.ok(started.log.some(text => text.includes(line)))
  const plain = await startDemo(t)
  t.notOk(plain.log.some(text => text.includes('OAuth')))
})

t.test('a secret in JWT_KEYS stops the start, and so does an issuer that is no URL', async t => {
  const secret = { kty: 'oct', alg: 'HS256', k: Buffer.alloc(32, 1).toString('base64url') }
  const withSecret = await failDemo({ ...PLACE, JWT_KEYS: keysIn(t, secret) })
  t.equal(withSecret.code, 1)
  t.match(withSecret.said, 'fastify-simplejwt/oauth: needs a key pair')
  const withName = await failDemo({ ...PLACE, ISSUER: 'demo', JWT_KEYS: keysIn(t) })
  t.equal(withName.code, 1)
  t.match(withName.said, /^The demo server did not start: .*issuer/)
})

t.test('RATE_LIMIT=off holds for the endpoints of OAuth too', async t => {
  for (const [RATE_LIMIT, statuses] of [['on', [400, 429]], ['off', [400]]] as const) {
    const app = await buildDemo(t, { ...PLACE, JWT_KEYS: keysIn(t), RATE_LIMIT })
    const seen = new Set<number>()
    for (let count = 0; count < 301; count++) {
      seen.add((await app.inject('/oauth/authorize')).statusCode)
    }
    t.strictSame([...seen], statuses, RATE_LIMIT)
  }
})

t.test('the demo documents its routes for apps', async t => {
  const app = await buildDemo(t, { ...PLACE, JWT_KEYS: keysIn(t) })
  const { paths, tags } = (await app.inject('/docs/json')).json()
  const known = tags.map(({ name }: { name: string }) => name)
  for (const [url, method] of [['/photos/', 'get'], ['/reports/', 'post']] as const) {
    t.match(paths[url][method], { security: [{ bearer: [] }], tags: ['guarded'] }, url)
  }
  for (const methods of Object.values(paths) as Record<string, { tags: string[] }>[]) {
    for (const { tags: [tag = ''] } of Object.values(methods)) t.ok(known.includes(tag), tag)
  }
  for (const url of Object.keys(paths)) t.notMatch(url, /^\/connect/)
})
