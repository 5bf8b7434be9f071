import oauth2, { type OAuth2Namespace } from '@fastify/oauth2'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Account, Accounts } from './accounts.ts'
import { loginClaims } from './recent-login.ts'

declare module 'fastify' {
  interface FastifyInstance { provider: OAuth2Namespace }
}

export interface OAuthSettings {
  /** Of an OpenID Connect provider, whose other URLs are discovered (https in production). */
  issuer: string
  client: { id: string, secret: string }
}

/**
 * Login at an OAuth provider. @fastify/oauth2 binds the state and the PKCE verifier to the browser
 * by cookies, so no other site can log a browser in to a foreign account.
 */
export async function oauth (
  app: FastifyInstance,
  { accounts, origin, provider }: { accounts: Accounts, origin: string, provider: OAuthSettings }
): Promise<void> {
  await app.register(oauth2, {
    name: 'provider',
    scope: ['openid', 'email'],
    credentials: { client: provider.client },
    discovery: { issuer: provider.issuer },
    pkce: 'S256',
    callbackUri: `${origin}/login/oauth/callback`,
    hostPrefixedCookies: true,
    cookie: { secure: true, httpOnly: true, sameSite: 'lax', path: '/' }
  })

  app.get('/login/oauth', { config: { public: true } }, async (request, reply) =>
    reply.redirect(await app.provider.generateAuthorizationUri(request, reply)))

  app.get('/login/oauth/callback', { config: { public: true } }, async (request, reply) => {
    const profile = await profileOf(app, request, reply)
    const account = profile && accountOf(accounts, provider.issuer, profile)
    if (account?.isActive !== true) return reply.redirect(`${origin}/login?failed=oauth`)
    // The page takes its first access token from a refresh: the tokens stay out of the URL.
    await app.tokens.login(account, reply, { claims: loginClaims('oauth') })
    return reply.redirect(`${origin}/`)
  })
}

interface Profile { sub: string, email: string | null }

/** Returns null if the state is not of this browser, or the provider refuses. */
async function profileOf (
  app: FastifyInstance, request: FastifyRequest, reply: FastifyReply
): Promise<Profile | null> {
  try {
    const { token } = await app.provider.getAccessTokenFromAuthorizationCodeFlow(request, reply)
    const profile = await app.provider.userinfo(token.access_token)
    if (!('sub' in profile) || typeof profile.sub !== 'string' || profile.sub === '') return null
    const isVerified = 'email_verified' in profile && profile.email_verified === true
    const email = isVerified && 'email' in profile && typeof profile.email === 'string'
      ? profile.email
      : null
    return { sub: profile.sub, email }
  } catch (error) {
    // The error may have the answer of the provider, and with it a token.
    const reason = error instanceof Error ? error.message : 'unknown'
    request.log.info(`login at the provider failed: ${reason}`)
    return null
  }
}

/**
 * Returns the account of a subject. An address may change hands, so it finds an account only once,
 * and only if the provider has verified it. It does not find an account with a second factor: the
 * provider may not require one. From then on the provider alone decides what a login requires.
 */
function accountOf (accounts: Accounts, issuer: string, { sub, email }: Profile): Account | null {
  const identity = `${issuer} ${sub}`
  const known = accounts.findByIdentity(identity)
  if (known !== null || email === null) return known
  const account = accounts.findByEmail(email) ?? accounts.add(email)
  if (account === null || account.totp !== null) return null
  account.identities.push(identity)
  return account
}
