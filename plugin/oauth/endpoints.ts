import type { FastifyInstance } from 'fastify'
import { JWKS_PATH } from '../routes/jwks.ts'

/** The URLs of the authorization server that its metadata and tokens name. */
export interface Endpoints {
  readonly issuer: string
  readonly authorize: string
  /** Also the audience of the tokens that only the authorization server takes. */
  readonly token: string
  readonly revoke: string
  readonly introspect: string
  readonly userinfo: string
  readonly jwks: string
}

/**
 * Returns the URLs of the endpoints. `scopePrefix`, `prefix` and `jwksPath` are paths on this
 * server. If the first two have the issuer's path, they are the path outside too. Otherwise a proxy
 * strips the issuer's path.
 */
export function endpointsOf (
  issuer: string, scopePrefix: string, prefix: string, jwksPath = JWKS_PATH
): Endpoints {
  const { origin, pathname } = new URL(issuer)
  const path = scopePrefix.replace(/\/$/, '') + prefix
  const isWhole = pathname === '/' || `${path}/`.startsWith(`${pathname}/`)
  const base = isWhole ? origin : issuer
  return {
    issuer,
    authorize: `${base}${path}/authorize`,
    token: `${base}${path}/token`,
    revoke: `${base}${path}/revoke`,
    introspect: `${base}${path}/introspect`,
    userinfo: `${base}${path}/userinfo`,
    jwks: `${base}${jwksPath}`
  }
}

/**
 * Returns the path of the public keys in an app. The first plugin serves them: in this scope, or in
 * an outer one.
 */
export function jwksPathOf (app: Pick<FastifyInstance, 'prefix' | 'hasRoute'>): string | undefined {
  const segments = app.prefix.split('/').filter(segment => segment !== '')
  const prefixes = segments.map((_, index) => `/${segments.slice(0, index + 1).join('/')}`)
  return ['', ...prefixes].map(prefix => prefix + JWKS_PATH)
    .findLast(url => app.hasRoute({ method: 'GET', url }))
}
