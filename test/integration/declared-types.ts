import { join } from 'node:path'
import t, { type Test } from 'tap'
import { typeFaults } from '../fixtures/type-check.ts'

/** The types that an app declares, and its users. */
const DECLARED = `
import type { User } from 'fastify-simplejwt'
interface Member extends User { id: number, name: string }
declare module 'fastify-simplejwt' {
  interface SimpleJwtTypes { claims: { role: 'admin' | 'user', tags?: string[] }, account: Member }
}
`

const PRELUDE = `
import Fastify from 'fastify'
import {
  authenticate, authenticateOptional, authenticateUser, claimsOf, requireClaims, simplejwt
} from 'fastify-simplejwt'
import oauth from 'fastify-simplejwt/oauth'
export const app = Fastify()
const OAUTH = { interactionUrl: '/connect', scopes: { read: 'Read' }, findClient: () => null }
void [oauth, OAUTH, authenticate, authenticateOptional, authenticateUser, claimsOf, requireClaims, simplejwt]
`

/** Returns what the compiler reports for some code in an app with declared types. */
function faultsOf (t: Test, code: string): string[] {
  const root = t.testdir({ 'declared.ts': DECLARED, 'app.ts': `${PRELUDE}\n${code}\n` })
  return typeFaults(['declared.ts', 'app.ts'].map(name => join(root, name)))
}

const GOOD = `
app.get('/a', { onRequest: authenticate }, async ({ user }) => {
  const role: 'admin' | 'user' = user.role
  const id: string = user.user_id
  return { role, id, tags: user.tags?.join() }
})
app.get('/b', { onRequest: authenticateUser }, async ({ account }) => account.name.trim())
app.get('/c', { onRequest: authenticateOptional }, async request => claimsOf(request)?.role)
app.get('/d', { onRequest: requireClaims({ role: 'admin', scope: 'read', sub: 'x' }) }, async () => 1)
app.get('/e', { onRequest: requireClaims(({ role }) => role === 'admin') }, async () => 1)
app.get('/f', { onRequest: app.requireClaims({ role: ['admin'] }) }, async () => 1)
await app.register(simplejwt, {
  secret: 'x',
  verifyCredentials: async () => ({ id: 1, name: 'vitor' }),
  findUser: async () => null,
  claims: user => ({ role: user.name === 'vitor' ? 'admin' : 'user' })
})
await app.register(oauth, {
  ...OAUTH,
  claims: (user, { client, scopes }) => ({ name: user.name.trim(), app: client.name, scopes })
})
const url: string = await app.oauth.approve('text', { id: 1, name: 'vitor' }, { authTime: 0 })
`

t.test('declared claims and accounts type the request, the guards and the options', async t => {
  t.same(faultsOf(t, GOOD), [])
})

const MISTAKES: Record<string, [code: string, fault: RegExp]> = {
  'a role that no token has': [
    "app.get('/', async ({ user }) => user.role === 'admn')", /no overlap/
  ],
  'a claim that is not declared': ["requireClaims({ rol: 'admin' })", /'rol' does not exist/],
  'a claim that the decorator does not know': [
    "app.requireClaims({ rol: 'admin' })", /'rol' does not exist/
  ],
  'the anonymous visitor': [
    "app.get('/', async request => claimsOf(request).role)", /possibly 'null'/
  ],
  'a member that the account has not': [
    "app.get('/', async ({ account }) => account.email)", /'email' does not exist/
  ],
  'a member that the account of an app has not': [
    'app.register(oauth, { ...OAUTH, claims: user => ({ mail: user.email }) })',
    /'email' does not exist/
  ],
  'a user without the members of the account': [
    "app.register(simplejwt, { secret: 'x', findUser: async () => ({ id: 1 }) })", /name/
  ]
}

for (const [mistake, [code, fault]] of Object.entries(MISTAKES)) {
  t.test(`with declared types the compiler refuses ${mistake}`, async t => {
    t.match(faultsOf(t, code).join('\n'), fault)
  })
}
