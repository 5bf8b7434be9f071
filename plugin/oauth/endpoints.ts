import { JWKS_PATH } from '../routes/jwks.ts'

/** The URLs of the authorization server that its metadata and tokens name. */
export interface Endpoints {
  readonly issuer: string
  readonly authorize: string
  /** Also the audience of the tokens that only the authorization server takes. */
  readonly token: string
  readonly jwks: string
}

/**
 * Returns the URLs of the endpoints. `scopePrefix` and `prefix` are the path on this server. If
 * that path has the issuer's path, it is the path outside too. Otherwise a proxy strips the
 * issuer's path.
 */
export function endpointsOf (issuer: string, scopePrefix: string, prefix: string): Endpoints {
  const { origin, pathname } = new URL(issuer)
  const path = scopePrefix + prefix
  const isWhole = pathname === '/' || path.startsWith(`${pathname}/`)
  const base = isWhole ? origin : issuer
  return {
    issuer,
    authorize: `${base}${path}/authorize`,
    token: `${base}${path}/token`,
    jwks: `${base}${scopePrefix}${JWKS_PATH}`
  }
}
