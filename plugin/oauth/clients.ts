import { type Refuse, flag, text } from '../option-checks.ts'
import { parseSecretHash } from './client-secrets.ts'
import { distinct, refuseUnknown } from './option-refusals.ts'
import type { Grant, OAuthClient } from './options.ts'
import { isLoopback, isPrivateScheme, redirectUriProblem } from './redirect-uris.ts'
import { isSubset } from './scopes.ts'

/** A checked client, with all defaults. */
export interface Client {
  readonly id: string
  readonly name: string
  /** SHA-256 of the secret. Undefined for a public client. */
  readonly secretHash: Buffer | undefined
  readonly redirectUris: readonly string[]
  readonly grants: ReadonlySet<Grant>
  readonly scopes: readonly string[]
  readonly trusted: boolean
  readonly introspects: boolean
  /** True: a metadata document of the app describes it, and not the host. */
  readonly fromDocument: boolean
  readonly uri: string | undefined
  /** The object of the host, for its `claims`. */
  readonly given: OAuthClient
}

/**
 * Returns the client with an id, or null. Calls `beforeFetch` before it fetches a new document.
 * @throws Error for a bad answer of the host
 */
export type FindClient = (id: string, beforeFetch?: () => Promise<void>) => Promise<Client | null>

const MEMBERS = new Set([
  'id', 'name', 'secretHash', 'redirectUris', 'grants', 'scopes', 'trusted', 'introspects', 'uri'
])
const DEFAULT_GRANTS: Grant[] = ['authorization_code', 'refresh_token']
const GRANTS: readonly Grant[] = [...DEFAULT_GRANTS, 'client_credentials']

/** A UUID may begin with a letter, and may be the id of a user. */
const ID =
  /^(?![0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$)[A-Za-z][A-Za-z0-9._-]{2,99}$/

export const CLIENT_ID_RULE =
  'must be 3 to 100 characters of A-Z a-z 0-9 . _ -, the first a letter, and not a UUID.'

export const isClientId = (id: unknown): id is string => typeof id === 'string' && ID.test(id)

/** The consent page shows the name, and no character of it may turn or hide the text around it. */
const NAME =
  /^(?=.*[\p{L}\p{N}\p{P}\p{S}])[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]{1,200}$/u

export const isClientName = (name: unknown): name is string =>
  typeof name === 'string' && NAME.test(name)

/**
 * Checks a client and fills in the defaults. `name` is the name of the client in errors, `scopes`
 * are all that the server has.
 * @throws the error of `refuse`, which gets the name of the member and the broken rule
 */
export function resolveClient (
  name: string, given: unknown, scopes: readonly string[], refuse: Refuse
): Client {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return refuse(name, 'must be an object.')
  }
  const of = (member: string): string => `${name}.${member}`
  refuseUnknown(given, MEMBERS, of, refuse)
  const client = given as OAuthClient
  const { id, grants: givenGrants = DEFAULT_GRANTS, redirectUris: uris = [] } = client
  if (!isClientId(id)) return refuse(of('id'), CLIENT_ID_RULE)
  const secretHash = resolveHash(of('secretHash'), client.secretHash, refuse)
  const introspects = client.introspects !== undefined &&
    flag(of('introspects'), client.introspects, refuse)
  if (introspects && secretHash === undefined) {
    refuse(of('introspects'), 'must be false for a client without a secret.')
  }
  const grants = resolveGrants(
    of('grants'), givenGrants, { isPublic: secretHash === undefined, introspects }, refuse)
  const redirectUris = resolveUris(of('redirectUris'), uris, refuse)
  if (grants.has('authorization_code') && redirectUris.length === 0) {
    refuse(of('redirectUris'), 'must have at least one URI for the grant authorization_code.')
  }
  const trusted = client.trusted !== undefined && flag(of('trusted'), client.trusted, refuse)
  if (trusted && secretHash === undefined && redirectUris.some(isAnyonesUri)) {
    refuse(of('trusted'), 'must be false for a client without a secret and with a loopback or ' +
      'private-scheme URI: another app can pose as it (RFC 8252 section 8.6).')
  }
  return Object.freeze({
    id,
    name: checkedName(of('name'), client.name, refuse),
    secretHash,
    redirectUris,
    grants,
    scopes: resolveScopes(of('scopes'), client.scopes, scopes, refuse),
    trusted,
    introspects,
    fromDocument: false,
    uri: resolveHomePage(of('uri'), client.uri, refuse),
    given: client
  })
}

const isAnyonesUri = (uri: string): boolean => isLoopback(uri) || isPrivateScheme(uri)

const NAME_RULE = 'must be a text of 1 to 200 characters without control characters.'

const checkedName = (name: string, given: unknown, refuse: Refuse): string =>
  text(name, given, NAME, NAME_RULE, refuse) ?? refuse(name, NAME_RULE)

function resolveHash (name: string, given: unknown, refuse: Refuse): Buffer | undefined {
  if (given === undefined) return undefined
  return parseSecretHash(given) ?? refuse(name, 'must be "sha256:" and 43 characters, as ' +
    '"npx fastify-simplejwt client NAME" prints it. Leave it out for a client without a secret.')
}

/** A resource server that only introspects needs no grant. */
function resolveGrants (
  name: string,
  given: unknown,
  { isPublic, introspects }: { isPublic: boolean, introspects: boolean },
  refuse: Refuse
): ReadonlySet<Grant> {
  const grants = distinct(name, given, 'grants', introspects ? 0 : 1, refuse)
  const unknown = grants.findIndex(grant => !GRANTS.includes(grant as Grant))
  if (unknown !== -1) refuse(`${name}[${unknown}]`, `must be one of: ${GRANTS.join(', ')}.`)
  if (isPublic && grants.includes('client_credentials')) {
    refuse(name, 'has client_credentials, which needs a "secretHash".')
  }
  if (grants.includes('refresh_token') && !grants.includes('authorization_code')) {
    refuse(name, 'has refresh_token, which needs authorization_code.')
  }
  return new Set(grants as Grant[])
}

function resolveUris (name: string, given: unknown, refuse: Refuse): readonly string[] {
  const uris = distinct(name, given, 'URIs', 0, refuse)
  for (const [index, uri] of uris.entries()) {
    const problem = redirectUriProblem(uri)
    if (problem !== undefined) refuse(`${name}[${index}]`, problem)
  }
  return Object.freeze([...uris as string[]])
}

function resolveScopes (
  name: string, given: unknown, all: readonly string[], refuse: Refuse
): readonly string[] {
  if (given === undefined) return all
  const scopes = distinct(name, given, 'names in the option "scopes"', 1, refuse) as string[]
  const unknown = scopes.findIndex(scope => !isSubset([scope], all))
  return unknown === -1
    ? Object.freeze([...scopes])
    : refuse(`${name}[${unknown}]`, 'must be a name in the option "scopes".')
}

/** A link of the consent page: `javascript:` must not get there. */
function resolveHomePage (name: string, given: unknown, refuse: Refuse): string | undefined {
  if (given === undefined) return undefined
  return redirectUriProblem(given) === undefined && !isPrivateScheme(given as string)
    ? given as string
    : refuse(name, 'must be an https URL, or an http URL of 127.0.0.1, [::1] or localhost.')
}
