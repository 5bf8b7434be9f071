import type { FastifyInstance, FastifyRequest } from 'fastify'
import t from 'tap'
import type { User } from '../../plugin/index.ts'
import oauth, {
  type ApprovalOptions, type AuthorizationDetails, type Grant, type GrantContext,
  type OAuthClient, type OAuthOptions, type OAuthService
} from '../../plugin/oauth/index.ts'
import { resolveOAuthOptions } from '../../plugin/oauth/resolve-options.ts'
import { inputOf, resolved } from '../fixtures/tokens/keys.ts'

// Facts for the compiler: `npx tsc --noEmit` checks them all. What runs is the one test at the end.

/** Accepts a value of exactly the type `Expected`. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const holds = <Fact extends true>(fact?: Fact): void => { fact satisfies true | undefined }

holds<Same<FastifyInstance['oauth'], OAuthService>>()
holds<Same<GrantContext, { client: OAuthClient, scopes: readonly string[] }>>()
holds<Same<Grant, 'authorization_code' | 'refresh_token' | 'client_credentials'>>()

/** A host's own user, with more than the plugin asks for. */
interface Member extends User { id: number, name: string, roles: string[] }

const client: OAuthClient = {
  id: 'photo-printer', name: 'Photo Printer', redirectUris: ['https://print.example/callback']
}

const options: OAuthOptions = {
  interactionUrl: '/connect',
  scopes: { 'photos:read': 'See your photos' },
  clients: [client],
  findClient: async id => id === client.id ? client : null,
  resources: ['https://mcp.example/'],
  claims: async (member: Member, { client, scopes }) =>
    ({ roles: member.roles, app: client.name, few: scopes.length < 2 }),
  codeLifetime: '30s',
  refreshTokenLifetime: 86_400,
  grantLifetime: '90d',
  prefix: '/oauth',
  rateLimit: false
}

/** The options that take no undefined. The project compiles with `exactOptionalPropertyTypes`. */
type Exact<Options> = {
  [Name in keyof Options]-?: { [Key in Name]: undefined } extends Pick<Options, Name> ? never : Name
}[keyof Options]

// Fastify's own type of `prefix` is exact.
holds<Same<Exact<OAuthOptions>, 'interactionUrl' | 'scopes' | 'prefix'>>()
holds<Same<Exact<OAuthClient>, 'id' | 'name'>>()
holds<Same<Exact<ApprovalOptions>, 'authTime'>>()

// Each of these is refused.
export const refused: OAuthOptions[] = [
  // @ts-expect-error an option that there is not
  { ...options, interactionURL: '/connect' },
  // @ts-expect-error each scope has a text
  { ...options, scopes: ['photos:read'] },
  // @ts-expect-error a client has a name
  { ...options, clients: [{ id: 'photo-printer' }] },
  // @ts-expect-error a grant that there is not
  { ...options, clients: [{ ...client, grants: ['password'] }] },
  // @ts-expect-error claims are an object
  { ...options, claims: () => 'author' },
  // @ts-expect-error a client is found or null, never undefined
  { ...options, findClient: id => [client].find(known => known.id === id) },
  // @ts-expect-error none is `false`
  { ...options, rateLimit: true }
]

/** A page of the host. */
export async function decide (app: FastifyInstance, request: FastifyRequest): Promise<string[]> {
  await app.register(oauth, options)
  const details: AuthorizationDetails = await app.oauth.read('text')
  const member: Member = { id: 1, name: 'vitor', roles: [] }
  const user = { id: 1n, isActive: true, email: 'vitor@example.com' }
  // @ts-expect-error the time of the login is required
  await app.oauth.approve('text', member, {})
  // @ts-expect-error a user has an id
  await app.oauth.approve('text', { name: 'vitor' }, { authTime: 0 })
  const count: number = await app.oauth.disconnect(member.id, client.id)
  return [
    details.redirectHost,
    String(count),
    await app.oauth.approve('text', member, { authTime: Date.now(), scopes: [], request }),
    await app.oauth.approve('text', user, { authTime: Date.now() }),
    await app.oauth.deny('text')
  ]
}

t.test('the options that type-check are good', async t => {
  const keys = resolved(inputOf('ES256'))
  t.doesNotThrow(() => resolveOAuthOptions(options, {
    issuer: 'https://login.example',
    audience: 'https://login.example/api',
    verifyOnly: false,
    userIdClaim: 'user_id',
    keys
  }))
})
