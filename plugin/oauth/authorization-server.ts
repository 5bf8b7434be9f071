import type { LimitByAddress } from '../limits/token-limits.ts'
import type { Registration } from '../registration.ts'
import type { Endpoints } from './endpoints.ts'
import type { ResolvedOAuthOptions } from './resolve-options.ts'

/** Everything that one registration of the plugin owns, wired once. */
export interface AuthorizationServer {
  /** The registration of the first plugin, whose keys, sessions and limits it uses. */
  readonly core: Registration
  readonly options: ResolvedOAuthOptions
  readonly endpoints: Endpoints
  readonly limitByAddress: LimitByAddress
}

const unlimited: LimitByAddress = async () => {}

export function createAuthorizationServer (
  core: Registration, options: ResolvedOAuthOptions, endpoints: Endpoints
): AuthorizationServer {
  const { rateLimit } = options
  const limitByAddress = rateLimit === false
    ? unlimited
    : core.rateLimiter.perAddress('oauthPerAddress', rateLimit)
  return { core, options, endpoints, limitByAddress }
}
