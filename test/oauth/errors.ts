import t from 'tap'
import {
  SimpleJwtError, badRequest, invalidFields, notFound, parseError, storeUnavailable, throttled
} from '../../plugin/errors.ts'
import {
  asOAuthError, invalidClient, invalidGrant, invalidRequest, oauthError
} from '../../plugin/oauth/errors.ts'

t.test('errors: have the body of RFC 6749 section 5.2', async t => {
  t.match(oauthError('invalid_scope', 'No.'), {
    statusCode: 400,
    code: 'invalid_scope',
    body: { error: 'invalid_scope', error_description: 'No.' },
    headers: {},
    message: 'No.'
  })
  t.match(invalidRequest('No.'), { statusCode: 400, code: 'invalid_request' })
  t.match(invalidGrant('No.'), { statusCode: 400, code: 'invalid_grant' })
})

t.test('errors: invalid_client is a 401 with a challenge', async t => {
  t.match(invalidClient(), {
    statusCode: 401,
    body: { error: 'invalid_client' },
    headers: { 'www-authenticate': 'Basic realm="oauth", charset="UTF-8"' }
  })
})

/** Returns the answer in the form of RFC 6749: its status, error and headers. */
function formOf (error: unknown): unknown {
  const answer = asOAuthError(error)
  if (!(answer instanceof SimpleJwtError)) return answer
  const { statusCode, body, headers } = answer
  return 'error' in body ? [statusCode, body.error, headers] : answer
}

t.test('errors: a limit and a store that is away become temporarily_unavailable', async t => {
  t.same(formOf(throttled(7)), [429, 'temporarily_unavailable', { 'retry-after': '7' }])
  t.same(formOf(storeUnavailable()), [503, 'temporarily_unavailable', { 'retry-after': '1' }])
})

t.test('errors: a malformed body becomes invalid_request', async t => {
  for (const error of [
    badRequest(400, 'Request body was cut short'), parseError('x'), invalidFields({ a: ['b'] }),
    ...['INVALID_MEDIA_TYPE', 'BODY_TOO_LARGE', 'INVALID_CONTENT_LENGTH', 'INVALID_TYPE']
      .map(code => Object.assign(new Error('x'), { code: `FST_ERR_CTP_${code}`, statusCode: 415 }))
  ]) {
    t.same(formOf(error), [400, 'invalid_request', {}], error.message)
  }
})

t.test('errors: returns every other value as it is', async t => {
  for (const value of [
    undefined, null, 'text', 1, {}, { code: 'FST_ERR_CTP_BODY_TOO_LARGE' }, Buffer.from('x'),
    new Error('x'), Object.assign(new Error('x'), { statusCode: 503, code: 'FST_ERR_X' }),
    notFound(), invalidClient(), oauthError('temporarily_unavailable', 'x', 503)
  ]) {
    t.equal(asOAuthError(value), value)
  }
})
