/* eslint no-template-curly-in-string: off -- the texts are pieces of source. */
import { caughtByOne } from '../caught-by.ts'
import type { Mutation } from '../list.ts'

const of = caughtByOne({ name: 'oauth', source: 'plugin/oauth', tests: 'test/oauth' })

/** Checks of OAuth clients, their URIs and their secrets. */
export const oauthClientMutations: Mutation[] = [
  ...of(
    'client-secrets.ts', 'client-secrets.ts',
    ['a secret has 256 bits', 'const SECRET_BYTES = 32', 'const SECRET_BYTES = 31'],
    [
      'the hash of a secret is not the secret', 'timingSafeEqual(sha256(secret),',
      'timingSafeEqual(/^sha256:/.test(secret) ? hash ?? NO_HASH : sha256(secret),'
    ],
    ['a hash has one spelling', '=== encoded ? hash : undefined', '!== "" ? hash : undefined'],
    ['a hash has no other length', '{43})$/', '{42,43}=?)$/']
  ),
  ...of(
    'redirect-uris.ts', 'redirect-uris.ts',
    ['a redirect URI has no fragment', "uri.includes('#')", "uri.includes('##')"],
    ['a redirect URI has no wildcard', "uri.includes('*')", "uri.includes('**')"],
    ['a redirect URI is ASCII without spaces', '!TEXT.test(uri)', 'uri === ""'],
    ['a redirect URI is bounded', 'uri.length > MAX_LENGTH', 'uri.length > 9999'],
    ['a redirect URI has no user', '([^/?@:[\\]]+|', '((?:[^/?]*@)?[^/?@:[\\]]+|'],
    ['the host of a redirect URI has one spelling', 'hostname !== host', 'hostname === ""'],
    [
      'http goes to this machine only', "scheme === 'https' || LOOPBACK_HOSTS.includes(host)",
      'scheme !== undefined'
    ],
    ['a private-use scheme has a dot', '(?:\\.[a-z0-9+-]+)+)', '(?:\\.[a-z0-9+-]+)*)'],
    ['a host with a port is no scheme', '):\\/(?!', '):(?!'],
    ['the URI of a native app has no user', '(?!\\/[^/?]*@)', ''],
    ['a loopback URI is known', 'LOOPBACK_HOSTS.includes(WEB.exec(uri)?.[2] as string)', 'false'],
    [
      'the text of a redirect URI stays', '`${uri}${uri.includes',
      '`${new URL(uri, "http://a")}${uri.includes'
    ],
    ['a query of a redirect URI stays', "uri.includes('?') ? '&' : '?'", "'?'"],
    ['no undefined parameter is sent', 'parameter[1] !== undefined', 'parameter.length > 1']
  ),
  ...of(
    'redirect-uris.ts', 'match-redirect-uri.ts',
    [
      'a redirect URI matches as a whole', 'registered.includes(asked)',
      'registered.some(uri => asked.startsWith(uri))'
    ],
    [
      'a redirect URI matches by its text', 'registered.includes(asked)',
      'URL.canParse(asked) && registered.includes(new URL(asked).href)'
    ],
    ['only http has a free port', "scheme !== 'http' ||", ''],
    ['only loopback has a free port', '|| !isLoopback(uri)', ''],
    ['localhost is not 127.0.0.1', '`http://${host}${uri', '`http://${uri'],
    ['the port of a loopback URI is a port', '> 65_535', '> 99_999'],
    ['the path of a loopback URI is not free', 'withoutPort(uri) === loopback', 'isLoopback(uri)'],
    [
      'a redirect URI is left out only if there is one', 'registered.length === 1 &&',
      'registered.length > 0 &&'
    ],
    ['a loopback URI is not left out', '&& !isLoopback(registered[0] as string)', '']
  ),
  ...of(
    'clients.ts', 'clients.ts',
    ['an id of a client is no UUID', '{3}[0-9A-Fa-f]{12}$)', '{3}[0-9A-Fa-f]{13}$)'],
    ['an id of a client begins with a letter', '[A-Za-z][A-Za-z0-9._-]{2', '[A-Za-z0-9._-]{3'],
    ['a member of a client is known', 'refuseUnknown(given, MEMBERS, of, refuse)', ''],
    ['a name of a client turns no text', '\\p{Bidi_Control}', ''],
    ['a name of a client can be seen', '(?=.*[\\p{L}\\p{N}\\p{P}\\p{S}])', ''],
    [
      'a bad hash makes no public client',
      'if (given === undefined) return undefined\n  return parseSecretHash',
      'if (parseSecretHash(given) === undefined) return undefined\n  return parseSecretHash'
    ],
    ['each redirect URI is checked', 'if (problem !== undefined) refuse', 'if (index > 1) refuse'],
    ['a grant is known', 'if (unknown !== -1) refuse', 'if (unknown > 9) refuse'],
    ['client credentials need a secret', 'if (isPublic && grants', 'if (isPublic && !grants'],
    [
      'a refresh token needs a code', "&& !grants.includes('authorization_code')",
      '&& grants.length > 9'
    ],
    [
      'a code needs a redirect URI',
      "grants.has('authorization_code') && redirectUris.length === 0",
      'redirectUris.length === -1'
    ],
    [
      'no app that another can pose as is trusted', 'redirectUris.some(isAnyonesUri)',
      'redirectUris.every(isAnyonesUri)'
    ],
    [
      'no native app without a secret is trusted',
      'isLoopback(uri) || isPrivateScheme(uri)\n\nconst',
      'isLoopback(uri)\n\nconst'
    ],
    [
      'an app with a secret may be trusted',
      'secretHash === undefined && redirectUris', 'redirectUris'
    ],
    ['a scope of a client is one of the server', 'return unknown === -1\n', 'return true\n'],
    ['a home page is no script', 'redirectUriProblem(given) === undefined &&', ''],
    ['a home page is a page', '&& !isPrivateScheme(given as string)', ''],
    ['a host changes no checked client', 'Object.freeze([...uris as string[]])', 'uris as string[]']
  ),
  ...of(
    'option-refusals.ts', 'clients.ts',
    ['an entry is unique', 'return repeated === -1 ?', 'return repeated > -9 ?'],
    ['a list has entries', 'given.length < least', 'given.length < 0']
  ),
  ...of(
    'find-client.ts', 'find-client.ts',
    ['the host looks up ids only', 'if (!isClientId(id)) return null', ''],
    ['a known client is not asked for', 'known.get(id) ?? checkedAnswer', 'checkedAnswer'],
    ['an answer has the id asked for', 'client.id === id ?', 'client.id !== "" ?'],
    [
      'an answer of the host is checked', "const client = resolveClient('findClient()'",
      "const client = given.id === id ? given as never as Client : resolveClient('findClient()'"
    ],
    ['an id has one client', 'if (known.has(client.id))', 'if (known.size > 9)'],
    [
      'a throw of findClient is an Error',
      "hostFunction('findClient', findClient, refuse)", 'findClient'
    ],
    ['there is a client', 'clients.length === 0 && find', 'clients.length === -1 && find']
  ),
  ...of(
    'client-authentication.ts', 'client-authentication.ts',
    ['a wrong secret is refused', 'isPublic : isRight)', 'isPublic : true)'],
    ['a secret is required', '? isPublic : isRight)', '? true : isRight)'],
    [
      'a hash of the empty text needs a secret',
      '? isPublic : isRight)', '? isPublic || isRight : isRight)'
    ],
    [
      'a public client sends no secret',
      '? isPublic : isRight)', '? isPublic : isRight || isPublic)'
    ],
    ['only an id is looked up', 'isClientId(id) || isDocumentUrl(id) ? id : undefined', 'id'],
    [
      'a failed client is reported',
      "emit({\n    type: 'client_failed'", "void ({\n    type: 'client_failed'"
    ],
    [
      'two Authorization headers are refused', 'if (repeatsAuthorization(request.raw.rawHeaders))',
      'if (request.raw === undefined)'
    ],
    [
      'two authentications are refused',
      'if (posted.secret !== undefined)', 'if (posted.id === "")'
    ],
    ['two ids are refused', 'basic.id !== undefined && posted.id !== basic.id', 'basic.id === ""'],
    ['the scheme has any case', '{0,2})$/i', '{0,2})$/'],
    ['a header is UTF-8', 'fatal: true', 'fatal: false'],
    ['a header has no byte order mark', 'ignoreBOM: true', 'ignoreBOM: false'],
    ['the first colon divides', "pair.indexOf(':')", "pair.lastIndexOf(':')"],
    ['a plus is a space', ".replaceAll('+', ' ')", ''],
    ['both halves are decoded', 'decodeURIComponent(text', '(text']
  ),
  ...of(
    'resolve-options.ts', 'resolve-options.ts',
    ['an option is known', 'refuseUnknown(given, NAMES, name => name, refuse)', ''],
    [
      'a secret does not sign',
      'signing !== undefined && isSecret(signing)', 'signing === undefined'
    ],
    ['the key that signs is looked at', 'keys.find(canSign)', 'keys[0]'],
    [
      'a server that verifies has no clients',
      'if (verifyOnly) {', 'if (verifyOnly === undefined) {'
    ],
    ['there is an audience', 'if (audience === undefined) {', 'if (audience === "") {'],
    ['an issuer has one spelling', '[issuer, `${issuer}/`].includes(href)', 'href !== ""'],
    ['an issuer has no query and no last slash', '!/[?]|\\/$/.test(issuer) &&', ''],
    ['an issuer is https', 'redirectUriProblem(issuer) !== undefined || isPrivate', 'isPrivate'],
    ['the page is of the issuer', '(?![/\\\\])', ''],
    ['the page has no fragment', '[^#\\\\]*$', '[^]*$'],
    ['a page of another port is none of the issuer', '/^\\/(?!', '/(?!'],
    ['a scope is a token', '!SCOPE_TOKEN.test(name)', 'name.length > 99'],
    ['a scope has a text', "description.trim() === ''", 'description.length > 99'],
    ['a resource is a URI without a fragment', '[!"$-~]{1,500}', '[!-~]{1,500}'],
    [
      'the audience is named once',
      'if (resource === audience) refuse', 'if (resource === "") refuse'
    ],
    ['a code outlives no session', 'lifetime <= grantLifetime ?', 'lifetime > 0 ?'],
    ['a default outlives no session', 'Math.min(usual, grantLifetime)', 'usual'],
    ['a code is short-lived', '10 * MINUTE_MS)', '11 * MINUTE_MS)'],
    ['a limit is not zero', 'given as number >= 1', 'given as number >= 0']
  )
]
