import t from 'tap'
import {
  type Refusal, SimpleJwtError, type Unauthorized, claimsOrThrow, badRequest, createUnauthorized,
  crossOrigin, invalidFields, keysUnavailable, methodNotAllowed, notFound, parseError,
  storeUnavailable, throttled, unsupportedMediaType, asError, statusOf
} from '../plugin/errors.ts'

const unauthorized = createUnauthorized('api')
const CHALLENGE = { 'www-authenticate': 'Bearer realm="api"' }
const INVALID_TOKEN = { 'www-authenticate': 'Bearer realm="api", error="invalid_token"' }
const INVALID_REQUEST = { 'www-authenticate': 'Bearer realm="api", error="invalid_request"' }

t.test('every refusal has its status, code, body to the letter and headers', async t => {
  const catalogue: [SimpleJwtError, number, string, string, Record<string, string>][] = [
    [
      invalidFields({ password: ['This field is required.'] }),
      400,
      'invalid',
      '{"password":["This field is required."]}',
      {}
    ],
    [
      parseError('The body is not valid JSON.'),
      400,
      'parse_error',
      '{"detail":"JSON parse error - The body is not valid JSON."}',
      {}
    ],
    [notFound(), 404, 'not_found', '{"detail":"Not found."}', {}],
    [
      methodNotAllowed('GET', 'POST, OPTIONS'),
      405,
      'method_not_allowed',
      '{"detail":"Method \\"GET\\" not allowed."}',
      { allow: 'POST, OPTIONS' }
    ],
    [
      unsupportedMediaType('text/plain'),
      415,
      'unsupported_media_type',
      '{"detail":"Unsupported media type \\"text/plain\\" in request."}',
      {}
    ],
    [
      unsupportedMediaType(''), 415, 'unsupported_media_type',
      '{"detail":"Unsupported media type \\"\\" in request."}', {}
    ],
    [badRequest(413, 'Too large'), 413, 'bad_request', '{"detail":"Too large"}', {}],
    [
      throttled(23), 429, 'throttled',
      '{"detail":"Request was throttled. Expected available in 23 seconds.","code":"throttled"}',
      { 'retry-after': '23' }
    ],
    [
      throttled(1), 429, 'throttled',
      '{"detail":"Request was throttled. Expected available in 1 second.","code":"throttled"}',
      { 'retry-after': '1' }
    ],
    [
      storeUnavailable(), 503, 'store_unavailable',
      '{"detail":"The session store is not available. Try again.","code":"store_unavailable"}',
      { 'retry-after': '1' }
    ],
    [
      keysUnavailable(2),
      503,
      'keys_unavailable',
      '{"detail":"The issuer\'s public keys are not available. Try ' +
        'again.","code":"keys_unavailable"}',
      { 'retry-after': '2' }
    ],
    [
      unauthorized.noCredentials(),
      401,
      'not_authenticated',
      '{"detail":"Authentication credentials were not provided."}',
      CHALLENGE
    ],
    [
      unauthorized.badAuthorizationHeader(),
      401,
      'bad_authorization_header',
      '{"detail":"Authorization header must contain two space-delimited ' +
        'values","code":"bad_authorization_header"}',
      INVALID_REQUEST
    ],
    [
      unauthorized.wrongCredentials(),
      401,
      'no_active_account',
      '{"detail":"No active account found with the given credentials","code":"no_active_account"}',
      CHALLENGE
    ],
    [
      unauthorized.noActiveAccount(),
      401,
      'no_active_account',
      '{"detail":"No active account found for the given token.","code":"no_active_account"}',
      INVALID_TOKEN
    ],
    [
      unauthorized.userInactive(),
      401,
      'user_inactive',
      '{"detail":"User is inactive","code":"user_inactive"}',
      INVALID_TOKEN
    ],
    [
      unauthorized.insufficientScope(''),
      403,
      'permission_denied',
      '{"detail":"You do not have permission to perform this action.","code":"permission_denied"}',
      { 'www-authenticate': 'Bearer realm="api", error="insufficient_scope"' }
    ],
    [
      unauthorized.insufficientScope('a b'),
      403,
      'permission_denied',
      '{"detail":"You do not have permission to perform this action.","code":"permission_denied"}',
      { 'www-authenticate': 'Bearer realm="api", error="insufficient_scope", scope="a b"' }
    ]
  ]
  for (const [error, statusCode, code, body, headers] of catalogue) {
    t.same(
      [error.statusCode, error.code, JSON.stringify(error.body), error.headers],
      [statusCode, code, body, headers],
      body
    )
  }
})

const REFUSALS: Refusal[] = [
  'Token is invalid', 'Token is expired', 'Token is blacklisted', "Token has no 'exp' claim",
  'Token has no id', 'Token has no type', 'Token has wrong type'
]

t.test('a refused token has messages from the guard, and detail from a token route', async t => {
  for (const message of REFUSALS) {
    t.same(unauthorized.refusedByGuard(message), {
      ...unauthorized.refused(message),
      body: {
        detail: 'Given token not valid for any token type',
        code: 'token_not_valid',
        messages: [{ token_class: 'AccessToken', token_type: 'access', message }]
      }
    })
    const { statusCode, code, body, headers } = unauthorized.refused(message)
    t.same(
      [statusCode, code, JSON.stringify(body), headers],
      [
        401,
        'token_not_valid',
        JSON.stringify({ detail: message, code: 'token_not_valid' }),
        INVALID_TOKEN
      ]
    )
  }
  t.equal(
    JSON.stringify(unauthorized.refusedByGuard('Token is expired').body),
    '{"detail":"Given token not valid for any token type","code":"token_not_valid",' +
      '"messages":[{"token_class":"AccessToken","token_type":"access","message":"Token is ' +
      'expired"}]}'
  )
})

t.test('a missing user gets the same body from the guard and the token routes', async t => {
  for (const refuse of [unauthorized.refusedByGuard, unauthorized.refused]) {
    t.equal(
      JSON.stringify(refuse('User not found').body),
      '{"detail":"User not found","code":"user_not_found"}'
    )
    t.equal(refuse('User not found').code, 'user_not_found')
    t.equal(JSON.stringify(refuse('Token contained no recognizable user identification').body),
      '{"detail":"Token contained no recognizable user identification","code":"token_not_valid"}')
    t.same(refuse('User not found').headers, INVALID_TOKEN)
  }
})

t.test('the challenge names the realm of its registration', async t => {
  t.same(createUnauthorized('staff only').noCredentials().headers, {
    'www-authenticate': 'Bearer realm="staff only"'
  })
})

const METADATA = 'https://example.com/.well-known/oauth-protected-resource/mcp'

/** The 401s and 403s without a scope. */
const refusals = (given: Unauthorized): SimpleJwtError[] => [
  given.noCredentials(), given.badAuthorizationHeader(), given.wrongCredentials(),
  given.noActiveAccount(), given.userInactive(), given.refused('Token is expired'),
  given.refused('User not found'), given.refusedByGuard('Token is expired'),
  given.refusedByGuard('User not found'), given.insufficientScope('')
]
const challenges = (given: Unauthorized): (string | undefined)[] =>
  refusals(given).map(({ headers }) => headers['www-authenticate'])

t.test('each challenge ends with the URL of the resource metadata', async t => {
  const named = createUnauthorized('api', METADATA)
  t.same(challenges(named), challenges(unauthorized)
    .map(challenge => `${challenge}, resource_metadata="${METADATA}"`))
  t.equal(named.noCredentials().headers['www-authenticate'],
    `Bearer realm="api", resource_metadata="${METADATA}"`)
  t.equal(named.insufficientScope('a b').headers['www-authenticate'],
    `Bearer realm="api", error="insufficient_scope", scope="a b", resource_metadata="${METADATA}"`)
  t.same(refusals(named).map(({ statusCode, code, body }) => [statusCode, code, body]),
    refusals(unauthorized).map(({ statusCode, code, body }) => [statusCode, code, body]))
})

t.test('withScope: lists the scopes in each 401 that names the resource metadata', async t => {
  const given = createUnauthorized('api', METADATA).withScope('a b')
  const end = `, scope="a b", resource_metadata="${METADATA}"`
  t.equal(given.noCredentials().headers['www-authenticate'], `Bearer realm="api"${end}`)
  for (const { statusCode, headers } of refusals(given)) {
    t.equal(headers['www-authenticate']?.includes('scope="a b"'), statusCode === 401)
  }
  t.equal(given.insufficientScope('c').headers['www-authenticate'],
    `Bearer realm="api", error="insufficient_scope", scope="c", resource_metadata="${METADATA}"`)
  t.equal(given.withScope('').noCredentials().headers['www-authenticate'],
    `Bearer realm="api", resource_metadata="${METADATA}"`)
})

t.test('withScope: changes no challenge without the URL of the resource metadata', async t => {
  t.same(challenges(unauthorized.withScope('a b')), challenges(unauthorized))
})

t.test('crossOrigin: is a 403 that repeats nothing of the request', async t => {
  t.match(crossOrigin(), {
    statusCode: 403,
    code: 'csrf_failed',
    body: { detail: 'CSRF Failed: the request came from another origin.', code: 'csrf_failed' },
    headers: {}
  })
})

t.test('a refusal is an Error with a name and a message', async t => {
  t.ok(notFound() instanceof Error)
  t.match(notFound(), { name: 'SimpleJwtError', message: 'Not found.' })
  t.match(invalidFields({ username: ['This field is required.'] }), {
    message: 'The request body is not valid.'
  })
  t.match(
    invalidFields({ detail: ['This field is required.'] }),
    { message: 'The request body is not valid.' },
    'even if a field is called detail'
  )
  t.match(invalidFields({ error_description: ['This field is required.'] }), {
    message: 'The request body is not valid.'
  })
})

t.test('a refusal in the form of RFC 6749 has its description as the message', async t => {
  const body = { error: 'invalid_grant', error_description: 'The code has expired.' }
  const refusal = new SimpleJwtError(400, 'invalid_grant', body, { 'x-a': 'b' })
  t.match(refusal, {
    name: 'SimpleJwtError',
    message: 'The code has expired.',
    statusCode: 400,
    code: 'invalid_grant',
    headers: { 'x-a': 'b' }
  })
  t.equal(JSON.stringify(refusal.body),
    '{"error":"invalid_grant","error_description":"The code has expired."}')
})

t.test('a refusal has no stack, other errors keep theirs', async t => {
  t.notMatch(notFound().stack, /errors\.ts/)
  t.match(new Error('a fault').stack, /errors\.ts/)
})

t.test('asError: returns an Error as it is, and another value as its cause', async t => {
  const error = new Error('x')
  t.equal(asError(error, 'it()'), error)
  for (const thrown of [null, undefined, 'text', 5, { a: 1 }]) {
    const found = asError(thrown, 'it()')
    t.ok(found instanceof Error && !('statusCode' in found))
    t.match(found, {
      message: 'fastify-simplejwt: it() threw a value that is not an Error. Throw an Error.'
    })
    t.equal(found.cause, thrown)
  }
})

t.test('statusOf: reads an HTTP status of a refusal or a fault', async t => {
  for (const thrown of [{ statusCode: 404 }, { status: 404 }, { status: '404' }]) {
    t.equal(statusOf(thrown), 404)
    t.match(asError(thrown, 'it()'), { statusCode: 404 })
  }
  for (const thrown of [{ statusCode: 200 }, { status: 600 }, { status: 'x' }, null, 'text', {}]) {
    t.equal(statusOf(thrown), 0)
  }
})

t.test('claimsOrThrow: returns verified claims and throws a refusal', async t => {
  const claims = { jti: 'x' }
  t.equal(claimsOrThrow(claims, unauthorized.refused), claims)
  t.throws(
    () => claimsOrThrow<object>('Token is expired', unauthorized.refused),
    unauthorized.refused('Token is expired')
  )
})
