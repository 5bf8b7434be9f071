import t from 'tap'
import { endpointsOf } from '../../plugin/oauth/endpoints.ts'
import { metadataOf } from '../../plugin/oauth/metadata.ts'
import { resolveOAuthOptions } from '../../plugin/oauth/resolve-options.ts'
import { AUDIENCE, ISSUER, coreOptions } from '../fixtures/oauth/authorize-app.ts'
import { oauthOptions } from '../fixtures/oauth/server.ts'
import { resolved } from '../fixtures/tokens/keys.ts'

const keys = resolved(...coreOptions().keys ?? [])

t.test('metadata: has exactly the members of the specification', async t => {
  const options = resolveOAuthOptions(oauthOptions(),
    { issuer: ISSUER, audience: AUDIENCE, verifyOnly: false, userIdClaim: 'user_id', keys })
  const endpoints = endpointsOf(ISSUER, '', options.prefix)
  const document = JSON.parse(JSON.stringify(metadataOf({ options, endpoints }))) as object
  t.same(document, {
    issuer: 'https://login.example',
    authorization_endpoint: 'https://login.example/oauth/authorize',
    token_endpoint: 'https://login.example/oauth/token',
    jwks_uri: 'https://login.example/.well-known/jwks.json',
    scopes_supported: ['photos:read', 'photos:write', 'reports:write'],
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    request_parameter_supported: false,
    request_uri_parameter_supported: false
  })
  for (const [name, value] of Object.entries(document)) {
    t.ok(value !== null && value !== undefined && String(value) !== '', `${name} is not null`)
  }
})
