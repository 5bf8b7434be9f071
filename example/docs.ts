import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'

const TITLE = 'fastify-simplejwt: the demo server'

/**
 * The routes as an OpenAPI document, made of their own schemas: to try at `/docs`, to read at
 * `/docs/json`. Comes before the routes.
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
        { name: 'sessions', description: 'Where the user is logged in.' },
        { name: 'guarded', description: 'What an access token opens.' },
        { name: 'server', description: 'For those who look after it.' }
      ]
    },
    transform: ({ schema, url, route }) => ({
      schema: isGuarded(app, route) ? { ...schema, security: [{ bearer: [] }] } : schema,
      url
    })
  })
  // Its own Content-Security-Policy would forbid its own inline style, and would have a page
  // without TLS ask for its script by TLS: that of all pages serves.
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: false,
    uiConfig: { tryItOutEnabled: true },
    theme: { title: TITLE }
  })
})

/** A route is guarded if a guard is among its hooks: nobody has to say so a second time. */
function isGuarded (app: FastifyInstance, { onRequest }: RouteOptions): boolean {
  const hooks: unknown[] = [onRequest].flat()
  return hooks.includes(app.authenticate) || hooks.includes(app.authenticateUser)
}
