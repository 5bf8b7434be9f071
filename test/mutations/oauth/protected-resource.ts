import { caughtByEach } from '../caught-by.ts'
import type { Mutation } from '../list.ts'

const of = caughtByEach({ name: 'oauth', source: 'plugin', tests: 'test' })

/** Checks of the metadata of protected resources, and of the challenges that name it. */
export const oauthProtectedResourceMutations: Mutation[] = [
  ...of('option-checks.ts',
    [
      'the URL of resource metadata breaks no header and names no user',
      "text('resourceMetadata', value, METADATA_URL, METADATA_URL_RULE)",
      "text('resourceMetadata', value, /^https?:/, METADATA_URL_RULE)", 'resolve-options.ts'
    ],
    [
      'the URL of resource metadata is https', "protocol === 'https:' ||", "protocol !== '' ||",
      'resolve-options.ts'
    ]),
  ...of('errors.ts',
    [
      'each challenge names the resource metadata',
      "const end = parameter('resource_metadata', resourceMetadata)", "const end = ''",
      'errors.ts', 'guard/resource-metadata.ts'
    ],
    [
      'no challenge changes without resource metadata',
      "resourceMetadata === undefined ? '' : scope", 'scope', 'errors.ts',
      'guard/resource-metadata.ts'
    ],
    [
      'the 403 lists only its own scopes', "challenge('insufficient_scope', scope)",
      "challenge('insufficient_scope', scope || required)", 'errors.ts'
    ]),
  ...of('guard/scopes.ts',
    [
      'the 401 of a guard lists its scopes', 'unauthorized: parts.unauthorized.withScope(scope)',
      '', 'guard/resource-metadata.ts'
    ]),
  ...of('oauth/protected-resource.ts',
    [
      'only resources at the origin of the issuer have metadata',
      '!== origin ||', "=== '' ||",
      'oauth/protected-resource.ts', 'oauth/routes/protected-resource.ts'
    ],
    [
      'the path of metadata is no pattern', "path.replaceAll(':', '::')", 'path',
      'oauth/protected-resource.ts', 'oauth/routes/protected-resource.ts'
    ],
    [
      'a wildcard in a resource opens no other path', '|| !ROUTABLE.test(pathname)', '',
      'oauth/protected-resource.ts'
    ],
    [
      'a resource with a query or a fragment has no metadata', '/[?#]/.test(resource) || ', '',
      'oauth/protected-resource.ts'
    ],
    [
      'the metadata of a resource names no scope of the login', 'scopes.delete(scope)', '',
      'oauth/protected-resource.ts', 'oauth/routes/protected-resource.ts'
    ]),
  ...of('oauth/routes/protected-resource.ts',
    [
      'no metadata hides that of another resource', 'if (resource === known) return', 'return',
      'oauth/routes/protected-resource.ts'
    ],
    [
      'a resource of two registrations names both issuers', 'known.servers.push(server)', '',
      'oauth/routes/protected-resource.ts'
    ])
]
