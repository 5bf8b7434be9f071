import t from 'tap'
import { metadataOf } from '../../plugin/oauth/metadata.ts'
import { buildServer } from '../fixtures/oauth/authorization-server.ts'
import { inputOf, resolved } from '../fixtures/tokens/keys.ts'

t.test('metadata: has exactly the members of the specification', async t => {
  const { server } = await buildServer(t)
  const document = JSON.parse(JSON.stringify(metadataOf(server))) as object
  t.same(document, {
    issuer: 'https://login.example',
    authorization_endpoint: 'https://login.example/oauth/authorize',
    token_endpoint: 'https://login.example/oauth/token',
    userinfo_endpoint: 'https://login.example/oauth/userinfo',
    jwks_uri: 'https://login.example/.well-known/jwks.json',
    scopes_supported: ['openid', 'photos:read', 'photos:write', 'reports:write'],
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
    revocation_endpoint: 'https://login.example/oauth/revoke',
    revocation_endpoint_auth_methods_supported:
      ['client_secret_basic', 'client_secret_post', 'none'],
    introspection_endpoint: 'https://login.example/oauth/introspect',
    introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
    claims_supported: ['sub', 'iss', 'aud', 'exp', 'iat', 'auth_time', 'nonce', 'sid'],
    request_parameter_supported: false,
    request_uri_parameter_supported: false
  })
  for (const [name, value] of Object.entries(document)) {
    t.ok(value !== null && value !== undefined && String(value) !== '', `${name} is not null`)
  }
})

t.test('metadata: names each algorithm of the published keys once, as they are now', async t => {
  const { server } = await buildServer(t)
  const algorithms = () => metadataOf(server).id_token_signing_alg_values_supported
  server.core.keys.replace(resolved(
    inputOf('RS256', 'one'), inputOf('ES256', 'two'), { ...inputOf('HS256'), kid: 'three' }))
  t.same(algorithms(), ['RS256', 'ES256'])
  server.core.keys.replace(resolved(inputOf('RS256')))
  t.same(algorithms(), ['RS256'])
})
