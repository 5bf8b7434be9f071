import type { RouteOptions } from 'fastify'

/** The name of the security scheme in OpenAPI documents. */
const SCHEME = 'bearer'

/** The part of a document of @fastify/swagger that holds schemes: OpenAPI 3, or Swagger 2. */
type Document =
  | { openapiObject: { components: { securitySchemes?: Record<string, unknown> } } }
  | { swaggerObject: { securityDefinitions?: Record<string, unknown> } }

type Schema = { hide?: boolean, security?: unknown } | undefined

/** True while @fastify/swagger builds a document that has the scheme. It does so in one go. */
let isDeclared = false

/**
 * Documents that a route takes an access token, unless its schema has a `security`. Without the
 * scheme @fastify/swagger would throw, so the member is there only in a document that has it.
 */
export function documentGuard (route: RouteOptions, isOptional: boolean): void {
  const schema = route.schema as Schema
  if (schema?.security !== undefined) return
  const security = isOptional ? [{ [SCHEME]: [] }, {}] : [{ [SCHEME]: [] }]
  route.schema = Object.defineProperty({ ...schema }, 'security', {
    enumerable: true,
    get: () => isDeclared ? security : undefined
  }) as RouteOptions['schema'] & object
}

/** Makes a hidden route declare the scheme in each document of @fastify/swagger. */
export function declareScheme (route: RouteOptions): void {
  if ((route.schema as Schema)?.hide !== true) return
  const swaggerTransform = (given: Document & { schema: unknown, url: unknown }) => {
    declareIn(given)
    return { schema: given.schema, url: given.url }
  }
  route.config = { ...route.config, swaggerTransform } as RouteOptions['config'] & object
}

function declareIn (document: Document): void {
  if ('openapiObject' in document) {
    const { components } = document.openapiObject
    components.securitySchemes = {
      [SCHEME]: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
      ...components.securitySchemes
    }
  } else {
    document.swaggerObject.securityDefinitions = {
      [SCHEME]: { type: 'apiKey', name: 'authorization', in: 'header' },
      ...document.swaggerObject.securityDefinitions
    }
  }
  isDeclared = true
  queueMicrotask(() => { isDeclared = false })
}
