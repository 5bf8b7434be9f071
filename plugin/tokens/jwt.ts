import {
  type AccessClaims, type Claims, type ClaimRules, type OAuthClaims, type OAuthKind,
  type RefreshClaims, type TokenKind, checkClaims, customClaims
} from './claims.ts'
import { type Header, MAX_TOKEN_LENGTH, decodeObject, readJws } from './jws.ts'
import type { Refusal } from '../errors.ts'
import { newId } from '../ids.ts'
import type { KeyRing, TokenTyp } from '../keys/key-ring.ts'

/** The reply to a login: a refresh token and an access token of one session. */
export interface TokenPair { refresh: string, access: string }

/** The reply to a refresh. `refresh` is absent when rotation is off. */
export interface RefreshedTokens { access: string, refresh?: string }

/** The members of a session that its current refresh token is minted from. */
export interface RefreshTokenSeed {
  sid: string
  userId: string
  jti: string
  issuedAt: number
  expiresAt: number
}

/**
 * The members of a session that an access token is minted from. Times in milliseconds. The token
 * lives no longer than `accessLifetime`, so that the store knows when it has expired.
 */
export interface AccessTokenSeed {
  sid: string
  userId: string
  endsAt: number
  accessLifetime: number
}

/**
 * The claims of a token that an OAuth endpoint mints, except `token_type` and `iss`. Times in
 * seconds.
 */
export interface OAuthSeed {
  exp: number
  iat: number
  jti: string
  aud: string
  /** Absent from an ID token, whose `aud` is the client. */
  client_id?: string
  [claim: string]: unknown
}

/** The audience that a token must be for, or a list of which it must be for one. */
type Audience = string | readonly string[]

/**
 * Mints and verifies tokens. Knows neither sessions nor requests. Returns refusals as values. The
 * mints throw a RangeError for a token that would be refused for its length.
 */
export interface Tokens {
  mintAccess(seed: AccessTokenSeed, custom: Record<string, unknown>): string
  /**
   * Mints the same token from the same seed and claims, if the algorithm is deterministic.
   * `sessionOptions` is the claim of that name, which each successor carries on.
   */
  mintRefresh(
    seed: RefreshTokenSeed, custom: Record<string, unknown>, sessionOptions?: object
  ): string
  /** Mints a token of a client. It has exactly the claims of the seed, `token_type` and `iss`. */
  mintForClient(kind: 'access' | OAuthKind, seed: OAuthSeed, typ: TokenTyp): string
  /** Default audience: the option `audience`. */
  verifyAccess(token: string, audience?: Audience): AccessClaims | Refusal
  verifyRefresh(token: string): RefreshClaims | Refusal
  /** Verifies a token of one kind. Default audience and leeway: those of the options. */
  verifyForClient(
    token: string, kind: OAuthKind, audience?: Audience, leeway?: number
  ): OAuthClaims | Refusal
  /** Verifies an access or a refresh token. */
  verifyAny(token: string): Claims | Refusal
  /**
   * Returns undefined if a token can be verified now. Otherwise resolves after fetching the
   * issuer's keys. Rejects with a `SimpleJwtError` (503) if the issuer does not answer.
   */
  missingKey(token: string): Promise<void> | undefined
}

const MAX_KNOWN_HEADERS = 100

function shortEnough (type: string, token: string): string {
  if (token.length <= MAX_TOKEN_LENGTH) return token
  throw new RangeError(`fastify-simplejwt: the ${type} token would have ${token.length} ` +
    `characters. At most ${MAX_TOKEN_LENGTH} are accepted. Return fewer claims from claims(), or ` +
    'shorten the user id, the "kid", the "issuer" or the "audience".')
}

const toSeconds = (ms: number): number => Math.floor(ms / 1000)

export function createTokens (
  keys: KeyRing,
  rules: ClaimRules,
  accessTokenLifetime: number,
  now: () => number
): Tokens {
  const mint = (
    type: 'access' | 'refresh',
    token: RefreshTokenSeed,
    custom: Record<string, unknown>,
    sessionOptions?: object
  ): string =>
    shortEnough(type, keys.sign({
      token_type: type,
      exp: toSeconds(token.expiresAt),
      iat: toSeconds(token.issuedAt),
      jti: token.jti,
      [rules.userIdClaim]: token.userId,
      sid: token.sid,
      ...(rules.issuer !== undefined && { iss: rules.issuer }),
      ...(rules.audience !== undefined && { aud: rules.audience }),
      ...(sessionOptions !== undefined && { session_options: sessionOptions }),
      ...customClaims(custom, rules.userIdClaim)
    }))

  /** Parsed headers of verified tokens. All tokens of a key share one header. */
  const headers = new Map<string, Header>()

  let latest = 0

  const verify = (
    token: string, expected: TokenKind | undefined, expectedRules = rules
  ): Claims | Refusal => {
    const jws = readJws(token, headers)
    if (jws === undefined || !keys.verify(jws)) return 'Token is invalid'
    if (headers.size < MAX_KNOWN_HEADERS) headers.set(jws.headerText, jws.header)
    const payload = decodeObject(jws.payloadText)
    if (payload === undefined) return 'Token is invalid'
    const time = now()
    latest = Math.max(latest, time)
    return checkClaims(payload, expected, expectedRules, time, latest)
  }

  return {
    mintAccess: ({ sid, userId, endsAt, accessLifetime }, custom) => {
      const issuedAt = now()
      const expiresAt = Math.min(issuedAt + Math.min(accessTokenLifetime, accessLifetime), endsAt)
      return mint('access', { sid, userId, jti: newId(), issuedAt, expiresAt }, custom)
    },
    mintRefresh: (seed, custom, sessionOptions) => mint('refresh', seed, custom, sessionOptions),
    mintForClient: (kind, seed, typ) => shortEnough(kind, keys.sign({
      ...seed, token_type: kind, ...(rules.issuer !== undefined && { iss: rules.issuer })
    }, typ)),
    verifyAccess: (token, audience) =>
      verify(token, 'access', audience === undefined ? rules : { ...rules, audience }) as
        AccessClaims | Refusal,
    verifyRefresh: token => verify(token, 'refresh') as RefreshClaims | Refusal,
    verifyForClient: (token, kind, audience = rules.audience, leeway = rules.leeway) =>
      verify(token, kind, { ...rules, audience, leeway }) as unknown as OAuthClaims | Refusal,
    verifyAny: token => verify(token, undefined),
    missingKey: token => {
      const jws = keys.missing === undefined ? undefined : readJws(token, headers)
      return jws === undefined ? undefined : keys.missing?.(jws.header.alg, jws.header.kid)
    }
  }
}
