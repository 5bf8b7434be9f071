/* eslint no-template-curly-in-string: off -- the texts are pieces of source. */
import { caughtByOne } from '../caught-by.ts'
import type { Mutation } from '../list.ts'

const of = caughtByOne({ name: 'authorize', source: 'plugin', tests: 'test' })

const HAS_POLICY = "if (reply.hasHeader('access-control-allow-origin')) return"

/** Checks of the authorization endpoint, of the metadata, and of what surrounds the routes. */
export const oauthAuthorizeMutations: Mutation[] = [
  ...of(
    'oauth/authorization-request.ts', 'oauth/authorization-request.ts',
    [
      'a parameter is there once',
      "if (parameters.repeated !== undefined) throw invalidRequest('A parameter is there twice.')",
      ''
    ],
    [
      'an unknown client gets no redirect',
      "if (client === null) throw invalidRequest('The client_id is missing or unknown.')",
      'if (client === null) return { redirectUri: parameters.get(\'redirect_uri\') } as never'
    ],
    [
      'an unregistered URI gets no redirect',
      "matchRedirectUri(client.redirectUris, parameters.get('redirect_uri'))",
      "parameters.get('redirect_uri') ?? matchRedirectUri(client.redirectUris, undefined)"
    ],
    ['request is refused', "['request', 'request_not_supported'],", ''],
    ['request_uri is refused', "['request_uri', 'request_uri_not_supported'],", ''],
    ['registration is refused', ",\n  ['registration', 'registration_not_supported']", ''],
    ['response_type is code', "if (type !== 'code') {", "if (type === 'token') {"],
    [
      'response_mode is query', "(parameters.get('response_mode') ?? 'query') === 'query'",
      "parameters.get('response_mode') !== 'fragment'"
    ],
    [
      'PKCE is required', "isChallenge(parameters.get('code_challenge')) &&",
      "(parameters.get('code_challenge') === undefined || " +
        "isChallenge(parameters.get('code_challenge'))) &&"
    ],
    [
      'PKCE is S256', "parameters.get('code_challenge_method') === 'S256'",
      "parameters.get('code_challenge_method') !== 'plain'"
    ],
    ['the client has the grant', "if (!client.grants.has('authorization_code')) {", 'if (false) {'],
    [
      'the client has the scopes', 'words(asked).filter(scope => scopes.includes(scope))',
      'words(asked)'
    ],
    ['a scope is left', 'if (scopes.length === 0) {', 'if (false) {'],
    [
      'the resource is known', 'resources.find(resource => resource === asked[0])',
      'asked[0]'
    ],
    ['there is one resource', 'return asked.length === 1', 'return asked.length >= 1'],
    ['max_age is a whole number', '!/^\\d{1,15}$/.test(maxAge)', 'Number.isNaN(Number(maxAge))'],
    ['the prompt none is alone', 'prompts.length > 1', 'prompts.length > 9'],
    [
      'the request fits in a token', 'JSON.stringify([client.id, members])) > MAX_PAYLOAD_BYTES',
      'JSON.stringify([client.id, members])) > 99_999'
    ],
    [
      'the checks have an order',
      'return responseProblem(parameters) ?? pkceProblem(parameters)',
      'return pkceProblem(parameters) ?? responseProblem(parameters)'
    ]
  ),
  ...of(
    'oauth/routes/authorize.ts', 'oauth/authorization-request.ts',
    ['prompt=none shows no page', "words(checked.prompt).includes('none')", 'false']
  ),
  ...of(
    'oauth/routes/authorize.ts', 'oauth/routes/authorize.ts',
    [
      'a query is bounded', 'if (Buffer.byteLength(query) <= MAX_BYTES) return query',
      'if (query !== undefined) return query'
    ],
    ['a form is bounded', 'bodyLimit: MAX_BYTES,', ''],
    ['each request counts', 'onRequest: server.limitByAddress,', ''],
    [
      'a form is read alone',
      'authorize(server, request.body as Parameters, request, reply)',
      'authorize(server, readParameters(queryOf(request)), request, reply)'
    ]
  ),
  ...of(
    'oauth/routes/authorize.ts', 'oauth/routes/oauth-routes.ts',
    ['no page reads the answer', 'onSend: fromNoOtherOrigin', '']
  ),
  ...of(
    'oauth/redirect.ts', 'oauth/redirect.ts',
    [
      'a code comes with iss', '{ code, state, iss: endpoints.issuer }', '{ code, state }'
    ],
    [
      'an error comes with iss', 'error_description: description, state, iss: endpoints.issuer',
      'error_description: description, state'
    ],
    ['a form is not sent again', 'redirect(url, 303)', 'redirect(url, 307)'],
    ['there is no Referer', "'referrer-policy', 'no-referrer'", "'referrer-policy', 'origin'"]
  ),
  ...of(
    'oauth/pkce.ts', 'oauth/pkce.ts',
    ['a challenge has 43 characters', '{43}$/', '{43}/'],
    ['a verifier is hashed', "createHash('sha256').update(verifier).digest('base64url')",
      'verifier.slice(0, 43)'],
    ['a verifier has an alphabet', '!VERIFIER.test(verifier)', 'verifier.length < 43']
  ),
  ...of(
    'oauth/parameters.ts', 'oauth/parameters.ts',
    ['parameters are UTF-8', 'if (text.match(PERCENT_ENCODED)', 'if (text.match(/(?!)/)'],
    ['only resource repeats', 'name !== MAY_REPEAT', "name === 'client_id'"],
    ['an empty value is absent', ".filter(value => value !== '')", '']
  ),
  ...of(
    'oauth/oauth-form.ts', 'oauth/oauth-form.ts',
    ['a form is UTF-8', 'if (!isUtf8(body)) throw notUtf8()', ''],
    ['other bodies are refused', 'scope.removeAllContentTypeParsers()', '']
  ),
  ...of(
    'oauth/errors.ts', 'oauth/errors.ts',
    ['a limit answers in the form of the RFC', 'if (statusCode === 429) {', 'if (false) {'],
    ['a body is refused in the form of the RFC', 'if (isBodyRefusal(error)) {', 'if (false) {']
  ),
  ...of(
    'oauth/authorization.ts', 'oauth/authorization.ts',
    ['a request expires', 'const LIFETIME_SECONDS = 600', 'const LIFETIME_SECONDS = 601'],
    [
      'a client that lost its URI gets no answer',
      'matchRedirectUri(client.redirectUris, redirectUri) === undefined', 'false'
    ],
    [
      'a client that lost the grant gets no answer',
      "!client.grants.has('authorization_code')", 'false'
    ],
    [
      'a client that lost a scope does not get it',
      'words(claims.scope as string).filter(scope => client.scopes.includes(scope))',
      'words(claims.scope as string)'
    ],
    ['a removed resource gets no token', '!options.resources.includes(claims.resource as string)',
      'false'],
    [
      'a request is of one server', "'authorization', endpoints.token)",
      "'authorization', undefined)"
    ]
  ),
  ...of(
    'oauth/endpoints.ts', 'oauth/endpoints.ts',
    ['the path of the issuer is there once', '`${path}/`.startsWith(`${pathname}/`)', 'false'],
    ['the keys are where the app serves them', '.findLast(', '.find(']
  ),
  ...of(
    'oauth/metadata.ts', 'oauth/metadata.ts',
    ['S256 is announced', "['S256']", "['S256', 'plain']"],
    [
      'iss is announced', 'authorization_response_iss_parameter_supported: true',
      'authorization_response_iss_parameter_supported: null'
    ],
    ['request_uri is denied', 'request_uri_parameter_supported: false', '']
  ),
  ...of(
    'oauth/routes/metadata.ts', 'oauth/routes/metadata.ts',
    ['any page reads the metadata', 'onRequest: fromAnyOrigin,', ''],
    ['an issuer has its own URL', 'published?.isOwnUrl === false && given.isOwnUrl', 'false'],
    ['HEAD is GET', 'exposeHeadRoute: true,', 'exposeHeadRoute: false,']
  ),
  ...of(
    'http/any-origin.ts', 'http/any-origin.ts',
    ['the CORS policy of the host stays', HAS_POLICY, '']
  ),
  ...of(
    'http/early-body.ts', 'oauth/routes/oauth-routes.ts',
    [
      'a parameter that a platform read twice is refused',
      'values.map(each => [name, String(each)])', '[[name, values.at(-1) as string]]'
    ]
  ),
  ...of(
    'routes/own-scope.ts', 'routes/own-scope.ts',
    ['no cache keeps an answer', "reply.header('cache-control', 'no-store')", 'reply']
  )
]
