import type { Refusal } from '../errors.ts'
import type { DeclaredClaims } from '../user.ts'

/**
 * The kinds of token that only the OAuth endpoints mint and take (`token_type`):
 * - `client`: the access token of a client itself (client credentials). It has no user.
 * - `grant`: the refresh token of a client.
 * - `code`: an authorization code.
 * - `authorization`: a checked authorization request, on its way through the consent page.
 * - `id`: an ID token of OpenID Connect. Its `aud` is the client.
 */
export type OAuthKind = 'client' | 'grant' | 'code' | 'authorization' | 'id'

/** The kinds of token (`token_type`). SimpleJWT has the first two. */
export type TokenKind = 'access' | 'refresh' | OAuthKind

const OF_CLIENT = new Set<unknown>(['client', 'grant', 'code', 'authorization'])
/** The kinds of token that name no user. */
const WITHOUT_USER = new Set<unknown>(['client', 'code', 'authorization', 'id'])

/** The claims of a verified token of a kind that OAuth uses. */
export interface OAuthClaims {
  readonly token_type: OAuthKind
  readonly exp: number
  readonly iat: number
  readonly jti: string
  /** The client that the token was issued to. An ID token has it as `aud`. */
  readonly client_id: string
  /** Only in a `grant`. */
  readonly user_id?: string
  readonly sid?: string
  readonly [claim: string]: unknown
}

/**
 * Claims of a verified token. `user_id` is always the user id as a string, even if the token has a
 * number, or the id under another name.
 */
export interface Claims {
  readonly token_type: 'access' | 'refresh'
  /** Expiry, in seconds since the epoch. */
  readonly exp: number
  /** When the token was issued, in seconds since the epoch. */
  readonly iat?: number
  readonly jti: string
  readonly user_id: string
  /** Session id. Absent from tokens that another server minted. */
  readonly sid?: string
  /** The OAuth client of the token. Absent from the tokens of a user's own login. */
  readonly client_id?: string
  readonly iss?: string
  readonly aud?: string | readonly string[]
  readonly [claim: string]: unknown
}

/**
 * The frozen claims of an access token, with those that the app declares: `request.user` after
 * `authenticate`.
 */
export type AccessClaims = Claims & { readonly token_type: 'access' } & Readonly<DeclaredClaims>

/** The claims of a refresh token. */
export interface RefreshClaims extends Claims { readonly token_type: 'refresh' }

/** The options that claims are checked against. Times in milliseconds. */
export interface ClaimRules {
  issuer: string | undefined
  /** A list: a token must be for one of them. */
  audience: string | readonly string[] | undefined
  leeway: number
  /** Name of the claim that holds the user id. */
  userIdClaim: string
}

const RESERVED = new Set([
  'token_type', 'exp', 'iat', 'nbf', 'jti', 'user_id', 'sub', 'sid', 'client_id', 'iss', 'aud',
  'session_options'
])
const MAX_LIFETIME_SECONDS = 366 * 86_400
/** Tolerated lead of another issuer's clock. */
const CLOCK_SKEW_SECONDS = 60

const isDate = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value)
const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

/**
 * Checks the payload of a token with a good signature, in SimpleJWT's order: times, issuer and
 * audience, then `exp`, `jti`, `token_type`, then the user. Without `expected` it accepts an access
 * and a refresh token. Freezes and returns the payload itself: a copy would take three times the
 * heap, in the cache too.
 * @param now in milliseconds
 * @param latest the latest time that this process has seen: after its clock was set back, tokens
 *   from before are not from the future
 */
export function checkClaims (
  payload: unknown,
  expected: TokenKind | undefined,
  rules: ClaimRules,
  now: number,
  latest = now
): Claims | Refusal {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
    return 'Token is invalid'
  }
  const claims = payload as Record<string, unknown>
  return (
    checkTimes(claims, rules.leeway / 1000, now / 1000, latest / 1000) ??
    checkIssuerAndAudience(claims, rules) ??
    checkIdentity(claims, expected, rules.userIdClaim) ??
    freeze(WITHOUT_USER.has(claims.token_type)
      ? claims as unknown as Claims
      : withUserId(claims, claims[rules.userIdClaim]))
  )
}

/** Copies claims only if they lack the id under this name, or as a string. */
const withUserId = (claims: Record<string, unknown>, userId: unknown): Claims =>
  (claims.user_id === userId && isText(userId)
    ? claims
    : { ...claims, user_id: String(userId) }) as unknown as Claims

function checkTimes (
  { exp, iat, nbf }: Record<string, unknown>, leeway: number, now: number, latest: number
): Refusal | undefined {
  if (iat !== undefined && !isDate(iat)) return 'Token is invalid'
  if (nbf !== undefined && (!isDate(nbf) || nbf > now + leeway)) return 'Token is invalid'
  if (iat !== undefined && iat > latest + leeway + CLOCK_SKEW_SECONDS) return 'Token is invalid'
  if (exp === undefined) return undefined
  if (!isDate(exp)) return 'Token is invalid'
  if (exp <= now - leeway) return 'Token is expired'
  if (iat !== undefined && exp <= iat) return 'Token is invalid'
  if (exp - (iat ?? now) > MAX_LIFETIME_SECONDS) return 'Token is invalid'
  return undefined
}

function checkIssuerAndAudience (
  { iss, aud }: Record<string, unknown>, { issuer, audience }: ClaimRules
): Refusal | undefined {
  if (issuer !== undefined && iss !== issuer) return 'Token is invalid'
  if (audience === undefined) return undefined
  const audiences: unknown[] = Array.isArray(aud) ? aud : [aud]
  return audiences.every(isText) && audiences.some(each => isFor(each, audience))
    ? undefined
    : 'Token is invalid'
}

const isFor = (aud: string, expected: string | readonly string[]): boolean =>
  typeof expected === 'string' ? aud === expected : expected.includes(aud)

function checkIdentity (
  claims: Record<string, unknown>,
  expected: TokenKind | undefined,
  userIdClaim: string
): Refusal | undefined {
  const { exp, jti, token_type: type, client_id: clientId, [userIdClaim]: userId, sid } = claims
  if (exp === undefined) return "Token has no 'exp' claim"
  if (jti === undefined) return 'Token has no id'
  if (!isText(jti) || (sid !== undefined && !isText(sid))) return 'Token is invalid'
  if (type === undefined) return 'Token has no type'
  if (expected === undefined ? type !== 'access' && type !== 'refresh' : type !== expected) {
    return 'Token has wrong type'
  }
  if (OF_CLIENT.has(type) && (!isText(clientId) || claims.iat === undefined)) {
    return 'Token is invalid'
  }
  if (WITHOUT_USER.has(type)) return undefined
  if (userId === undefined) return 'Token contained no recognizable user identification'
  if (userId === null) return 'User not found'
  return isText(userId) || Number.isSafeInteger(userId) ? undefined : 'Token is invalid'
}

/** Returns whether an access token was issued to an OAuth client, which acts for the user. */
export const isOfClient = ({ client_id: clientId }: Claims): boolean => clientId !== undefined

/** All requests with one token share its claims, so the claims must not change. */
function freeze<T extends object> (value: T): Readonly<T> {
  for (const name in value) {
    const member = value[name]
    if (typeof member === 'object' && member !== null) freeze(member)
  }
  return Object.freeze(value)
}

/** Returns whether the plugin writes a claim of this name. `user_id` is always one of them. */
export const isReserved = (name: string, userIdClaim: string): boolean =>
  RESERVED.has(name) || name === userIdClaim

/** Returns the claims of the host: all except those that the plugin writes. */
export function customClaims (
  claims: Readonly<Record<string, unknown>>, userIdClaim: string
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(claims).filter(([name]) => !isReserved(name, userIdClaim))
  )
}
