import { isIPv4 } from 'node:net'
import type { Refuse } from '../option-checks.ts'

/**
 * The address of a JWK set. Over https only, or over http from this machine itself: whoever answers decides whose tokens are good.
 * @throws whatever `refuse` throws, for any other
 */
export function resolveJwksUrl (given: { jwksUrl?: unknown, secret?: unknown, keys?: unknown }, refuse: Refuse): URL | undefined {
  const { jwksUrl, secret, keys } = given
  if (jwksUrl === undefined) return undefined
  if (secret !== undefined || keys !== undefined) refuse('jwksUrl', 'cannot be given together with "secret" or "keys".')
  if (typeof jwksUrl !== 'string' || !URL.canParse(jwksUrl)) return refuse('jwksUrl', "must be a URL such as 'https://issuer.example/.well-known/jwks.json'.")
  const url = new URL(jwksUrl)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) refuse('jwksUrl', 'must be https, or http to a loopback address.')
  if (url.username !== '' || url.password !== '') refuse('jwksUrl', 'must not hold a user name or a password.')
  return url
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'))
