const MAX_LENGTH = 2000

/** The characters of RFC 3986, without `#` and `*`. */
const TEXT = /^(?:[!$&'()+,\-./0-9:;=?@A-Z[\]_a-z~]|%[0-9A-Fa-f]{2})*$/
/** A URL with a host, split as a browser splits it. It has no `\`, which `TEXT` lacks. */
const WEB = /^(https?):\/\/([^/?@:[\]]+|\[[^/?@[\]]+\])(?::([1-9][0-9]{0,4}))?(?=[/?]|$)/
/** A private-use scheme is a reversed domain name (RFC 8252 section 7.1). */
const PRIVATE = /^([a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+):\/(?!\/[^/?]*@)/
const LOOPBACK_HOSTS = ['127.0.0.1', '[::1]', 'localhost']

const RULE = 'must be an https URL, an http URL of 127.0.0.1, [::1] or localhost, or a URI of a ' +
  'private-use scheme such as com.example.app:/callback.'

/** Returns the rule that a redirect URI breaks, for the error of its option, or undefined. */
export function redirectUriProblem (uri: unknown): string | undefined {
  if (typeof uri !== 'string') return 'must be a string.'
  if (uri.length > MAX_LENGTH) return `must have at most ${MAX_LENGTH} characters.`
  if (uri.includes('#')) return 'must not have a fragment (RFC 6749 section 3.1.2).'
  if (uri.includes('*')) return 'must not have a "*". Wildcards are not supported: list each URI.'
  if (!TEXT.test(uri)) {
    return 'must have only the characters of RFC 3986. Encode other ones, and the host as punycode.'
  }
  if (!URL.canParse(uri)) return RULE
  return isPrivateScheme(uri) ? undefined : webProblem(uri)
}

function webProblem (uri: string): string | undefined {
  const [, scheme, host] = WEB.exec(uri) ?? []
  if (scheme === undefined || host === undefined) {
    return /^https?:\/\/[^/?]*@/.test(uri) ? 'must not have a user name or a password.' : RULE
  }
  // A browser reads 127.1 and 0x7f000001 as 127.0.0.1, and LOCALHOST as localhost.
  const { hostname } = new URL(uri)
  if (hostname !== host) return `must have its host as a browser writes it: ${hostname}.`
  return scheme === 'https' || LOOPBACK_HOSTS.includes(host) ? undefined : RULE
}

/** Returns whether an answer to the URI goes to a program on the machine of the user. */
export const isLoopback = (uri: string): boolean =>
  LOOPBACK_HOSTS.includes(WEB.exec(uri)?.[2] as string)

/** Returns whether the URI has a scheme that any app on a device can claim. */
export const isPrivateScheme = (uri: string): boolean => PRIVATE.test(uri)

/** Returns the host of a redirect URI with its port, or the scheme of a native app. */
export const redirectHost = (uri: string): string =>
  /^https?:\/\/([^/?]+)/.exec(uri)?.[1] ?? uri.slice(0, uri.indexOf(':'))

/**
 * Returns the URI that an answer goes to, as the request has it, or undefined. The text must be
 * that of a registered URI (RFC 9700 section 2.1). Only the port of an http loopback URI is free
 * (RFC 8252 section 7.3). A request without a URI gets the only one, unless its port is free.
 */
export function matchRedirectUri (
  registered: readonly string[], asked: string | undefined
): string | undefined {
  if (asked === undefined) {
    return registered.length === 1 && !isLoopback(registered[0] as string)
      ? registered[0]
      : undefined
  }
  if (registered.includes(asked)) return asked
  const loopback = withoutPort(asked)
  return loopback !== undefined && registered.some(uri => withoutPort(uri) === loopback)
    ? asked
    : undefined
}

/** Returns an http loopback URI without its port, or undefined for another URI. */
function withoutPort (uri: string): string | undefined {
  const [start, scheme, host, port] = WEB.exec(uri) ?? []
  if (start === undefined || scheme !== 'http' || !isLoopback(uri)) return undefined
  return Number(port ?? 0) > 65_535 ? undefined : `http://${host}${uri.slice(start.length)}`
}

/**
 * Appends parameters to the query of a URI, encoded as a form. Leaves out the undefined ones. Keeps
 * the text of the URI, which `URL` would rewrite.
 */
export function withParameters (
  uri: string, parameters: Record<string, string | undefined>
): string {
  const given = Object.entries(parameters)
    .filter((parameter): parameter is [string, string] => parameter[1] !== undefined)
  return `${uri}${uri.includes('?') ? '&' : '?'}${new URLSearchParams(given)}`
}
