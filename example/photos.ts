import type { FastifyInstance, onRequestAsyncHookHandler } from 'fastify'
import { refused } from './refused.ts'

interface Photo { title: string, image: string }

const draw = (title: string, sky: string, land: string, sun: string): Photo => ({
  title,
  image: 'data:image/svg+xml,' + encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 120">' +
    `<rect width="160" height="120" fill="${sky}"/><circle cx="112" cy="44" r="16" fill="${sun}"/>` +
    `<path d="M0 96 48 52l36 30 28-20 48 34v24H0z" fill="${land}"/></svg>`
  )
})

const album = [
  draw('Mountains at dawn', '#f6c9a8', '#5b4a6f', '#fff3d6'),
  draw('Mountains at noon', '#a9d4ee', '#4d7a55', '#fff7c2'),
  draw('Mountains at night', '#1d2440', '#0e1222', '#e8e5df')
]

const schema = {
  summary: 'List the photos of the user, for the user and for apps with photos:read.',
  tags: ['guarded'],
  security: [{ bearer: [] }],
  response: {
    200: {
      description: 'The photos. Each image is a data URL.',
      type: 'array',
      items: {
        type: 'object',
        required: ['title', 'image'],
        properties: { title: { type: 'string' }, image: { type: 'string' } }
      },
      examples: [[{ title: 'Mountains at dawn', image: 'data:image/svg+xml,...' }]]
    },
    401: refused('The access token is missing or bad.'),
    403: refused('The app was not granted photos:read.')
  }
}

/**
 * Lets pages of each origin read the answers. No page gets more by it than a program does: the
 * route takes a token from the `Authorization` header only, which a browser never adds itself.
 * Never do this to a route that takes a cookie.
 */
const openToOrigins: onRequestAsyncHookHandler = async (_request, reply) => {
  reply.header('access-control-allow-origin', '*')
  reply.header('access-control-expose-headers', 'www-authenticate')
}

/** A route for the user, and for apps that the user has granted a scope. */
export async function photos (app: FastifyInstance): Promise<void> {
  const onRequest = [openToOrigins, app.requireScope('photos:read')]
  app.get('/photos/', { onRequest, schema }, async () => album)

  app.options('/photos/', { onRequest: openToOrigins, schema: { hide: true } }, (_, reply) =>
    reply.code(204).headers({
      'access-control-allow-methods': 'GET',
      'access-control-allow-headers': 'authorization',
      'access-control-max-age': '600'
    }).send())
}
