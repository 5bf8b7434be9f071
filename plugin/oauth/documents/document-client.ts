import { type Client, isClientName } from '../clients.ts'
import type { Grant } from '../options.ts'
import { isPrivateScheme, redirectUriProblem } from '../redirect-uris.ts'

/**
 * Returns the client that a metadata document describes (RFC 7591 section 2), or why it describes
 * none. The document is the word of the app: it may have all scopes that the user allows, and is
 * never trusted.
 * @param url the client id, and the place of the document
 * @param scopes all that the server has
 */
export function documentClient (
  url: string, document: unknown, scopes: readonly string[]
): Client | string {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    return 'The document is not a JSON object.'
  }
  const metadata = document as Record<string, unknown>
  const { client_id: id, client_name: name } = metadata
  if (id !== url) return 'The member "client_id" is not the URL of the document.'
  if (!isClientName(name)) return 'The member "client_name" is missing, or not a plain name.'
  if ('client_secret' in metadata) return 'The document has a "client_secret", which is public.'
  if (!isPublic(metadata)) return 'The client cannot use the "token_endpoint_auth_method" none.'
  const redirectUris = usableUris(metadata.redirect_uris)
  if (redirectUris.length === 0) return 'The member "redirect_uris" has no usable URI.'
  const grants = grantsOf(metadata)
  if (!grants.has('authorization_code')) return 'The client does not use authorization_code.'
  const uri = homePage(url, metadata.client_uri)
  return Object.freeze({
    id: url,
    name,
    secretHash: undefined,
    redirectUris,
    grants,
    scopes,
    trusted: false,
    introspects: false,
    fromDocument: true,
    uri,
    given: Object.freeze({
      id: url, name, redirectUris: [...redirectUris], grants: [...grants], ...(uri && { uri })
    })
  })
}

/** A client with a key pair may say that it can do without. A document has no other secret. */
function isPublic (metadata: Record<string, unknown>): boolean {
  const {
    token_endpoint_auth_method: method = 'none', token_endpoint_auth_methods_supported: methods
  } = metadata
  return method === 'none' || (Array.isArray(methods) && methods.includes('none'))
}

/** An app has one document for all servers, so it may have URIs that this one does not take. */
const usableUris = (given: unknown): readonly string[] => Object.freeze(Array.isArray(given)
  ? [...new Set(given.filter((uri): uri is string => redirectUriProblem(uri) === undefined))]
  : [])

/** Without the members, RFC 7591 section 2 says: `authorization_code` and `code`. */
function grantsOf (metadata: Record<string, unknown>): ReadonlySet<Grant> {
  const { grant_types: grants = ['authorization_code'], response_types: types = ['code'] } =
    metadata
  const has = (list: unknown, name: string): boolean => Array.isArray(list) && list.includes(name)
  if (!has(grants, 'authorization_code') || !has(types, 'code')) return new Set()
  return new Set<Grant>(has(grants, 'refresh_token')
    ? ['authorization_code', 'refresh_token']
    : ['authorization_code'])
}

/** A link to the page of another site would make the app look like that site. */
function homePage (url: string, given: unknown): string | undefined {
  if (redirectUriProblem(given) !== undefined || isPrivateScheme(given as string)) return undefined
  return new URL(given as string).origin === new URL(url).origin ? given as string : undefined
}
