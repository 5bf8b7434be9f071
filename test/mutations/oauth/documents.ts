import { caughtByEach, caughtByOne } from '../caught-by.ts'
import type { Mutation } from '../list.ts'

const GROUP = { name: 'metadata documents', source: 'plugin/oauth', tests: 'test/oauth' }
const each = caughtByEach(GROUP)
const of = caughtByOne(GROUP)

const URLS = 'documents/document-url.ts'
const ADDRESSES = 'documents/public-address.ts'
const FETCH = 'documents/fetch-document.ts'
const CLIENT = 'documents/document-client.ts'
const DOCUMENTS = 'documents/metadata-documents.ts'

export const oauthDocumentMutations: Mutation[] = [
  ...of(
    URLS, URLS,
    ['a URL has one spelling', 'href !== id || ', ''],
    ['a URL is https', " || protocol !== 'https:'", ''],
    ['a URL has no fragment', " || id.includes('#')", ''],
    ['a URL has no user', "username !== '' || ", ''],
    ['a URL has no password', "password !== '' || ", ''],
    ['a URL has a path', " || pathname === '/'", ''],
    ['a host is no IPv6 address', "!hostname.startsWith('[') && ", ''],
    ['a host is no IPv4 address', 'isIP(hostname) === 0 && ', ''],
    ['a host has no dot at its end', " && !hostname.endsWith('.')", ''],
    ['a URL is short', 'id.length > MAX_LENGTH || ', '']
  ),
  ...of(
    ADDRESSES, ADDRESSES,
    ['loopback is private', "  ['127.0.0.0', 8], // loopback\n", ''],
    ['a private network is private', "  ['10.0.0.0', 8], // private\n", ''],
    ['the service of a cloud is private', "['169.254.0.0', 16]", "['169.255.0.0', 16]"],
    ['carrier-grade NAT is private', "['100.64.0.0', 10]", "['100.64.0.0', 32]"],
    ['0.0.0.0 is this machine', "['0.0.0.0', 8]", "['0.0.0.0', 32]"],
    ['documentation is private', "  ['203.0.113.0', 24], // documentation\n", ''],
    ['broadcast is private', "['224.0.0.0', 3]", "['224.0.0.0', 4]"],
    ['mapped and local addresses are outside', "'2000::', 3", "'::', 0"],
    ['6to4 carries an address', "  ['2002::', 16], // 6to4\n", ''],
    ['Teredo carries an address', "['2001::', 23]", "['2001::', 128]"],
    ['IPv6 documentation is private', "  ['2001:db8::', 32], // documentation\n", ''],
    ['a zone is of a link', "!address.includes('%')", 'true'],
    ['each address is checked', 'addresses.every(isPublic)', 'addresses.some(isPublic)'],
    ['a host has an address', 'if (addresses.length === 0)', 'if (addresses.length < 0)']
  ),
  ...of(
    FETCH, FETCH,
    [
      'the address of the connection is checked',
      'publicLookup(resolve, isPublic)', 'publicLookup(resolve, () => true)'
    ],
    [
      'a name is not resolved twice',
      'publicLookup(resolve, isPublic)',
      // Resolves, checks, and lets the socket resolve again.
      'await (async () => { const [address] = await resolve(new URL(url).hostname); ' +
        'if (address === undefined || !isPublic(address)) throw new PrivateAddressError(); ' +
        'return publicLookup(resolve, () => true) })()'
    ],
    ['no connection is pooled', 'agent: false', 'agent: undefined'],
    ['the environment turns no check off', 'rejectUnauthorized: true', 'servername: undefined'],
    ['a redirect is no document', 'if (statusCode !== 200)', 'if (statusCode >= 400)'],
    ['a document is JSON', 'if (!JSON_TYPE.test(', 'if (false && !JSON_TYPE.test('],
    ['16 KB at most', 'MAX_RESPONSE_BYTES = 16_384', 'MAX_RESPONSE_BYTES = 16_384_000'],
    ['5 s at most', 'FETCH_TIMEOUT_MS = 5000', 'FETCH_TIMEOUT_MS = 50_000'],
    [
      'a document with a fault is refused',
      'if (document === undefined) return', 'if (document === null) return'
    ],
    ['a private address is refused for good', "PrivateAddressError ? 'refused'",
      "PrivateAddressError ? 'unavailable'"],
    ['a 404 may pass', 'PASSING.has(statusCode) || ', '']
  ),
  ...of(
    CLIENT, CLIENT,
    ['a document names its URL', 'if (id !== url) return', 'if (id === undefined) return'],
    ['a name is plain', 'if (!isClientName(name)) return', "if (typeof name !== 'string') return"],
    ['a secret is no secret', "if ('client_secret' in metadata) return", 'if (false) return'],
    ['a client without a secret', 'if (!isPublic(metadata)) return', 'if (false) return'],
    ['a redirect URI is checked', 'redirectUriProblem(uri) === undefined)', "uri !== '')"],
    ['a client has a redirect URI', 'if (redirectUris.length === 0)', 'if (redirectUris === null)'],
    ['a document is not trusted', 'trusted: false', 'trusted: metadata.trusted === true'],
    ['a client uses codes', "if (!grants.has('authorization_code')) return", 'if (false) return'],
    ['a refresh token is asked for', "has(grants, 'refresh_token')", 'true'],
    ['a home page is of the app', '=== new URL(url).origin', '!== new URL(url).host']
  ),
  ...of(
    DOCUMENTS, DOCUMENTS,
    ['a host is allowed', 'if (!allow(hostOf(url))) return null', 'allow(hostOf(url))'],
    ['a document is kept', 'now() < known.checkAt) return', 'now() < 0) return'],
    ['a document is kept for 5 minutes', 'Math.max(maxAge, MIN_AGE_MS)', 'maxAge'],
    ['a document is kept for a day at most', 'Math.min(Math.max(maxAge, MIN_AGE_MS), MAX_AGE_MS)',
      'Math.max(maxAge, MIN_AGE_MS)'],
    ['one fetch at a time for a URL', 'return fetching.get(url)', 'return undefined'],
    ['100 fetches at a time', 'if (fetching.size >= MAX_FETCHES)', 'if (false)'],
    ['a fetch ends', '.finally(() => fetching.delete(url))', ''],
    ['1000 documents', 'if (kept.size > MAX_KEPT)', 'if (false)'],
    ['a failure is kept for 10 s', 'COOLDOWN_MS = 10_000', 'COOLDOWN_MS = 1'],
    ['a copy serves while its host is down', "outcome.status === 'unavailable' && known",
      "outcome.status === 'unavailable' && false && known"],
    ['a copy serves for a day', ' && now() < known.keepUntil', ''],
    ['a document that is gone is gone', "outcome.status === 'unavailable' && known", 'known'],
    ['closing ends the fetches', 'close: () => closing.abort()', 'close: () => {}']
  ),
  ...each(
    'plugin.ts',
    ['the URL of a resource is no client', 'resources.includes(id) ? null : ', '', 'plugin.ts'],
    ['the option is off', 'if (allowDocument === undefined) return findClient', '', 'plugin.ts'],
    ['closing the app ends a fetch', "app.addHook('preClose'", "app.addHook('onClose'",
      'plugin.ts']
  ),
  ...each(
    'consent.ts',
    ['the user is always asked', 'client.fromDocument || ', '', 'plugin.ts']
  ),
  ...each(
    'redirect.ts',
    ['an error goes to the page', 'if (!address.client.fromDocument) return', 'return', 'plugin.ts']
  ),
  ...each(
    'authorization.ts',
    ['a refused request has no decision',
      'if (claims.error !== undefined) throw', 'if (false) throw', 'plugin.ts']
  ),
  ...each(
    'silent-authorization.ts',
    ['prompt=none goes to no unknown app', 'refusalUrl(server, asked, error)',
      'refusalUrl(server, { ...asked, client: { ...asked.client, fromDocument: false } }, error)',
      'plugin.ts']
  ),
  ...each(
    'client-authentication.ts',
    ['a URL is an id', ' || isDocumentUrl(id)', '', 'plugin.ts']
  ),
  ...each(
    'resolve-options.ts',
    ['only true lets a host in', "if (typeof answer === 'boolean') return answer",
      'if (answer) return true', 'resolve-options.ts']
  ),
  ...each(
    'metadata.ts',
    ['the metadata names the feature', 'options.allowDocument !== undefined && ', 'false && ',
      'plugin.ts']
  )
]
