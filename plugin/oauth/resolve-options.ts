import { type Key, canSign, isSecret } from '../keys/key-options.ts'
import { checkedPrefix, duration, hostFunction, text } from '../option-checks.ts'
import type { ResolvedOptions } from '../resolve-options.ts'
import { MAX_SESSION_LIFETIME_MS, MAX_TOKEN_LIFETIME_MS } from '../sessions/session-lifetimes.ts'
import { createFindClient } from './find-client.ts'
import { distinct, refuse, refuseUnknown } from './option-refusals.ts'
import type { OAuthOptions } from './options.ts'
import { redirectUriProblem, isPrivateScheme } from './redirect-uris.ts'
import { OPENID, SCOPE_TOKEN } from './scopes.ts'

/** The options with all defaults, durations in milliseconds. */
export type ResolvedOAuthOptions = Readonly<ReturnType<typeof resolveOAuthOptions>>

/** The options of the first plugin that this one needs. */
export type CoreOptions = Pick<
  ResolvedOptions, 'issuer' | 'audience' | 'verifyOnly' | 'keys' | 'userIdClaim'
>

/** Claims of the tokens of apps. The user id under such a name would be lost. */
const WRITTEN_CLAIMS = ['scope', 'resource', 'auth_time']

const NAMES = new Set([
  'interactionUrl', 'scopes', 'clients', 'findClient', 'metadataDocuments', 'resources', 'claims',
  'userinfo', 'loggedIn', 'codeLifetime', 'refreshTokenLifetime', 'grantLifetime', 'prefix',
  'namespace', 'rateLimit'
])

const SECOND_MS = 1000
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const DEFAULT_RATE_LIMIT = 300

/**
 * Checks the options and fills in the defaults. Does not change the caller's object.
 * @throws TypeError that names the option and its rule
 */
export function resolveOAuthOptions (given: OAuthOptions, core: CoreOptions) {
  refuseUnknown(given, NAMES, name => name, refuse)
  const { issuer, audience } = resolveCore(core)
  const scopes = resolveScopes(given.scopes)
  const { prefix = '/oauth', rateLimit = DEFAULT_RATE_LIMIT } = given
  return Object.freeze({
    interactionUrl: resolveInteractionUrl(given.interactionUrl, issuer),
    scopes,
    findClient: createFindClient(given, Object.freeze([...scopes.keys()]), audience),
    allowDocument: resolveMetadataDocuments(given.metadataDocuments),
    resources: resolveResources(given.resources, audience),
    claims: hostFunction('claims', given.claims, refuse),
    userinfo: hostFunction('userinfo', given.userinfo, refuse),
    loggedIn: hostFunction('loggedIn', given.loggedIn, refuse),
    ...resolveLifetimes(given),
    prefix: checkedPrefix(prefix, refuse),
    namespace: text('namespace', given.namespace, /^[a-z][A-Za-z0-9]*$/,
      "must be the namespace of the first plugin, such as 'staff'.", refuse),
    rateLimit: checkedRateLimit(rateLimit)
  })
}

const fail = (text: string): never => { throw new TypeError(`fastify-simplejwt/oauth: ${text}`) }

/** Checks the options of the first plugin. Returns its issuer and its audience. */
function resolveCore ({ issuer, audience, verifyOnly, keys, userIdClaim }: CoreOptions) {
  if (verifyOnly) {
    fail('needs a signing key, and fastify-simplejwt has none. Register it on the server that ' +
      'issues the tokens.')
  }
  requireKeyPair(keys)
  if (issuer === undefined || !isIssuer(issuer)) {
    return fail('needs the option "issuer" of fastify-simplejwt: an https URL without query, ' +
      "fragment and trailing slash, such as 'https://example.com'. On this machine http is allowed.")
  }
  if (audience === undefined) {
    return fail('needs the option "audience" of fastify-simplejwt: the name of your API in ' +
      "tokens, such as 'https://example.com/api'.")
  }
  if (WRITTEN_CLAIMS.includes(userIdClaim)) {
    return fail(`needs another "userIdClaim" than '${userIdClaim}', which is another claim in ` +
      "the tokens of apps. Choose a name such as 'user_id' or 'sub'.")
  }
  return { issuer, audience }
}

/**
 * Refuses keys of which the first that signs is a secret.
 * @throws TypeError
 */
export function requireKeyPair (keys: readonly Key[]): void {
  const signing = keys.find(canSign)
  if (signing !== undefined && isSecret(signing)) {
    fail('needs a key pair: apps and other services cannot check an HS256 token. Create one with ' +
      '"npx fastify-simplejwt keygen ES256".')
  }
}

/** Clients compare the text of an issuer (RFC 8414 section 3.3), so only one spelling is good. */
function isIssuer (issuer: string): boolean {
  if (redirectUriProblem(issuer) !== undefined || isPrivateScheme(issuer)) return false
  const { href } = new URL(issuer)
  return !/[?]|\/$/.test(issuer) && [issuer, `${issuer}/`].includes(href)
}

/** The page must be of the issuer's origin: it gets the user's password or token. */
function resolveInteractionUrl (given: unknown, issuer: string): string {
  const url = text('interactionUrl', given, /^[!-~]{1,2000}$/, INTERACTION_URL_RULE, refuse) ??
    refuse('interactionUrl', INTERACTION_URL_RULE)
  const { origin } = new URL(issuer)
  const path = url.startsWith(origin) ? url.slice(origin.length) : url
  return /^\/(?![/\\])[^#\\]*$/.test(path) ? url : refuse('interactionUrl', INTERACTION_URL_RULE)
}

const INTERACTION_URL_RULE = "must be the path of your page, such as '/connect', or its URL at " +
  'the origin of the issuer, without a fragment.'

function resolveScopes (given: unknown): ReadonlyMap<string, string> {
  const rule = "must be an object with a text for each scope: { 'photos:read': 'See your photos' }."
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return refuse('scopes', rule)
  }
  const scopes = Object.entries(given) as [string, unknown][]
  if (scopes.length === 0) refuse('scopes', rule)
  for (const [name, description] of scopes) {
    if (!SCOPE_TOKEN.test(name)) {
      refuse(`scopes['${name}']`,
        'must have a name of printable ASCII without space, " and \\ (RFC 6749 section 3.3).')
    }
    if (typeof description !== 'string' || description.trim() === '') {
      refuse(`scopes['${name}']`, 'must be the text that the consent page shows.')
    }
  }
  return new Map([[OPENID, 'Know who you are'], ...scopes as [string, string][]])
}

/** Returns the audience of the first plugin, then the other resource servers. */
function resolveResources (given: unknown, audience: string): readonly string[] {
  const resources = given === undefined ? [] : distinct('resources', given, 'URIs', 0, refuse)
  for (const [index, resource] of resources.entries()) {
    const name = `resources[${index}]`
    if (typeof resource !== 'string' || !/^[!"$-~]{1,500}$/.test(resource) ||
      !URL.canParse(resource)) {
      refuse(name, "must be a URI without a fragment, such as 'https://example.com/mcp'.")
    }
    if (resource === audience) refuse(name, 'is the "audience" of fastify-simplejwt. Remove it.')
  }
  return Object.freeze([audience, ...resources as string[]])
}

/** Neither a code nor a refresh token outlives its session. */
function resolveLifetimes (given: OAuthOptions) {
  const { grantLifetime: grant = '90d' } = given
  const grantLifetime = duration(
    'grantLifetime', grant, SECOND_MS, MAX_SESSION_LIFETIME_MS, refuse)
  const within = (
    name: 'codeLifetime' | 'refreshTokenLifetime', usual: number, most: number
  ): number => {
    const value = given[name]
    if (value === undefined) return Math.min(usual, grantLifetime)
    const lifetime = duration(name, value, SECOND_MS, most, refuse)
    return lifetime <= grantLifetime ? lifetime : refuse(name, 'must be at most "grantLifetime".')
  }
  return {
    codeLifetime: within('codeLifetime', MINUTE_MS, 10 * MINUTE_MS),
    refreshTokenLifetime: within('refreshTokenLifetime', 30 * DAY_MS, MAX_TOKEN_LIFETIME_MS),
    grantLifetime
  }
}

const checkedRateLimit = (given: unknown): number | false =>
  given === false || (Number.isInteger(given) && given as number >= 1)
    ? given as number | false
    : refuse('rateLimit', 'must be false or a whole number of requests a minute, 1 or more.')

/** Returns whether the document of a host may be fetched. Undefined: none may. */
function resolveMetadataDocuments (
  given: OAuthOptions['metadataDocuments']
): ((host: string) => boolean) | undefined {
  if (given === undefined || given === false) return undefined
  if (given === true) return () => true
  const rule = 'must be true, false or { allow: host => boolean }.'
  if (typeof given?.allow !== 'function') return refuse('metadataDocuments', rule)
  refuseUnknown(given, new Set(['allow']), member => `metadataDocuments.${member}`, refuse)
  const allow = hostFunction('metadataDocuments.allow', given.allow, refuse)
  return host => {
    const answer: unknown = allow(host)
    if (typeof answer === 'boolean') return answer
    throw new TypeError(
      'fastify-simplejwt/oauth: metadataDocuments.allow() must return true or false.')
  }
}
