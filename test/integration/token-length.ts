import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import type { SimpleJwtOptions, User } from '../../plugin/index.ts'
import { SECRET, buildApp } from '../fixtures/app.ts'
import { createBrowser } from '../fixtures/clients/browser.ts'

/** Characters that take three bytes in UTF-8, and six in JSON. */
const WIDE = '\u{2603}'
const CONTROL = '\u0001'
const RSA = generateKeyPairSync('rsa', { modulusLength: 4096 }).privateKey

/** A user that logs in, whatever the password. */
const loginAs = (user: User, options: Partial<SimpleJwtOptions>) =>
  ({ ...options, verifyCredentials: () => user })

/** Each part that makes a token longer, at the most that its own check allows. */
const PARTS: Record<string, Partial<SimpleJwtOptions>> = {
  claims: { claims: () => ({ note: 'x'.repeat(4080) }) },
  'claims that are escaped': { claims: () => ({ note: CONTROL.repeat(680) }) },
  issuer: { issuer: CONTROL.repeat(500) },
  audience: { audience: CONTROL.repeat(500) },
  kid: { keys: [{ algorithm: 'HS256', kid: WIDE.repeat(200), secret: SECRET }] },
  'an RSA signature': { keys: [{ algorithm: 'RS512', kid: CONTROL.repeat(200), privateKey: RSA }] }
}
const IDS = ['1', WIDE.repeat(255), CONTROL.repeat(255)]
const MODES: Record<string, Partial<SimpleJwtOptions>> = {
  '': {},
  ', without findUser': { findUser: undefined as never },
  ', without rotation': { rotateRefreshTokens: false }
}

const names = Object.keys(PARTS)
/** Each part alone, claims with each other part, and all. */
const COMBINATIONS = [...names.map(name => [name]), ...names.map(name => ['claims', name]), names]

for (const [mode, more] of Object.entries(MODES)) {
  t.test(`a login mints tokens that the guard takes, or starts no session${mode}`, async t => {
    const outcomes = new Set<number>()
    for (const combination of COMBINATIONS) {
      for (const id of IDS) {
        const parts = Object.assign({}, ...combination.map(name => PARTS[name]))
        const user = { id }
        const { app, post, hello } = await buildApp(t, loginAs(user, {
          findUser: () => user, ...parts, ...more
        }))
        const reply = await post('/api/token/', { username: 'a', password: 'b' })
        const name = `${combination.join(' and ')}, id of ${Buffer.byteLength(id)} bytes`
        outcomes.add(reply.statusCode)
        if (reply.statusCode === 200) {
          const { access, refresh } = reply.json()
          t.equal((await hello(access)).statusCode, 200, name)
          t.equal((await post('/api/token/refresh/', { refresh })).statusCode, 200, name)
        } else {
          t.match(reply.json(), { statusCode: 500, message: /token would have \d+ char/ }, name)
          t.same(await app.tokens.sessions(id), [], name)
        }
      }
    }
    t.same([...outcomes].sort(), [200, 500], 'some are good, and some too long')
  })
}

t.test('cookie mode: a login sets a cookie that browsers keep, or starts no session', async t => {
  const outcomes = new Set<number>()
  for (const length of [100, 1000, 1500, 1900, 2000]) {
    for (const id of IDS) {
      const { app } = await buildApp(t, loginAs({ id }, {
        cookie: true, issuer: 'i'.repeat(500), claims: () => ({ note: 'x'.repeat(length) })
      }))
      const browser = createBrowser(app)
      const reply = await browser.post('/api/token/', { username: 'a', password: 'b' })
      outcomes.add(reply.statusCode)
      const sessions = await app.tokens.sessions(id)
      t.equal(sessions.length, reply.statusCode === 200 ? 1 : 0)
      if (reply.statusCode === 200) {
        t.equal((await browser.post('/api/token/refresh/')).statusCode, 200)
      }
    }
  }
  t.same([...outcomes].sort(), [200, 500])
})

t.test('a refresh that would mint too long a token spends none', async t => {
  let note = ''
  const { post, login } = await buildApp(t, loginAs({ id: CONTROL.repeat(255) }, {
    issuer: CONTROL.repeat(300),
    reuseInterval: 0,
    findUser: id => ({ id }),
    claims: () => ({ note })
  }))
  const { refresh } = await login()
  note = 'x'.repeat(4000)
  t.equal((await post('/api/token/refresh/', { refresh })).statusCode, 500)
  note = ''
  t.equal((await post('/api/token/refresh/', { refresh })).statusCode, 200)
})
