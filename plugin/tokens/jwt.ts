import {
  type AccessClaims, type Claims, type ClaimRules, type RefreshClaims, checkClaims, customClaims
} from './claims.ts'
import { type Header, headerSegment, isUnambiguous, readHeader } from './jws.ts'
import type { Refusal } from '../errors.ts'
import { newId } from '../ids.ts'
import type { KeyRing } from '../keys/key-ring.ts'

/** What a login answers: a refresh token and an access token of one session. */
export interface TokenPair { refresh: string, access: string }

/** What a refresh answers: `refresh` is absent when rotation is off. */
export interface RefreshedTokens { access: string, refresh?: string }

/**
 * What a refresh token is minted from: the part of a session that tells about its current refresh
 * token.
 */
export interface RefreshTokenSeed {
  sid: string
  userId: string
  jti: string
  issuedAt: number
  expiresAt: number
}

/** Whom and for how long an access token is minted. Times in milliseconds. */
export interface AccessTokenSeed { sid: string, userId: string, endsAt: number }

/**
 * Mints and verifies tokens. Knows JWTs only: no session, no request. A refusal is a value, never a
 * throw.
 */
export interface Tokens {
  mintAccess(seed: AccessTokenSeed, custom: Record<string, unknown>): string
  /**
   * The same seed and claims give the same token, byte for byte where the algorithm is
   * deterministic.
   */
  mintRefresh(seed: RefreshTokenSeed, custom: Record<string, unknown>): string
  verifyAccess(token: string): AccessClaims | Refusal
  verifyRefresh(token: string): RefreshClaims | Refusal
  /** Either kind. */
  verifyAny(token: string): Claims | Refusal
  /**
   * Undefined if a token can be verified now. Else a promise for the moment when its key was asked
   * for, which rejects if that cannot be.
   */
  missingKey(token: string): Promise<void> | undefined
}

const MAX_KNOWN_HEADERS = 100

const toSeconds = (ms: number): number => Math.floor(ms / 1000)

export function createTokens (
  keys: KeyRing,
  rules: ClaimRules,
  accessTokenLifetime: number,
  now: () => number
): Tokens {
  const mint = (
    type: 'access' | 'refresh', token: RefreshTokenSeed, custom: Record<string, unknown>
  ): string =>
    keys.sign({
      token_type: type,
      exp: toSeconds(token.expiresAt),
      iat: toSeconds(token.issuedAt),
      jti: token.jti,
      user_id: token.userId,
      sid: token.sid,
      ...(rules.issuer !== undefined && { iss: rules.issuer }),
      ...(rules.audience !== undefined && { aud: rules.audience }),
      ...customClaims(custom)
    })

  /** Headers of tokens whose signature was good, which are few and come again with every token. */
  const headers = new Map<string, Header>()

  const verify = (token: string, expected: 'access' | 'refresh' | undefined): Claims | Refusal => {
    const header = readHeader(token, headers)
    if (header === undefined) return 'Token is invalid'
    const payload = keys.verify(token, header.alg, header.kid)
    if (payload === undefined) return 'Token is invalid'
    if (headers.size < MAX_KNOWN_HEADERS) headers.set(headerSegment(token), header)
    if (!isUnambiguous(token, payload)) return 'Token is invalid'
    return checkClaims(payload, expected, rules, now())
  }

  return {
    mintAccess: ({ sid, userId, endsAt }, custom) => {
      const issuedAt = now()
      const expiresAt = Math.min(issuedAt + accessTokenLifetime, endsAt)
      return mint('access', { sid, userId, jti: newId(), issuedAt, expiresAt }, custom)
    },
    mintRefresh: (seed, custom) => mint('refresh', seed, custom),
    verifyAccess: token => verify(token, 'access') as AccessClaims | Refusal,
    verifyRefresh: token => verify(token, 'refresh') as RefreshClaims | Refusal,
    verifyAny: token => verify(token, undefined),
    missingKey: token => {
      const header = keys.missing === undefined ? undefined : readHeader(token, headers)
      return header === undefined ? undefined : keys.missing?.(header.alg, header.kid)
    }
  }
}
