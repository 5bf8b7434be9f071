import { basename, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import serveFiles from '@fastify/static'
import { parse } from '@lukeed/ms'
import type { FastifyInstance } from 'fastify'
import { folder } from './folder.ts'
import type { Settings } from './settings.ts'

/** The browser client of the package, as the build bundles it. */
const CLIENT = fileURLToPath(import.meta.resolve('fastify-simplejwt/client'))

const lessonSchema = {
  summary: 'The settings that the lesson pages need.',
  tags: ['server'],
  response: {
    200: {
      description:
        'The reuse interval in seconds, and whether rotation, cookie, docs and OAuth are on.',
      type: 'object',
      required: ['reuse_interval', 'rotates', 'cookie', 'docs', 'oauth'],
      properties: {
        reuse_interval: { type: 'number' },
        rotates: { type: 'boolean' },
        cookie: { type: 'boolean' },
        docs: { type: 'boolean' },
        oauth: { type: 'boolean' }
      },
      examples: [{ reuse_interval: 10, rotates: true, cookie: false, docs: true, oauth: false }]
    }
  }
}

/**
 * Serves the lessons at `/` and `/oauth.html`, and the client of the package for the first one.
 */
export async function page (
  app: FastifyInstance, { settings }: { settings: Settings }
): Promise<void> {
  const { reuseInterval, rotateRefreshTokens, cookie, docs } = settings
  await app.register(serveFiles, { root: folder('public'), wildcard: false })
  app.get('/client.js', { schema: { hide: true } }, (_request, reply) =>
    reply.sendFile(basename(CLIENT), dirname(CLIENT)))
  app.get('/lesson.json', { schema: lessonSchema }, async () => ({
    reuse_interval: inSeconds(reuseInterval),
    rotates: rotateRefreshTokens,
    cookie,
    docs,
    oauth: app.hasDecorator('oauth')
  }))
}

const inSeconds = (duration: string | number): number =>
  typeof duration === 'number' ? duration : Number(parse(duration)) / 1000
