import type { AuthorizationServer } from './authorization-server.ts'

/**
 * Returns the metadata of the server (RFC 8414 section 2, OpenID Connect Discovery section 3). A
 * member without a value is absent: clients refuse a null.
 */
export const metadataOf = (
  { core, options, endpoints }: Pick<AuthorizationServer, 'core' | 'options' | 'endpoints'>
): Record<string, unknown> => ({
  issuer: endpoints.issuer,
  authorization_endpoint: endpoints.authorize,
  token_endpoint: endpoints.token,
  userinfo_endpoint: endpoints.userinfo,
  jwks_uri: endpoints.jwks,
  scopes_supported: [...options.scopes.keys()],
  response_types_supported: ['code'],
  response_modes_supported: ['query'],
  grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
  token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
  revocation_endpoint: endpoints.revoke,
  revocation_endpoint_auth_methods_supported:
    ['client_secret_basic', 'client_secret_post', 'none'],
  introspection_endpoint: endpoints.introspect,
  introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
  code_challenge_methods_supported: ['S256'],
  authorization_response_iss_parameter_supported: true,
  ...(options.allowDocument !== undefined && { client_id_metadata_document_supported: true }),
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: [
    ...new Set(core.keys.publicKeys().map(({ alg }) => alg))
  ],
  claims_supported: ['sub', 'iss', 'aud', 'exp', 'iat', 'auth_time', 'nonce', 'sid'],
  request_parameter_supported: false,
  // Default true (OpenID Connect Discovery section 3).
  request_uri_parameter_supported: false
})
