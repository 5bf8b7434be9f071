import t from 'tap'
import { RFC_7636_PKCE } from '../fixtures/oauth/pkce.ts'
import {
  AUDIENCE, CLIENTS, type Changes, GOOD, ISSUER, askAuthorize, authorizationOf, buildAuthorizeApp
} from '../fixtures/oauth/authorize-app.ts'

const PKCE = 'PKCE is required: send a code_challenge with the code_challenge_method S256.'
const RESOURCE = 'The resource must be one that the server has tokens for.'
const SCOPE = 'The client may have none of the scopes.'
const MAX_AGE = 'The max_age must be a whole number of seconds.'
const HINT = 'The id_token_hint must be an ID token of the client.'
const PROMPT = 'The prompt none excludes other prompts.'
const NO_CLIENT = 'The client_id is missing or unknown.'
const NO_URI = 'The redirect_uri is missing, or not registered for the client.'
const TWICE = 'A parameter is there twice.'
const TOO_LONG = 'The parameters are too long.'
const MORE = 'https://mcp.example/mcp'

const gallery = { client_id: 'gallery', redirect_uri: undefined }
const robot = { client_id: 'robot', redirect_uri: 'https://robot.example/cb' }
const { challenge } = RFC_7636_PKCE

const LOGIN_ONLY = {
  id: 'login-only', name: 'Login', redirectUris: ['https://login-only.example/'], scopes: ['openid']
}

const { app } = await buildAuthorizeApp(t, { oauth: { resources: [MORE] } })

/** A change of a good request, and the refusal as JSON, without a redirect. */
const REFUSED: [name: string, changes: Changes, description: string][] = [
  ['no client_id', { client_id: undefined }, NO_CLIENT],
  ['an empty client_id', { client_id: '' }, NO_CLIENT],
  ['an unknown client_id', { client_id: 'evil-app' }, NO_CLIENT],
  ['a client_id of a prototype', { client_id: '__proto__' }, NO_CLIENT],
  ['a client_id with a NUL', { client_id: 'photo-printer\0' }, NO_CLIENT],
  ['a client_id in capitals', { client_id: 'PHOTO-PRINTER' }, NO_CLIENT],
  ['no redirect_uri of several', { redirect_uri: undefined }, NO_URI],
  ['an unknown redirect_uri', { redirect_uri: 'https://evil.example/' }, NO_URI],
  ['the URI of another client', { redirect_uri: 'https://robot.example/cb' }, NO_URI],
  ['a longer path', { redirect_uri: `${GOOD.redirect_uri}/x` }, NO_URI],
  ['a query', { redirect_uri: `${GOOD.redirect_uri}?x=1` }, NO_URI],
  ['a fragment', { redirect_uri: `${GOOD.redirect_uri}#x` }, NO_URI],
  ['a new line', { redirect_uri: `${GOOD.redirect_uri}\r\nset-cookie: a=b` }, NO_URI],
  ['a NUL', { redirect_uri: `${GOOD.redirect_uri}\0` }, NO_URI],
  ['no URI of a loopback client', { client_id: 'terminal', redirect_uri: undefined }, NO_URI],
  ['a client without URIs', { client_id: 'nightly-report', redirect_uri: undefined }, NO_URI],
  ...Object.keys(GOOD).map((name): [string, Changes, string] =>
    [`${name} twice`, { [name]: [GOOD[name as keyof typeof GOOD], 'x'] }, TWICE]),
  ['an unknown parameter twice', { utm: ['a', 'b'] }, TWICE]
]

for (const [name, changes, description] of REFUSED) {
  t.test(`authorize: refuses ${name} as JSON, without a redirect`, async t => {
    const { statusCode, headers, body } = await askAuthorize(app, changes)
    t.equal(statusCode, 400)
    t.same(JSON.parse(body), { error: 'invalid_request', error_description: description })
    t.equal(headers.location, undefined)
    t.equal(headers['content-type'], 'application/json; charset=utf-8')
  })
}

/** A change of a good request, and the error that the client gets by a redirect. */
const RETURNED: [name: string, changes: Changes, error: string, description: string][] = [
  ...['request', 'request_uri', 'registration'].map((name): [string, Changes, string, string] =>
    [`the parameter ${name}`, { [name]: 'x' }, `${name}_not_supported`,
      `The parameter ${name} is not supported.`]),
  ['no response_type', { response_type: undefined }, 'invalid_request',
    'The response_type is missing.'],
  ...['token', 'id_token', 'code id_token', 'code token', 'CODE', 'none']
    .map((type): [string, Changes, string, string] =>
      [`response_type ${type}`, { response_type: type }, 'unsupported_response_type',
        'The response_type must be code.']),
  ...['fragment', 'form_post'].map((mode): [string, Changes, string, string] =>
    [`response_mode ${mode}`, { response_mode: mode }, 'invalid_request',
      'The response_mode must be query.']),
  ...([
    ['no code_challenge', { code_challenge: undefined }],
    ['an empty code_challenge', { code_challenge: '' }],
    ['a short code_challenge', { code_challenge: challenge.slice(1) }],
    ['a long code_challenge', { code_challenge: `${challenge}A` }],
    ['a code_challenge of base64', { code_challenge: `${challenge.slice(1)}+` }],
    ['a code_challenge with a new line', { code_challenge: `${challenge}\n` }],
    ['no code_challenge_method, which is plain', { code_challenge_method: undefined }],
    ['the code_challenge_method plain', { code_challenge_method: 'plain' }],
    ['the code_challenge_method s256', { code_challenge_method: 's256' }]
  ] as const).map(([name, changes]): [string, Changes, string, string] =>
    [name, changes, 'invalid_request', PKCE]),
  ['a client without the grant', robot, 'unauthorized_client',
    'The client may not use the grant authorization_code.'],
  ['a scope of spaces', { scope: '  ' }, 'invalid_scope', SCOPE],
  ['an unknown scope', { scope: 'photos:readx photos' }, 'invalid_scope', SCOPE],
  ['a scope with a tab', { scope: 'photos:read\tphotos:write' }, 'invalid_scope', SCOPE],
  ['a scope that the client may not have', { ...gallery, scope: 'photos:write' },
    'invalid_scope', SCOPE],
  ['an unknown resource', { resource: 'https://evil.example/' }, 'invalid_target', RESOURCE],
  ['two resources', { resource: [AUDIENCE, MORE] }, 'invalid_target', RESOURCE],
  ['one resource twice', { resource: [AUDIENCE, AUDIENCE] }, 'invalid_target', RESOURCE],
  ...['-1', '1.5', '1e3', 'x', ' 1', '0x10', '9'.repeat(16)]
    .map((age): [string, Changes, string, string] =>
      [`max_age ${age}`, { max_age: age }, 'invalid_request', MAX_AGE]),
  ...['none login', 'consent none'].map((prompt): [string, Changes, string, string] =>
    [`prompt ${prompt}`, { prompt }, 'invalid_request', PROMPT]),
  ['prompt none', { prompt: 'none' }, 'login_required', 'The user must log in.'],
  ['control characters that a token cannot carry', { state: '\x01'.repeat(1100) },
    'invalid_request', TOO_LONG]
]

/** Returns the query of the answer that a client gets, in its order. */
const answerWith = (error: string, description: string, state?: string): string =>
  new URLSearchParams({
    error, error_description: description, ...(state !== undefined && { state }), iss: ISSUER
  }).toString()

for (const [name, changes, error, description] of RETURNED) {
  t.test(`authorize: tells the client of ${name}, with state and iss`, async t => {
    const { statusCode, headers, body } = await askAuthorize(app, changes)
    t.equal(statusCode, 303)
    const uri = {
      gallery: 'https://gallery.example/cb?from=login&', robot: 'https://robot.example/cb?'
    }[String(changes.client_id)] ?? `${GOOD.redirect_uri}?`
    const state = (changes.state ?? GOOD.state) as string
    t.equal(headers.location, uri + answerWith(error, description, state))
    t.equal(body, '')
    t.match(description, /^[ !#-[\]-~]+$/, 'RFC 6749 section 4.1.2.1')
  })
}

t.test('authorize: asks for all scopes of the client but openid without a scope', async t => {
  const { app } = await buildAuthorizeApp(t, { oauth: { clients: [...CLIENTS, LOGIN_ONLY] } })
  for (const scope of [undefined, '']) {
    for (const [client, scopes] of [
      [{}, 'photos:read photos:write reports:write'],
      [gallery, 'photos:read']
    ] as const) {
      const { headers } = await askAuthorize(app, { ...client, scope })
      t.equal(authorizationOf(headers.location).scope, scopes)
    }
    const { headers } = await askAuthorize(app, {
      client_id: LOGIN_ONLY.id, redirect_uri: undefined, scope
    })
    t.equal(headers.location, `${LOGIN_ONLY.redirectUris}?` +
      answerWith('invalid_scope', SCOPE, GOOD.state), 'no scope is left without openid')
  }
})

t.test('authorize: answers without state if there was none', async t => {
  for (const state of [undefined, '']) {
    const { headers } = await askAuthorize(app, { state, scope: 'unknown' })
    t.equal(headers.location, `${GOOD.redirect_uri}?${answerWith('invalid_scope', SCOPE)}`)
  }
})

t.test('authorize: returns each state as it was', async t => {
  for (const state of [
    ' ', '+', '%', '%41', 'a=b&iss=https://evil.example', '#', '\r\nlocation: x', '\0', 'é', '😀',
    '�', '"\\', 'x'.repeat(3000)
  ]) {
    const { headers } = await askAuthorize(app, { state, scope: 'unknown' })
    t.match(headers.location, /^[!-~]+$/)
    const answer = new URL(String(headers.location)).searchParams
    t.same(answer.getAll('state'), [state])
    t.same(answer.getAll('iss'), [ISSUER])
    if (state.length > 1000) continue
    t.equal(authorizationOf((await askAuthorize(app, { state })).headers.location).state, state)
  }
})

/** Each has all mistakes of the next one, and one more. The first is checked first. */
const ORDER: [error: string, mistake: Changes][] = [
  ['400', { state: ['a', 'b'] }],
  ['400', { client_id: 'evil-app' }],
  ['400', { redirect_uri: 'https://evil.example/' }],
  ['request_not_supported', { request: 'x' }],
  ['request_uri_not_supported', { request_uri: 'x' }],
  ['registration_not_supported', { registration: 'x' }],
  ['unsupported_response_type', { response_type: 'token' }],
  ['The response_mode must be query.', { response_mode: 'fragment' }],
  [PKCE, { code_challenge: undefined }],
  ['unauthorized_client', robot],
  ['invalid_scope', { scope: 'unknown' }],
  ['invalid_target', { resource: 'https://evil.example/' }],
  [MAX_AGE, { max_age: 'x' }],
  [PROMPT, { prompt: 'none login' }],
  [HINT, { id_token_hint: 'x' }],
  ['login_required', { prompt: 'none' }]
]

t.test('authorize: checks in the order of the specification', async t => {
  for (const [index, [expected]] of ORDER.entries()) {
    const mistakes = ORDER.slice(index).toReversed().map(([, mistake]) => mistake)
    // A redirect URI of the client that may not ask, unless that URI is the mistake.
    const changes: Changes = Object.assign({}, ...mistakes)
    if (index === 2) changes.client_id = 'robot'
    const { statusCode, headers } = await askAuthorize(app, changes)
    const { searchParams } = new URL(String(headers.location ?? 'none:'))
    t.ok(
      [String(statusCode), searchParams.get('error'), searchParams.get('error_description')]
        .includes(expected), `${index}: ${expected}, not ${headers.location ?? statusCode}`)
  }
})
