import t from 'tap'
import { SimpleJwtError } from '../../plugin/index.ts'
import { registrationOf } from '../../plugin/service/registration-of.ts'
import type { Tokens } from '../../plugin/tokens/jwt.ts'
import { START, type TestApp, buildApp } from '../fixtures/app.ts'
import { decode } from '../fixtures/tokens/jwt.ts'
import { inputOf } from '../fixtures/tokens/keys.ts'

const KINDS = [
  'access', 'access of a client', 'refresh', 'client', 'grant', 'code', 'authorization', 'id',
  'made up'
] as const
type Kind = typeof KINDS[number]

/** Presents a token at one place. Returns the status, 200 to 204 for a success. */
type Door = (test: TestApp, token: string) => Promise<number>

const at = (url: string): Door => async ({ app }, token) => {
  const headers = { authorization: `Bearer ${token}` }
  return (await app.inject({ url, headers })).statusCode
}
const posted = (url: string, field: string): Door => async ({ post }, token) =>
  (await post(url, { [field]: token })).statusCode
const called = (method: 'verify' | 'verifyAccess' | 'refresh' | 'revoke'): Door =>
  async ({ app }, token) => {
    try {
      await app.tokens[method](token)
      return 200
    } catch (error) {
      if (error instanceof SimpleJwtError) return error.statusCode
      throw error
    }
  }

/** Each door, and the kinds that it lets in. `closed` says 403 to a kind. Others are a 401. */
const DOORS: Record<string, { door: Door, open: Kind[], closed?: Kind[] }> = {
  authenticate: { door: at('/hello/'), open: ['access'], closed: ['access of a client'] },
  authenticateOptional: {
    door: at('/optional'), open: ['access'], closed: ['access of a client']
  },
  authenticateUser: { door: at('/user'), open: ['access'], closed: ['access of a client'] },
  guardByDefault: { door: at('/default'), open: ['access'], closed: ['access of a client'] },
  requireClaims: { door: at('/claims'), open: ['access'], closed: ['access of a client'] },
  'requireClaims with a scope': {
    door: at('/claims-scope'), open: ['access of a client'], closed: ['access']
  },
  requireScope: { door: at('/scope'), open: ['access', 'access of a client'] },
  'requireScope of another': {
    door: at('/other-scope'), open: ['access'], closed: ['access of a client']
  },
  requireClient: { door: at('/client'), open: ['client'] },
  'requireClient with a scope': { door: at('/client-scope'), open: ['client'] },
  'the sessions route': {
    door: at('/api/token/sessions/'), open: ['access'], closed: ['access of a client']
  },
  'the verify route': { door: posted('/api/token/verify/', 'token'), open: ['access', 'refresh'] },
  'the refresh route': { door: posted('/api/token/refresh/', 'refresh'), open: ['refresh'] },
  'the blacklist route': { door: posted('/api/token/blacklist/', 'refresh'), open: ['refresh'] },
  'tokens.verify': { door: called('verify'), open: ['access', 'refresh'] },
  'tokens.verifyAccess': {
    door: called('verifyAccess'), open: ['access'], closed: ['access of a client']
  },
  'tokens.refresh': { door: called('refresh'), open: ['refresh'] },
  'tokens.revoke': { door: called('revoke'), open: ['refresh'] }
}

async function build (t: Parameters<typeof buildApp>[0], userIdClaim: string): Promise<TestApp> {
  const test = await buildApp(t, {
    keys: [inputOf('ES256')],
    issuer: 'https://issuer.example',
    audience: 'https://issuer.example/api',
    adoptRefreshTokens: true,
    guardByDefault: true,
    findUser: id => ({ id }),
    userIdClaim
  })
  const { app } = test
  const routes = {
    '/optional': app.authenticateOptional,
    '/user': app.authenticateUser,
    '/claims': app.requireClaims({ user_id: '1' }),
    '/claims-scope': app.requireClaims({ scope: 'photos:read' }),
    '/scope': app.requireScope('photos:read'),
    '/other-scope': app.requireScope('photos:read', 'photos:write'),
    '/client': app.requireClient(),
    '/client-scope': app.requireClient('photos:read')
  }
  for (const [url, onRequest] of Object.entries(routes)) {
    app.get(url, { onRequest }, async () => 'open')
  }
  app.get('/default', async () => 'open')
  return test
}

/** A token of each kind. All are of one live session, and name its user wherever they can. */
async function mint ({ app, login }: TestApp, userIdClaim: string): Promise<Record<Kind, string>> {
  const { access, refresh } = await login()
  const { sid } = decode(access).payload
  const { mintForClient } = registrationOf(app.tokens)?.tokens as Tokens
  const of = (kind: string, more: object = {}, typ: 'JWT' | 'at+jwt' = 'JWT'): string =>
    mintForClient(kind as 'code', {
      exp: START / 1000 + 60,
      iat: START / 1000,
      jti: `of ${kind}`,
      aud: 'https://issuer.example/api',
      client_id: 'photo-printer',
      scope: 'photos:read',
      sid,
      [userIdClaim]: '1',
      ...more
    }, typ)
  return {
    access,
    'access of a client': of('access', {}, 'at+jwt'),
    refresh,
    client: of('client', { sub: 'photo-printer' }, 'at+jwt'),
    grant: of('grant'),
    code: of('code'),
    authorization: of('authorization'),
    id: of('id', { sub: '1' }),
    'made up': of('made up')
  }
}

for (const userIdClaim of ['user_id', 'sub']) {
  for (const [name, { door, open, closed = [] }] of Object.entries(DOORS)) {
    t.test(`${name} is open to ${open.join(' and ')} alone, by ${userIdClaim}`, async t => {
      const test = await build(t, userIdClaim)
      for (const kind of KINDS) {
        const isOpen = open.includes(kind)
        for (const seen of ['first', 'again', 'known']) {
          const token = (await mint(test, userIdClaim))[kind]
          for (let count = 0; count < (isOpen ? 1 : 3); count++) {
            const status = await door(test, token)
            if (isOpen) t.ok(status >= 200 && status < 300, `${kind}, ${seen}: ${status}`)
            else t.equal(status, closed.includes(kind) ? 403 : 401, `${kind}, ${seen}`)
          }
        }
      }
      const sessions = await test.app.tokens.sessions(1)
      t.equal(sessions.length, name.match(/blacklist|revoke/) ? 24 : 27, 'no other session ended')
    })
  }
}
