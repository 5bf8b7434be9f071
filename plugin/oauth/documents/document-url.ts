import { isIP } from 'node:net'

const MAX_LENGTH = 500

/**
 * Returns whether a client id is the URL of a metadata document
 * (draft-ietf-oauth-client-id-metadata-document): https with a path, and without a user, a fragment
 * and dot segments. It must be written as `URL` writes it, since it is compared by its text. A host
 * is a name: the certificates of apps are not for addresses.
 */
export function isDocumentUrl (id: unknown): id is string {
  if (typeof id !== 'string' || id.length > MAX_LENGTH || !URL.canParse(id)) return false
  const { href, protocol, username, password, hostname, pathname } = new URL(id)
  if (href !== id || protocol !== 'https:' || id.includes('#')) return false
  if (username !== '' || password !== '' || pathname === '/') return false
  return !hostname.startsWith('[') && isIP(hostname) === 0 && !hostname.endsWith('.')
}

/** Returns the host of the URL, without its port. */
export const hostOf = (url: string): string => new URL(url).hostname
