import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'

const TITLE = 'fastify-simplejwt: the demo server'

/**
 * Builds an OpenAPI document from the schemas of the routes, and serves it at `/docs` and
 * `/docs/json`. Register it before the routes.
 */
export const docs = fp(async app => {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: TITLE,
        version: '0.1.0',
        description:
          'Log in with `POST /api/token/`, give the access token to "Authorize", call `/hello/`.'
      },
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'JWT',
            description: 'An access token.'
          }
        }
      },
      tags: [
        { name: 'token', description: 'Log in, stay logged in, log out.' },
        { name: 'sessions', description: 'The sessions of the user.' },
        { name: 'oauth', description: 'Tokens for apps of others.' },
        { name: 'guarded', description: 'Routes that require an access token.' },
        { name: 'server', description: 'Health checks and metrics.' }
      ]
    },
    transform: ({ schema, url, route }) => ({
      schema: isGuarded(app, route) ? { ...schema, security: [{ bearer: [] }] } : schema,
      url
    })
  })
  // The Content-Security-Policy of Swagger UI forbids its inline style and upgrades its script to
  // https. The policy of all pages works.
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: false,
    uiConfig: { tryItOutEnabled: true },
    theme: { title: TITLE }
  })
})

/** Returns whether a guard is among the hooks of a route. */
function isGuarded (app: FastifyInstance, { onRequest }: RouteOptions): boolean {
  const hooks: unknown[] = [onRequest].flat()
  return hooks.includes(app.authenticate) || hooks.includes(app.authenticateUser)
}
