import { fileURLToPath } from 'node:url'
import serveFiles from '@fastify/static'
import { parse } from '@lukeed/ms'
import type { FastifyInstance } from 'fastify'
import type { Settings } from './settings.ts'

/**
 * The files of the page stand beside this source, from which `dist/` is built elsewhere: they are
 * found by the package they belong to.
 */
const FILES = fileURLToPath(
  new URL('public/', import.meta.resolve('fastify-simplejwt-demo/package.json'))
)

const lessonSchema = {
  summary: 'What the page at / has to know of the settings.',
  tags: ['server'],
  response: {
    200: {
      description: 'Seconds, and whether the refresh token is in a cookie.',
      type: 'object',
      required: ['reuse_interval', 'rotates', 'cookie'],
      properties: {
        reuse_interval: { type: 'number' },
        rotates: { type: 'boolean' },
        cookie: { type: 'boolean' }
      },
      examples: [{ reuse_interval: 10, rotates: true, cookie: false }]
    }
  }
}

/** The page that teaches, at `/`. Its files are sent as they are: nothing is built. */
export async function page (
  app: FastifyInstance, { settings }: { settings: Settings }
): Promise<void> {
  const { reuseInterval, rotateRefreshTokens, cookie } = settings
  await app.register(serveFiles, { root: FILES, wildcard: false })
  app.get('/lesson.json', { schema: lessonSchema }, async () => ({
    reuse_interval: inSeconds(reuseInterval),
    rotates: rotateRefreshTokens,
    cookie
  }))
}

const inSeconds = (duration: string | number): number =>
  typeof duration === 'number' ? duration : Number(parse(duration)) / 1000
