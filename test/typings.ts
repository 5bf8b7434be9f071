import fastifyAuth from '@fastify/auth'
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import t from 'tap'
import simplejwt, {
  type AccessClaims, type CookieMode, type Credentials, type SimpleJwtOptions, type TokenPair,
  type User, SimpleJwtError, authenticate, authenticateOptional, authenticateUser, claimsOf,
  memoryStore, requireClaims, simplejwt as named
} from '../plugin/index.ts'
import { SECRET } from './fixtures/app.ts'

// Facts for the compiler: `npx tsc --noEmit` checks them all. What runs is the one test at the end.

/** Accepts a value of exactly the type `Expected`. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const holds = <Fact extends true>(fact?: Fact): void => { fact satisfies true | undefined }

holds<Same<FastifyRequest['user'], AccessClaims>>()
holds<Same<FastifyRequest['account'], User>>()
holds<Same<FastifyRequest['user']['user_id'], string>>()
holds<Same<FastifyRequest['user']['token_type'], 'access'>>()
holds<Same<typeof named, typeof simplejwt>>()

/** A host's own user, with more than the plugin asks for. */
interface Member extends User { id: number, name: string, password: string, roles: string[] }
const members: Member[] = [{ id: 1, name: 'vitor', password: '123', roles: ['author'] }]

const options: SimpleJwtOptions = {
  secret: SECRET,
  verifyCredentials: async ({ username, password }: Credentials): Promise<Member | null> =>
    members.find(member => member.name === username && member.password === password) ?? null,
  findUser: (userId: string, _request?: FastifyRequest): Member | null =>
    members.find(member => String(member.id) === userId) ?? null,
  claims: (member: Member) => ({ roles: member.roles }),
  accessTokenLifetime: '5m',
  refreshTokenLifetime: 86_400,
  store: memoryStore(),
  rateLimit: { loginPerAddress: 10 },
  loginFields: { otp: { type: 'string', default: '' } },
  loginResponse: async (member: Member, { access }, request) =>
    ({ name: member.name, length: access.length, url: request.url }),
  sessionOptions: (member: Member, { otp }) => ({
    claims: { mfa: otp !== '' }, persistent: member.roles.includes('author'), sessionLifetime: '1d'
  }),
  paths: { obtain: '/login', verify: false }
}

/** The options that take no undefined. The project compiles with `exactOptionalPropertyTypes`. */
type Exact<Options> = {
  [Name in keyof Options]-?: { [Key in Name]: undefined } extends Pick<Options, Name> ? never : Name
}[keyof Options]

// Fastify's own type of `prefix` is exact.
holds<Same<Exact<SimpleJwtOptions>, 'prefix'>>()
holds<Same<Exact<CookieMode>, never>>()

// Each of these is refused.
export const refused: SimpleJwtOptions[] = [
  // @ts-expect-error an option that there is not
  { ...options, acessTokenLifetime: '5m' },
  // @ts-expect-error a duration is a number or a string
  { ...options, accessTokenLifetime: { minutes: 5 } },
  // @ts-expect-error a duration is not a Date
  { ...options, sessionLifetime: new Date() },
  // @ts-expect-error a user is not a string
  { ...options, verifyCredentials: async () => 'vitor' },
  // @ts-expect-error a user has an id
  { ...options, verifyCredentials: async () => ({ name: 'vitor' }) },
  {
    ...options,
    // @ts-expect-error a user is found or null, never undefined
    findUser: async (userId: string) => members.find(member => String(member.id) === userId)
  },
  // @ts-expect-error claims are an object
  { ...options, claims: () => 'author' },
  // @ts-expect-error one of three words
  { ...options, revocation: 'sometimes' },
  // @ts-expect-error a limit that there is not
  { ...options, rateLimit: { loginPerCountry: 10 } },
  // @ts-expect-error none is `false`
  { ...options, rateLimit: true },
  // @ts-expect-error an option of a session that there is not
  { ...options, sessionOptions: () => ({ remember: true }) },
  // @ts-expect-error members to add are an object
  { ...options, loginResponse: () => 'welcome' },
  // @ts-expect-error true is no path
  { ...options, paths: { obtain: true } },
  // @ts-expect-error a store has all of the verbs
  { ...options, store: { create: async () => {} } }
]

/** Logins of the host by other means. */
export async function logInAll (app: FastifyInstance): Promise<void> {
  app.post('/code', async (request, reply) => {
    const member = await app.tokens.attempt(request, 'vitor', async () => members[0] ?? null)
    holds<Same<typeof member, Member>>()
    const answer = await app.tokens.login(member, reply, { claims: { amr: ['otp'] } })
    return { access: answer.access, name: answer.name }
  })
  app.post('/none', async request =>
    // @ts-expect-error a check returns a user with an id
    app.tokens.attempt(request, 'vitor', () => ({ name: 'vitor' })))
  await app.tokens.issue({ id: 1, role: 'admin' })
  await app.tokens.issue(members[0] as Member, {
    claims: { mfa: true }, refreshTokenLifetime: '1h'
  })
  app.get('/issue', async request => app.tokens.issue({ id: 1n }, { request }))
  // @ts-expect-error the request is a member of the options
  app.get('/old', async request => app.tokens.issue({ id: 1 }, request))
  // @ts-expect-error a user has an id
  await app.tokens.issue({ role: 'admin' })
}

/** An optional route that forgets the anonymous visitor is refused. */
export function optionalRoutes (app: FastifyInstance): void {
  const optional = { onRequest: authenticateOptional }
  app.get('/greets', optional, async request => claimsOf(request)?.user_id ?? 'guest')
  // @ts-expect-error the visitor may be anonymous
  app.get('/forgets', optional, async request => claimsOf(request).user_id)
  app.get('/parts', optional, async request => {
    // @ts-expect-error the visitor may be anonymous
    const { user_id: userId } = claimsOf(request)
    return userId
  })
}

export const requirements = [
  requireClaims({ role: 'admin', level: 3, mfa: true, scope: ['a', 'b'] }),
  requireClaims(claims => claims.plan === 'pro'),
  // @ts-expect-error a claim is not an object
  () => requireClaims({ role: { is: 'admin' } }),
  // @ts-expect-error an answer is a boolean, not a promise
  requireClaims(async () => true)
]

async function guardAll (app: FastifyInstance): Promise<void> {
  app.get('/export', { onRequest: authenticate }, async request => request.user.user_id)
  app.get('/export-parsing', { preParsing: authenticate }, async request => request.user.user_id)
  app.get('/export-user', { preHandler: [authenticate, authenticateUser] },
    async request => request.account.id)
  app.get('/export-claims', { onRequest: requireClaims({ user_id: '1' }) }, async () => 'claims')

  app.get('/on-request', { onRequest: app.authenticate }, async request => request.user.user_id)
  app.get('/pre-handler', { preHandler: app.authenticate }, async request => request.user.user_id)
  app.get('/in-a-list', { onRequest: [app.authenticate, app.authenticateUser] }, async () => 'user')
  app.get(
    '/of-several',
    { onRequest: app.auth([app.authenticate, (_request, _reply, done) => done()]) },
    async () => 'any'
  )
  app.get('/with-user', { onRequest: app.auth([app.authenticateUser]) }, async () => 'user')
  app.get('/awaited', {
    onRequest: async (request, reply) => {
      await app.authenticate(request)
      await app.authenticate(request, reply)
      await app.authenticateUser(request)
    }
  }, async () => 'awaited')
  app.route({
    method: 'GET',
    url: '/route',
    preValidation: [app.authenticate],
    handler: async request => request.user.exp
  })
}

t.test('what the compiler accepts works', async t => {
  const app = fastify()
  t.after(() => app.close())
  await app.register(fastifyAuth)
  await app.register(simplejwt, options)
  await guardAll(app)
  const pair: TokenPair = await app.tokens.issue(members[0] as Member)
  for (const url of [
    '/export', '/export-parsing', '/export-user', '/export-claims',
    '/on-request', '/pre-handler', '/in-a-list', '/of-several', '/with-user', '/awaited', '/route'
  ]) {
    t.equal(
      (await app.inject({ url, headers: { authorization: `Bearer ${pair.access}` } })).statusCode,
      200,
      url
    )
  }
  t.same((await app.tokens.verify(pair.access)).roles, ['author'])
  await t.rejects(app.tokens.verify('x'), SimpleJwtError)
})
